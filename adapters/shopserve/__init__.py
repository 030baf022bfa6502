"""ShopServe (ショップサーブ): management API v2."""
