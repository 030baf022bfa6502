"""BASE (api.thebase.in): developer API 1."""
