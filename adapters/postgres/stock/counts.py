"""Stock counts.

Every change bumps the SKU's version and, where free stock moved, marks the mappings it matters to,
in the same transaction, so the work of a sync is proportional to what changed (STK-1).

Rows are locked in one order, SKUs by id and then pushes by mapping id, so that two changes of the
same SKUs wait for each other and never for ever.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from adapters.postgres.statement import Statement
from domain.errors import BrokenRule
from domain.warehouse.shelf import NOT_COUNTED

COUNTED = """
coalesce((select bool_and(c.on_hand is not null)
            from set_components k join skus c on c.id = k.component_sku_id
           where k.set_sku_id = s.id), s.on_hand is not null)
"""
"""Whether SKU `s` is counted; a set is when all its components are (STK-8)."""

_ENSURE = Statement[str]("""
insert into skus (merchant_id, code)
select :merchant_id, code from unnest(cast(:codes as text[])) as c(code)
on conflict (merchant_id, code) do nothing
returning code
""")

_FIND = Statement[tuple[str, int]](
    "select code, id from skus where merchant_id = :merchant_id and code = any(:codes)"
)

# Not `for update`: that waits for every transaction that stored a line of the SKU, and two of those
# would wait for each other.
_LOCK = Statement[tuple[int, str, int | None, int]]("""
select id, code, on_hand, secured from skus where id = any(:ids) order by id for no key update
""")

# What nobody counted stays uncounted whatever leaves or comes back, and no shop is told (STK-8).
_CHANGE = Statement[tuple[int, bool]]("""
update skus s
   set on_hand = s.on_hand + c.on_hand, secured = s.secured + c.secured,
       version = s.version + 1, changed_at = now()
  from unnest(cast(:ids as bigint[]), cast(:on_hand as int[]), cast(:secured as int[]))
       as c(id, on_hand, secured)
 where s.id = c.id and (c.on_hand <> 0 or c.secured <> 0)
returning s.id, s.on_hand is not null and c.on_hand <> c.secured
""")

_SET = Statement[int]("""
update skus s
   set on_hand = c.on_hand, version = s.version + 1, changed_at = now()
  from unnest(cast(:ids as bigint[]), cast(:on_hand as int[])) as c(id, on_hand)
 where s.id = c.id and s.on_hand is distinct from c.on_hand
returning s.id
""")

# A SKU's own mappings, and those of the set products it is part of (STK-7).
_MARK = Statement[None]("""
with touched as (
  select mapping_id from stock_pushes
   where sku_id = any(:ids)
      or sku_id in (select set_sku_id from set_components where component_sku_id = any(:ids))
   order by mapping_id
   for update
)
update stock_pushes p set wanted_version = p.wanted_version + 1
  from touched t where p.mapping_id = t.mapping_id
""")


def ensure_skus(
    connection: Connection, merchant_id: int, codes: Iterable[str]
) -> tuple[dict[str, int], list[str]]:
    """Return ids by code, and the codes that were unknown and are created, not counted."""
    wanted = sorted(set(codes))
    ids = dict(_FIND.all(connection, merchant_id=merchant_id, codes=wanted))
    missing = [code for code in wanted if code not in ids]
    if not missing:
        return ids, []
    new = _ENSURE.all(connection, merchant_id=merchant_id, codes=missing)
    # Once more, since another transaction may have created some of them meanwhile.
    return dict(_FIND.all(connection, merchant_id=merchant_id, codes=wanted)), new


@dataclass(frozen=True, slots=True)
class Counts:
    """What one SKU's row says while it is locked, pieces. `on_hand`: None = not counted."""

    code: str
    on_hand: int | None
    secured: int


def lock(connection: Connection, sku_ids: Iterable[int]) -> dict[int, Counts]:
    """Lock SKUs until the transaction ends and return what they hold, by id."""
    rows = _LOCK.all(connection, ids=sorted(set(sku_ids)))
    return {sku_id: Counts(code, on_hand, secured) for sku_id, code, on_hand, secured in rows}


def change(
    connection: Connection,
    *,
    on_hand: Mapping[int, int] | None = None,
    secured: Mapping[int, int] | None = None,
) -> None:
    """Add to the counts of SKUs, by id; negative numbers take away.

    Raises: psycopg.errors.CheckViolation when secured would become negative.
    """
    hand, kept = on_hand or {}, secured or {}
    ids = sorted({*hand, *kept})
    if not ids:
        return
    _LOCK.run(connection, ids=ids)
    changed = _CHANGE.all(
        connection,
        ids=ids,
        on_hand=[hand.get(sku, 0) for sku in ids],
        secured=[kept.get(sku, 0) for sku in ids],
    )
    # A parcel that leaves takes both down together: no shop has anything to be told (STK-1).
    if freed := [sku for sku, free_changed in changed if free_changed]:
        _MARK.run(connection, ids=freed)


def mark_pushes(connection: Connection, sku_ids: list[int]) -> None:
    """Make the mappings of these SKUs, and of sets that contain them, want a push."""
    if sku_ids:
        _MARK.run(connection, ids=sku_ids)


def set_on_hand(connection: Connection, merchant_id: int, on_hand: Mapping[str, int]) -> None:
    """Set pieces in the warehouse by SKU code; unknown SKUs are created.

    Raises: BrokenRule for a negative number.
    """
    for code, pieces in on_hand.items():
        if pieces < 0:
            raise BrokenRule(f"{code}: on hand cannot be {pieces}")
    ids, _ = ensure_skus(connection, merchant_id, on_hand)
    wanted = {ids[code]: pieces for code, pieces in on_hand.items()}
    _LOCK.run(connection, ids=sorted(wanted))
    changed = _SET.all(connection, ids=list(wanted), on_hand=list(wanted.values()))
    mark_pushes(connection, changed)


_LOCK_ONE = Statement[tuple[int, int | None]]("""
select id, on_hand from skus where merchant_id = :merchant_id and code = :code for no key update
""")


def adjust_on_hand(connection: Connection, merchant_id: int, code: str, delta: int) -> None:
    """Add to or take from one SKU. Raises BrokenRule if unknown, uncounted or below nothing."""
    row = _LOCK_ONE.first(connection, merchant_id=merchant_id, code=code)
    if row is None:
        raise BrokenRule(f"{code}: no such SKU; create it with `renkei stock set`")
    sku_id, on_hand = row
    if on_hand is None:
        raise BrokenRule(f"{code}: {NOT_COUNTED}; say how many there are with `renkei stock set`")
    if delta < 0 and on_hand + delta < 0:
        raise BrokenRule(f"{code}: {on_hand} on hand, cannot take away {-delta}")
    change(connection, on_hand={sku_id: delta})
