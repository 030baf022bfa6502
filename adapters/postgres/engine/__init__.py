"""Runs, items, lanes, dead letters, effects and closures: one statement a move."""
