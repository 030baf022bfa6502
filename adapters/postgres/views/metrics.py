"""Figures for monitoring, over all merchants: counts and ages only, nobody's data."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from adapters.postgres.engine.runs import UNFINISHED_RUNS
from adapters.postgres.orders.statuses import UNRETURNED
from adapters.postgres.statement import Statement
from adapters.postgres.views.checkup import LATE

# Each statement reads what is open or one row per robot, never the history; its last column is the
# figure, those before it are the labels.
_FIGURES: Mapping[str, Statement[tuple[Any, ...]]] = {
    name: Statement[tuple[Any, ...]](sql)
    for name, sql in {
        "runs_unfinished": f"""
select action, state, count(*) from runs
 where state in {UNFINISHED_RUNS} group by action, state
""",
        "robots_last_run": f"""
select b.action, r.state, count(*)
  from robots b join shops s on s.id = b.shop_id and s.removed_at is null
  cross join lateral (
    select state from runs r
     where r.shop_id = b.shop_id and r.action = b.action
       and r.state not in {UNFINISHED_RUNS}
     order by r.id desc limit 1) r
 group by b.action, r.state
""",
        "robots_due_lag_seconds": """
select b.action, greatest(0, extract(epoch from max(now() - b.next_due_at)))
  from robots b join shops s on s.id = b.shop_id
 where b.enabled and not b.parked and not s.parked and s.removed_at is null
 group by b.action
""",
        "shipments_unreturned": f"""
select s.cart, count(i.id)
  from shops s left join instructions i on i.shop_id = s.id and {UNRETURNED}
 where s.removed_at is null group by s.cart
""",
        "shipments_unreturned_late": f"""
select s.cart, count(i.id)
  from shops s left join instructions i on i.shop_id = s.id and {UNRETURNED} and {LATE}
 where s.removed_at is null group by s.cart
""",
        "dead_letters_open": """
select action, count(*) from dead_letters where state = 'open' group by action
""",
        "clock_ahead_seconds": """
select name, clock_ahead_s from processes where beat_at > now() - interval '1 minute'
""",
        "cart_clock_ahead_seconds": """
select address, ahead_s from cart_clocks where measured_at > now() - interval '1 day'
""",
        "cart_calls_this_hour": """
select s.cart, coalesce(sum(c.calls), 0)
  from shops s left join call_counts c
    on c.shop_id = s.id and c.hour = date_trunc('hour', now())
 group by s.cart
""",
    }.items()
}
_ITEMS = Statement[tuple[str, str, int, float]]("""
select action, state, count(*),
       coalesce(extract(epoch from max(now() - due_at)
                filter (where state = 'due' and due_at <= now())), 0)
  from run_items where finished_at is null group by action, state
""")
_SHOPS = Statement[dict[str, Any]]("""
select cart, count(*) as shops, count(*) filter (where parked) as shops_parked,
       count(*) filter (where auth_failed_at is not null) as shops_locked_out,
       count(p.id) as shops_unserved,
       extract(epoch from min(case when auth_failed_at is null then p.until else l.probe_at end)
               - now()) as next_probe_seconds,
       count(*) filter (where lost_time_at is not null) as shops_lost_time,
       extract(epoch from min(refresh_expires_at) - now()) as refresh_token_seconds_left
  from shops s
  left join lock_outs l on l.shop_id = s.id
  left join shop_pauses p on p.shop_id = s.id and p.ended_at is null
 where removed_at is null group by cart
""")


@dataclass(frozen=True, slots=True)
class Sample:
    """One number with its labels. `name`: of the metric, without the system's prefix."""

    name: str
    labels: tuple[str, ...]
    value: float


def samples(connection: Connection) -> Iterator[Sample]:
    """Return all figures PostgreSQL knows."""
    for name, statement in _FIGURES.items():
        for *labels, figure in statement.all(connection):
            yield Sample(name, tuple(labels), float(figure))
    lags: dict[str, float] = {}
    for action, state, count, lag in _ITEMS.all(connection):
        yield Sample("items_open", (action, state), count)
        lags[action] = max(lags.get(action, 0.0), float(lag))
    for action, lag in lags.items():
        yield Sample("items_due_lag_seconds", (action,), lag)
    for row in _SHOPS.all(connection):
        cart = row.pop("cart")
        for name, figure in row.items():
            if figure is not None:
                yield Sample(name, (cart,), float(figure))
