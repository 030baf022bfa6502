"""Orders: which are imported, how they become shipping instructions, what the cart changes later."""
