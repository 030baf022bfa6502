"""Invented shops, items and orders, the same for the same seed."""
