"""Counts, reservations, set products, mappings, and what each shop was last told."""
