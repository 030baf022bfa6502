"""Merchants, shops, robots, credentials and tokens."""
