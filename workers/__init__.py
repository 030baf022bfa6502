"""Joins rules and adapters: Celery tasks, the run engine, and the process-wide wiring."""
