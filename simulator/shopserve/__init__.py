"""The ShopServe side: management API v2."""
