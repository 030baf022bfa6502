"""The BASE side: API v1."""
