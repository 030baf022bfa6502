"""Statuses that belong together, written out: PostgreSQL finds its partial indexes by constants."""

from adapters.postgres.statement import words
from domain.orders.instructions import Status, is_open, secures_stock

OPEN = words(status for status in Status if is_open(status))
SECURING = words(status for status in Status if secures_stock(status))
UNRETURNED = "i.status = 'shipped' and i.api_status <> 'tracking_returned'"
"""Of an instruction i: it was shipped, and the cart does not know (RET-1)."""
