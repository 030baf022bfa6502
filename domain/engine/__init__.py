"""Runs, items, retries, effects, budgets, maintenance windows: of any action."""
