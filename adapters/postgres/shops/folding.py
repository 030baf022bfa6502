"""A new shop turns out to be a removed one: what was said of it goes over to that one (SHP-1).

BASE tells whose tokens these are only when it is called. Nothing was imported by then, so the new
row holds little: its name and secrets, what people set since, the run that asked. All of it moves
to the old row, which has the orders; the new row goes.
"""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection

from adapters.postgres.shops.revivals import begin_again
from adapters.postgres.shops.shops import fresh_settings
from adapters.postgres.statement import Statement
from domain.carts.cart import Cart

# Of each setting: what a fresh shop has there. Another value was set by a person and is kept.
SETTINGS: Mapping[str, str] = {
    "calls_per_second": ":calls_per_second",
    "in_flight": ":in_flight",
    "default_method": ":default_method",
    "overlap_s": "600",
    "split_by": "'company'",
    "import_partly_cancelled": "false",
    "ship_dates": "'open'",
}
# Taken from the new row as they are.
GIVEN = (
    "key",
    "name",
    "api_url",
    "auth_url",
    "credentials",
    "tokens",
    "access_expires_at",
    "refresh_expires_at",
)
# Neither a setting nor given: the old row's own, or of the moment.
KEPT = (
    "id",
    "merchant_id",
    "cart",
    "account",
    "account_place",
    "created_at",
    "parked",
    "removed_at",
    "lost_time_at",
    "auth_failed_at",
    "refresh_holder",
    "refresh_until",
    "refresh_warned_at",
)

_LOCK = Statement[bool]("""
select coalesce(bool_or(refresh_until > now()), false) from (
  select refresh_until from shops where id = any(:ids) order by id for update) both_rows
""")
# Its key is free for the old row.
_STEP_ASIDE = Statement[None]("update shops set removed_at = now() where id = :new")
_TAKE_OVER = Statement[None](f"""
update shops o
   set {", ".join(f"{name} = n.{name}" for name in GIVEN)},
       {
    ", ".join(
        f"{name} = case when n.{name} is distinct from {fresh} then n.{name} else o.{name} end"
        for name, fresh in SETTINGS.items()
    )
},
       parked = o.parked or n.parked, lost_time_at = coalesce(o.lost_time_at, n.lost_time_at),
       removed_at = null, auth_failed_at = null,
       refresh_holder = null, refresh_until = null, refresh_warned_at = null
  from shops n
 where o.id = :old and n.id = :new
""")

# What stops stays stopped; a cadence counts where a person gave it since the shop was added.
_ROBOTS = Statement[None]("""
update robots o
   set enabled = o.enabled and n.enabled, parked = o.parked or n.parked,
       every_s = case when given.anew then n.every_s else o.every_s end,
       at = case when given.anew then n.at else o.at end,
       anchor_at = case when given.anew then n.anchor_at else o.anchor_at end,
       next_due_at = case when given.anew then n.next_due_at else o.next_due_at end
  from robots n
  join shops s on s.id = n.shop_id
 cross join lateral (select n.anchor_at > s.created_at as anew) given
 where o.shop_id = :old and n.shop_id = :new and o.action = n.action
""")
_STANDARD_RULES = Statement[None]("""
update rules o set enabled = o.enabled and n.enabled, changed_at = now()
  from rules n
 where o.shop_id = :old and n.shop_id = :new and o.standard = n.standard
""")
_OWN_RULES = Statement[None]("""
update rules
   set shop_id = :old, position = position + (
         select coalesce(max(position), 0) from rules where shop_id = :old)
 where shop_id = :new and standard is null
""")
_CARRIERS = Statement[None]("""
insert into carriers (shop_id, method, carrier, checked)
select :old, method, carrier, checked from carriers where shop_id = :new
on conflict (shop_id, method) do update
   set carrier = excluded.carrier, checked = excluded.checked
""")
_PAYMENT_CLASSES = Statement[None]("""
insert into payment_classes (shop_id, method, plain, means)
select :old, method, plain, means from payment_classes where shop_id = :new
on conflict (shop_id, plain) do update set method = excluded.method, means = excluded.means
""")

# Of an item both rows know, the link that was made last counts; one that is only listed is none.
_SAME_ITEM = "o.item = n.item and o.variation = n.variation"
_FORGET_OLD_LINKS = Statement[None](f"""
delete from external_items o using external_items n join mappings m on m.external_item_id = n.id
 where o.shop_id = :old and n.shop_id = :new and {_SAME_ITEM}
""")
_FORGET_LISTED = Statement[None](f"""
delete from external_items n using external_items o
 where o.shop_id = :old and n.shop_id = :new and {_SAME_ITEM}
""")

_CALLS = Statement[None]("""
insert into call_counts (shop_id, hour, calls)
select :old, hour, calls from call_counts where shop_id = :new
on conflict (shop_id, hour) do update set calls = call_counts.calls + excluded.calls
""")
# Slots are the new robots' own and may be an old one's too: the run stays, its slot is past.
_RUNS = Statement[None]("update runs set shop_id = :old, slot = null where shop_id = :new")
MOVED: Mapping[str, str] = {
    "run_items": "shop_id",
    "external_items": "shop_id",
    "mappings": "shop_id",
    "stock_pushes": "shop_id",
    "api_log": "shop_id",
    "dead_letters": "shop_id",
    "closures": "detected_by",
}
# What has a statement of its own above; the rest of it goes with the new row.
JOINED = (
    "robots",
    "rules",
    "carriers",
    "payment_classes",
    "call_counts",
    "runs",
    "lanes",
    "lane_blocks",
    "shop_pauses",
    "lock_outs",
)
# What a shop has of its cart's orders only, so that a new one has none of it.
NEVER_BEFORE_PROVEN = ("import_tasks", "instructions", "effects", "cursors")
_MOVE = tuple(
    Statement[None](f"update {table} set {column} = :old where {column} = :new")
    for table, column in MOVED.items()
)
_LANE = Statement[None]("""
with blocks as (delete from lane_blocks where shop_id = :new)
delete from lanes where shop_id = :new
""")
# A shop that imported something is never one that was not proven: its orders are not to go.
_GO = Statement[None]("""
delete from shops s
 where s.id = :new and not exists (select from import_tasks t where t.shop_id = s.id)
   and not exists (select from instructions i where i.shop_id = s.id)
   and not exists (select from effects e where e.shop_id = s.id)
""")


_JOINING = (
    _STANDARD_RULES,
    _OWN_RULES,
    _CARRIERS,
    _PAYMENT_CLASSES,
    _FORGET_OLD_LINKS,
    _FORGET_LISTED,
    _CALLS,
)


def refreshing(connection: Connection, *, new: int, old: int) -> bool:
    """Lock both rows; True while a worker refreshes the tokens of one and would lose them."""
    return _LOCK.one(connection, ids=[new, old])


def fold(connection: Connection, *, new: int, old: int, cart: Cart, now: datetime) -> None:
    """Make a new shop the removed one it is: both rows are locked, and the new one goes."""
    pair = {"new": new, "old": old}
    _STEP_ASIDE.run(connection, **pair)
    begin_again(connection, old, now)
    _TAKE_OVER.run(connection, **pair, **fresh_settings(cart))
    for part in _JOINING:
        part.run(connection, **pair)
    _ROBOTS.run(connection, **pair)
    for part in (_RUNS, *_MOVE, _LANE):
        part.run(connection, **pair)
    if not _GO.run(connection, **pair):
        raise AssertionError(f"shop {new} has orders and was never proven")
