"""What a program that calls the JSON API may do."""

from enum import StrEnum


class Scope(StrEnum):
    """One permission; a client has those it was given, each by itself."""

    ORDERS_READ = "orders:read"
    ORDERS_WRITE = "orders:write"
    STOCK_READ = "stock:read"
    STOCK_WRITE = "stock:write"
    RUNS_READ = "runs:read"
    DEAD_READ = "dead:read"
    DEAD_WRITE = "dead:write"
    METRICS_READ = "metrics:read"
