"""Shops whose database was set back: marked until their cart was read (PLC-2)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from adapters.postgres.statement import Statement
from domain.carts.cart import Cart

# Ids of the lost time may be in messages, logs and leases: none of them is given out again.
JUMP = 1_000_000


@dataclass(frozen=True, slots=True)
class MarkedShop:
    """A shop that sends nothing before its cart was read. Attributes: merchant: its key."""

    id: int
    key: str
    cart: Cart
    merchant: str


_MARK = Statement[tuple[int, bool]]("""
update shops set lost_time_at = now() where lost_time_at is null
returning id, removed_at is not null as removed
""")
_MARKED = Statement[MarkedShop]("""
select s.id, s.key, s.cart, m.key as merchant from shops s join merchants m on m.id = s.merchant_id
 where s.lost_time_at is not null and s.removed_at is null order by m.key, s.key
""")
_CAUGHT_UP = Statement[None]("update shops set lost_time_at = null where id = :shop_id")
_RESTORED_TO = Statement[datetime](
    "select restored_to from installation where restored_to is not null"
)
_FORGET_RESTORED = Statement[None]("update installation set restored_to = null")
_NOTE_RESTORED = Statement[None]("update installation set restored_to = :at")
_PARK_STOCK = Statement[None]("update robots set parked = true where action = 'sync_stock'")
_PUSH_ALL = Statement[None]("update stock_pushes set wanted_version = wanted_version + 1")
_JUMP = Statement[int]("""
select setval(format('%I.%I', schemaname, sequencename)::regclass, coalesce(last_value, 0) + :jump)
  from pg_sequences where schemaname = current_schema()
""")


def mark(connection: Connection) -> list[int]:
    """Send nothing of any shop until its cart was read; returns the shops this is new for."""
    return [shop_id for shop_id, removed in _MARK.all(connection) if not removed]


def forget_drill(connection: Connection) -> None:
    """Let the next drill begin anew, also for the time of an earlier one."""
    _FORGET_RESTORED.run(connection)


def restored_to(connection: Connection) -> datetime | None:
    """Return the time the database was last set back to."""
    return _RESTORED_TO.first(connection)


def begin_anew(connection: Connection, at: datetime) -> None:
    """Note that the database is of an earlier time: what it says of the outside world is old.

    Every shop is marked, no stock is pushed before a person has looked at it, and all of it then.
    """
    _NOTE_RESTORED.run(connection, at=at)
    mark(connection)
    _PARK_STOCK.run(connection)
    _PUSH_ALL.run(connection)
    _JUMP.all(connection, jump=JUMP)


def marked_shops(connection: Connection) -> list[MarkedShop]:
    """Return the shops that wait, of all merchants."""
    return _MARKED.all(connection)


def note_caught_up(connection: Connection, shop_id: int) -> None:
    """Let a shop work again: its cart was read to the end."""
    _CAUGHT_UP.run(connection, shop_id=shop_id)
