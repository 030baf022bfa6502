"""The shop platforms: which there are, what they allow, and what the rest needs from them."""
