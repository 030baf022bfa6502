"""Plans runs, works on items, ends both. Knows no action, no cart, nothing of orders or stock."""
