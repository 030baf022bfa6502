"""Calls per shop and hour."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from adapters.postgres.statement import Statement

_ADD = Statement[None]("""
insert into call_counts (shop_id, hour, calls)
select c.shop_id, date_trunc('hour', now()), c.calls
  from unnest(cast(:shops as bigint[]), cast(:calls as int[])) as c(shop_id, calls)
  join shops s on s.id = c.shop_id
 order by c.shop_id
on conflict (shop_id, hour) do update set calls = call_counts.calls + excluded.calls
""")


def add(connection: Connection, calls: Mapping[int, int]) -> None:
    """Add calls made just now, by shop id; a shop that was removed meanwhile is left out."""
    _ADD.run(connection, shops=list(calls), calls=list(calls.values()))


@dataclass(frozen=True, slots=True)
class CallsMade:
    """Calls of the hour and of the day in Tokyo."""

    hour: int
    day: int


# Tokyo's hours begin when UTC's do; its day begins at 15:00 UTC.
_OF_SHOP = Statement[CallsMade]("""
select coalesce(sum(calls) filter (where hour = date_trunc('hour', now())), 0) as hour,
       coalesce(sum(calls), 0) as day
  from call_counts
 where shop_id = :shop_id
   and hour >= date_trunc('day', now() at time zone 'Asia/Tokyo') at time zone 'Asia/Tokyo'
""")


def of_shop(connection: Connection, shop_id: int) -> CallsMade:
    """Return the calls of now."""
    return _OF_SHOP.one(connection, shop_id=shop_id)
