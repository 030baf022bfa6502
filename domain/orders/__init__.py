"""Orders: which are imported, what they become, what the cart changes later."""
