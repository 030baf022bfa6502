"""Closures that hold now or soon."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from domain.errors import ApiFamily
from domain.orders import Cart

# A closure found out by its answer is believed this long, then one call probes (half-open).
PROBE_AFTER_S = 60


@dataclass(frozen=True, slots=True)
class LiveClosure:
    """One closure. `end` is None while nobody knows it; `probe_at` is when to look again."""

    id: int
    cart: Cart
    api: str
    start: datetime
    end: datetime | None
    probe_at: datetime | None

    def covers(self, cart: Cart, api: ApiFamily, now: datetime) -> bool:
        """Tell whether calls of this family are forbidden now."""
        if self.cart is not cart or self.api not in {"all", api.value} or now < self.start:
            return False
        if self.end is not None:
            return now < self.end
        return self.probe_at is None or now < self.probe_at


_LIVE = text("""
select id, cart, api, starts_at, ends_at, probe_at from closures
 where ended_at is null and starts_at < now() + interval '1 hour'
   and (ends_at is null or ends_at > now())
""")


def live_closures(connection: Connection) -> list[LiveClosure]:
    """Return the closures that hold now or begin within the hour."""
    return [
        LiveClosure(row.id, Cart(row.cart), row.api, row.starts_at, row.ends_at, row.probe_at)
        for row in connection.execute(_LIVE)
    ]


_NOTE = text("""
with known as (
  update closures set probe_at = now() + make_interval(secs => :probe_s)
   where cart = :cart and api in (:api, 'all') and ended_at is null and source = 'detected'
  returning id
)
insert into closures (cart, api, starts_at, source, probe_at)
select :cart, :api, now(), 'detected', now() + make_interval(secs => :probe_s)
 where not exists (select 1 from known)
""")


def note_detected(connection: Connection, cart: Cart, api: ApiFamily) -> None:
    """Record a closure found out by an answer, or that it still holds."""
    connection.execute(_NOTE, {"cart": cart.value, "api": api.value, "probe_s": PROBE_AFTER_S})
