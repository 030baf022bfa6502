"""The JSON API, one module per noun (interfaces.md)."""
