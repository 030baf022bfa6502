"""Set products (セット商品): which SKUs one set consists of (STK-7)."""

from collections import Counter
from collections.abc import Mapping

from sqlalchemy import Connection

from adapters.postgres.statement import Statement
from adapters.postgres.stock import counts, reservations
from adapters.postgres.stock.counts import ensure_skus, mark_pushes
from domain.errors import BrokenRule

_PART_OF = Statement[str]("""
select s.code from set_components k join skus s on s.id = k.set_sku_id
 where k.component_sku_id = :id order by s.code limit 1
""")
_SETS_AMONG = Statement[str]("""
select c.code from set_components k join skus c on c.id = k.set_sku_id
 where k.set_sku_id = any(:ids) order by c.code limit 1
""")
_NOW = Statement[tuple[int, int]](
    "select component_sku_id, quantity from set_components where set_sku_id = :id"
)
_CLEAR = Statement[None]("delete from set_components where set_sku_id = :id")
_ADD = Statement[None]("""
insert into set_components (set_sku_id, component_sku_id, quantity)
select :id, c.sku_id, c.quantity
  from unnest(cast(:parts as bigint[]), cast(:quantities as int[])) as c(sku_id, quantity)
""")
_BUMP = Statement[None]("update skus set version = version + 1, changed_at = now() where id = :id")
_FIND = Statement[int]("""
select s.id from skus s
 where s.merchant_id = :merchant_id and s.code = :code
   and exists (select 1 from set_components k where k.set_sku_id = s.id)
""")


def set_components(
    connection: Connection, merchant_id: int, code: str, components: Mapping[str, int]
) -> list[str]:
    """Say what a set consists of, in place of what was said before.

    What live instructions claim of the set moves to its new components in the same transaction.

    Returns: SKUs that were unknown and are created, not counted.
    Raises: BrokenRule for a set that contains itself or another set.
    """
    if code in components:
        raise BrokenRule(f"{code}: a set cannot contain itself")
    reservations.hold_sets(connection)
    ids, created = ensure_skus(connection, merchant_id, [code, *components])
    set_id = ids[code]
    parts = {ids[part]: quantity for part, quantity in components.items()}
    before = _parts_of(connection, set_id)
    counts.lock(connection, {set_id, *parts, *before})
    _refuse_nesting(connection, code, set_id, list(parts))
    if before != parts:
        _replace(connection, set_id, before, parts)
    return created


def remove_set(connection: Connection, merchant_id: int, code: str) -> bool:
    """Make a set product an ordinary SKU again; False when it was none."""
    reservations.hold_sets(connection)
    set_id = _FIND.first(connection, merchant_id=merchant_id, code=code)
    if set_id is None:
        return False
    before = _parts_of(connection, set_id)
    counts.lock(connection, {set_id, *before})
    _replace(connection, set_id, before, {})
    return True


def _parts_of(connection: Connection, set_id: int) -> dict[int, int]:
    return dict(_NOW.all(connection, id=set_id))


def _replace(
    connection: Connection, set_id: int, before: Mapping[int, int], after: Mapping[int, int]
) -> None:
    """Write the new components and move what is claimed of the set; {} = an ordinary SKU."""
    _CLEAR.run(connection, id=set_id)
    _ADD.run(connection, id=set_id, parts=list(after), quantities=list(after.values()))
    _BUMP.run(connection, id=set_id)
    mark_pushes(connection, [set_id])
    demand = reservations.demand(connection, set_id)
    moved = Counter({part: count * demand for part, count in (after or {set_id: 1}).items()})
    moved.subtract({part: count * demand for part, count in (before or {set_id: 1}).items()})
    counts.change(connection, secured={part: count for part, count in moved.items() if count})


def _refuse_nesting(connection: Connection, code: str, set_id: int, parts: list[int]) -> None:
    """Sets of sets would make the work of one change unbounded."""
    outer = _PART_OF.first(connection, id=set_id)
    if outer is not None:
        raise BrokenRule(f"{code} is part of the set {outer} and cannot be a set itself")
    inner = _SETS_AMONG.first(connection, ids=parts)
    if inner is not None:
        raise BrokenRule(f"{inner} is a set and cannot be part of the set {code}")
