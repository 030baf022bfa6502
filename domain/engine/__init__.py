"""Runs, items, retries, effects, budgets, maintenance windows: rules of any linkage. Knows no action."""
