"""The rules of the shops (変換ロボット, 処理ロボット), kept as JSON in their order."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, text

from domain.carts.cart import Cart
from domain.errors import BrokenRule
from domain.orders.rule_texts import rule_from_json, rule_to_json
from domain.orders.rules import Rule
from domain.orders.shop_rules import STANDARD_JAPANESE, STANDARD_RULES, ShopRules, StandardRule

_READ = text("""
select id, standard, definition, enabled from rules
 where shop_id = :shop_id and (enabled or standard is not null)
 order by position nulls first, id
""")

_SELECT = """
select r.id, s.key as shop, r.shop_id, r.position, r.standard, r.definition, r.enabled
  from rules r join shops s on s.id = r.shop_id
 where s.merchant_id = :merchant_id and s.removed_at is null
"""
_LIST = text(
    _SELECT
    + " and (cast(:shop as text) is null or s.key = :shop)"
    + " order by s.key, r.position nulls first, r.id"
)
_ONE = text(_SELECT + " and r.id = :id")

_ADD_STANDARD = text("insert into rules (shop_id, standard) values (:shop_id, :standard)")

_ADD = text("""
insert into rules (shop_id, position, definition, enabled)
values (:shop_id, (select coalesce(max(position), 0) + 1 from rules where shop_id = :shop_id),
        cast(:definition as jsonb), :enabled)
returning id
""")

_SWITCH = text("update rules set enabled = :on, changed_at = now() where id = :id")

# Two changes of the same shop's order wait for each other; rules come and go, the shop stays.
_LOCK = text("select id from shops where id = :shop_id for no key update")

_ORDER = text(
    "select id from rules where shop_id = :shop_id and standard is null order by position"
)

_ARRANGE = text("""
update rules r set position = n.position, changed_at = now()
  from unnest(cast(:ids as bigint[])) with ordinality as n(id, position)
 where r.id = n.id and r.position <> n.position
""")


@dataclass(frozen=True, slots=True)
class StoredRule:
    """One rule as it is kept.

    Attributes:
        shop: key of its shop.
        position: 1, 2, ...; None for a standard rule, which comes before all others.
        standard: which standard rule it is, None for one of the shop's own.
        definition: as domain.rule_texts reads it, without `enabled`; None for a standard rule.
    """

    id: int
    shop: str
    shop_id: int
    position: int | None
    standard: StandardRule | None
    definition: dict[str, object] | None
    enabled: bool

    @property
    def name(self) -> str:
        """What people call it."""
        if self.standard is not None:
            return STANDARD_JAPANESE[self.standard]
        return str((self.definition or {}).get("name", ""))


def add_standard_rules(connection: Connection, shop_id: int, cart: Cart) -> None:
    """Give a fresh shop the standard rules of its cart, switched on (IMP-11, IMP-14)."""
    for standard in STANDARD_RULES[cart]:
        connection.execute(_ADD_STANDARD, {"shop_id": shop_id, "standard": standard.value})


def read_rules(connection: Connection, shop_id: int) -> ShopRules:
    """Return what a conversion for this shop has to follow.

    Raises: BrokenRule: a stored rule is not understood by this version.
    """
    rows = connection.execute(_READ, {"shop_id": shop_id}).all()
    return ShopRules(
        off=frozenset(StandardRule(row.standard) for row in rows if _is_off(row)),
        own=tuple(_rule(row) for row in rows if row.standard is None),
    )


def list_rules(
    connection: Connection, merchant_id: int, *, shop: str | None = None
) -> list[StoredRule]:
    """Return the rules of a merchant's shops, or of one of them, in the order they run."""
    rows = connection.execute(_LIST, {"merchant_id": merchant_id, "shop": shop})
    return [_stored(row) for row in rows]


def find_rule(connection: Connection, merchant_id: int, rule_id: int) -> StoredRule | None:
    """Return one rule; None if the merchant has none of that id."""
    row = connection.execute(_ONE, {"merchant_id": merchant_id, "id": rule_id}).one_or_none()
    return None if row is None else _stored(row)


def add_rule(
    connection: Connection, shop_id: int, rule: Rule, *, position: int | None = None
) -> int:
    """Keep a rule of a shop's own and return its id. Args: position: None = the last one."""
    connection.execute(_LOCK, {"shop_id": shop_id})
    rule_id: int = connection.execute(
        _ADD, {"shop_id": shop_id, "definition": _definition(rule), "enabled": rule.enabled}
    ).scalar_one()
    if position is not None:
        _place(connection, shop_id, rule_id, position)
    return rule_id


def switch_rule(connection: Connection, rule_id: int, *, on: bool) -> None:
    """Switch a rule on or off."""
    connection.execute(_SWITCH, {"id": rule_id, "on": on})


def move_rule(connection: Connection, rule: StoredRule, position: int) -> None:
    """Let a rule run as the first (1), the second ... of its shop's own; the others make room.

    Raises: BrokenRule for a standard rule.
    """
    if rule.standard is not None:
        raise BrokenRule(
            f"rule {rule.id} is the standard rule {rule.standard}: it is part of the conversion"
            " and always comes first"
        )
    connection.execute(_LOCK, {"shop_id": rule.shop_id})
    _place(connection, rule.shop_id, rule.id, position)


def remove_rule(connection: Connection, rule: StoredRule) -> None:
    """Forget a rule; those behind it move up. Raises BrokenRule for a standard rule."""
    if rule.standard is not None:
        raise BrokenRule(
            f"rule {rule.id} is the standard rule {rule.standard}: it can only be switched off,"
            f" with `renkei rules set {rule.id} --off`"
        )
    connection.execute(_LOCK, {"shop_id": rule.shop_id})
    connection.execute(text("delete from rules where id = :id"), {"id": rule.id})
    _arrange(connection, _order(connection, rule.shop_id))


def _place(connection: Connection, shop_id: int, rule_id: int, position: int) -> None:
    others = [each for each in _order(connection, shop_id) if each != rule_id]
    others.insert(position - 1, rule_id)
    _arrange(connection, others)


def _order(connection: Connection, shop_id: int) -> list[int]:
    return list(connection.execute(_ORDER, {"shop_id": shop_id}).scalars())


def _arrange(connection: Connection, ids: Sequence[int]) -> None:
    connection.execute(_ARRANGE, {"ids": list(ids)})


def _is_off(row: Row[Any]) -> bool:
    return row.standard is not None and not row.enabled


def _definition(rule: Rule) -> str:
    """Return the stored form: whether a rule is switched on has a column of its own."""
    kept = {name: value for name, value in rule_to_json(rule).items() if name != "enabled"}
    return json.dumps(kept, ensure_ascii=False)


def _rule(row: Row[Any]) -> Rule:
    try:
        return rule_from_json({**row.definition, "enabled": row.enabled})
    except BrokenRule as error:
        raise BrokenRule(f"stored rule {row.id} is not understood: {error}") from error


def _stored(row: Row[Any]) -> StoredRule:
    return StoredRule(
        id=row.id,
        shop=row.shop,
        shop_id=row.shop_id,
        position=row.position,
        standard=None if row.standard is None else StandardRule(row.standard),
        definition=row.definition,
        enabled=row.enabled,
    )
