"""Stock: what a shop may offer, and when its whole stock is compared."""
