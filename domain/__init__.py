"""The rules of order and stock linkage. Standard library only; no I/O, no clock, no randomness."""
