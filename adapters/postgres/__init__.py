"""PostgreSQL holds the truth: every table, every statement, one module per noun."""
