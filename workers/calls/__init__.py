"""Calls to carts: the leave for each, effects that happen at most once, maintenance, tokens."""
