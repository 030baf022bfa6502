"""Who may call the JSON API, what was answered to repeated requests, who changed what."""
