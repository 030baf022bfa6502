"""The way out: one HTTP client per process, whose calls end in time and fail in known ways."""
