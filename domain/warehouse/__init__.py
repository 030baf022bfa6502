"""What the warehouse does with shipping instructions, and what that does to stock."""
