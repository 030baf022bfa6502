"""Shipments: which are told to the cart, in which steps, and what must not happen twice."""
