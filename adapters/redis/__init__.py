"""Redis: call budgets, and a marker that tells when it was emptied. Nothing here is the truth."""
