"""The console on the web: the JSON API for the warehouse, health and metrics."""
