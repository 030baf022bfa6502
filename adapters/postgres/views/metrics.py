"""Figures for monitoring, over all merchants: counts and ages only, nobody's data."""

from dataclasses import dataclass

from sqlalchemy import Connection, text

# Each statement reads what is open or one row per robot, never the history.
_RUNS = text("""
select action, state, count(*) as counted from runs
 where state in ('pending', 'planning', 'open') group by action, state
""")
_LAST_RUNS = text("""
select b.action, r.state, count(*) as counted
  from robots b join shops s on s.id = b.shop_id and s.removed_at is null
  cross join lateral (
    select state from runs r
     where r.shop_id = b.shop_id and r.action = b.action
       and r.state not in ('pending', 'planning', 'open')
     order by r.id desc limit 1) r
 group by b.action, r.state
""")
_ITEMS = text("""
select action, state, count(*) as counted,
       coalesce(extract(epoch from max(now() - due_at)
                filter (where state = 'due' and due_at <= now())), 0) as lag
  from run_items where finished_at is null group by action, state
""")
_ROBOTS = text("""
select b.action, greatest(0, extract(epoch from max(now() - b.next_due_at))) as lag
  from robots b join shops s on s.id = b.shop_id
 where b.enabled and not b.parked and not s.parked and s.removed_at is null
 group by b.action
""")
_DEAD = text("select action, count(*) as counted from dead_letters where state = 'open' group by 1")
_CALLS = text("""
select s.cart, coalesce(sum(c.calls), 0) as counted
  from shops s left join call_counts c
    on c.shop_id = s.id and c.hour = date_trunc('hour', now())
 group by s.cart
""")
_SHOPS = text("""
select cart, count(*) as live, count(*) filter (where parked) as parked,
       count(*) filter (where auth_failed_at is not null) as locked_out,
       extract(epoch from min(refresh_expires_at) - now()) as refresh_left
  from shops where removed_at is null group by cart
""")


@dataclass(frozen=True, slots=True)
class Figure:
    """One number with its labels.

    Attributes:
        name: of the metric, without the system's prefix.
    """

    name: str
    labels: tuple[str, ...]
    value: float


def figures(connection: Connection) -> list[Figure]:
    """Return all figures PostgreSQL knows."""
    found = [
        Figure("runs_unfinished", (row.action, row.state), row.counted)
        for row in connection.execute(_RUNS)
    ]
    found += [
        Figure("robots_last_run", (row.action, row.state), row.counted)
        for row in connection.execute(_LAST_RUNS)
    ]
    lags: dict[str, float] = {}
    for row in connection.execute(_ITEMS):
        found.append(Figure("items_open", (row.action, row.state), row.counted))
        lags[row.action] = max(lags.get(row.action, 0.0), float(row.lag))
    found += [Figure("items_due_lag_seconds", (action,), lag) for action, lag in lags.items()]
    found += [
        Figure("robots_due_lag_seconds", (row.action,), float(row.lag))
        for row in connection.execute(_ROBOTS)
    ]
    found += [
        Figure("dead_letters_open", (row.action,), row.counted) for row in connection.execute(_DEAD)
    ]
    found += [
        Figure("cart_calls_this_hour", (row.cart,), row.counted)
        for row in connection.execute(_CALLS)
    ]
    for row in connection.execute(_SHOPS):
        found.append(Figure("shops", (row.cart,), row.live))
        found.append(Figure("shops_parked", (row.cart,), row.parked))
        found.append(Figure("shops_locked_out", (row.cart,), row.locked_out))
        if row.refresh_left is not None:
            left = float(row.refresh_left)
            found.append(Figure("refresh_token_seconds_left", (row.cart,), left))
    return found
