"""The rules of the shops (変換ロボット, 処理ロボット), kept as JSON in their order."""

import json
from dataclasses import dataclass

from sqlalchemy import Connection

from adapters.postgres.statement import Statement
from domain.carts.cart import Cart
from domain.errors import BrokenRule
from domain.orders.rule_texts import rule_from_json, rule_to_json
from domain.orders.rules import Rule
from domain.orders.shop_rules import STANDARD_JAPANESE, STANDARD_RULES, ShopRules, StandardRule


@dataclass(frozen=True, slots=True)
class StoredRule:
    """One rule as it is kept.

    Attributes:
        shop: key of its shop.
        position: 1, 2, ...; None for a standard rule, which comes before all others.
        standard: which standard rule it is, None for one of the shop's own.
        definition: as domain.orders.rule_texts reads it, without `enabled`; None for a standard
            rule.
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


_SELECT = """
select r.id, s.key as shop, r.shop_id, r.position, r.standard, r.definition, r.enabled
  from rules r join shops s on s.id = r.shop_id
"""
_READ = Statement[StoredRule](f"""{_SELECT}
 where r.shop_id = :shop_id and (r.enabled or r.standard is not null)
 order by r.position nulls first, r.id
""")
_LIST = Statement[StoredRule](f"""{_SELECT}
 where s.merchant_id = :merchant_id and s.removed_at is null
   and (cast(:shop as text) is null or s.key = :shop)
 order by s.key, r.position nulls first, r.id
""")
_ONE = Statement[StoredRule](
    f"{_SELECT} where s.merchant_id = :merchant_id and s.removed_at is null and r.id = :id"
)

_ADD_STANDARD = Statement[None](
    "insert into rules (shop_id, standard) values (:shop_id, :standard)"
)
_ADD = Statement[int]("""
insert into rules (shop_id, position, definition, enabled)
values (:shop_id, (select coalesce(max(position), 0) + 1 from rules where shop_id = :shop_id),
        cast(:definition as jsonb), :enabled)
returning id
""")
_SWITCH = Statement[None]("update rules set enabled = :on, changed_at = now() where id = :id")
_REMOVE = Statement[None]("delete from rules where id = :id")
# Two changes of the same shop's order wait for each other; rules come and go, the shop stays.
_LOCK = Statement[None]("select id from shops where id = :shop_id for no key update")
_ORDER = Statement[int](
    "select id from rules where shop_id = :shop_id and standard is null order by position"
)
_ARRANGE = Statement[None]("""
update rules r set position = n.position, changed_at = now()
  from unnest(cast(:ids as bigint[])) with ordinality as n(id, position)
 where r.id = n.id and r.position <> n.position
""")


def add_standard_rules(connection: Connection, shop_id: int, cart: Cart) -> None:
    """Give a fresh shop the standard rules of its cart, switched on (IMP-11, IMP-14)."""
    for standard in STANDARD_RULES[cart]:
        _ADD_STANDARD.run(connection, shop_id=shop_id, standard=standard)


def read_rules(connection: Connection, shop_id: int) -> ShopRules:
    """Return what a conversion for this shop has to follow.

    Raises: BrokenRule: a stored rule is not understood by this version.
    """
    rules = _READ.all(connection, shop_id=shop_id)
    return ShopRules(
        off=frozenset(rule.standard for rule in rules if rule.standard and not rule.enabled),
        own=tuple(_own(rule) for rule in rules if rule.standard is None),
    )


def list_rules(
    connection: Connection, merchant_id: int, *, shop: str | None = None
) -> list[StoredRule]:
    """Return the rules of a merchant's shops, or of one of them, in the order they run."""
    return _LIST.all(connection, merchant_id=merchant_id, shop=shop)


def find_rule(connection: Connection, merchant_id: int, rule_id: int) -> StoredRule | None:
    """Return one rule; None if the merchant has none of that id."""
    return _ONE.first(connection, merchant_id=merchant_id, id=rule_id)


def add_rule(
    connection: Connection, shop_id: int, rule: Rule, *, position: int | None = None
) -> int:
    """Keep a rule of a shop's own and return its id. Args: position: None = the last one."""
    _LOCK.run(connection, shop_id=shop_id)
    rule_id = _ADD.one(
        connection, shop_id=shop_id, definition=_definition(rule), enabled=rule.enabled
    )
    if position is not None:
        _place(connection, shop_id, rule_id, position)
    return rule_id


def switch_rule(connection: Connection, rule_id: int, *, on: bool) -> None:
    """Switch a rule on or off."""
    _SWITCH.run(connection, id=rule_id, on=on)


def move_rule(connection: Connection, rule: StoredRule, position: int) -> None:
    """Let a rule run as the first (1), the second ... of its shop's own; the others make room.

    Raises: BrokenRule for a standard rule.
    """
    if rule.standard is not None:
        raise BrokenRule(
            f"rule {rule.id} is the standard rule {rule.standard}: it is part of the conversion"
            " and always comes first"
        )
    _LOCK.run(connection, shop_id=rule.shop_id)
    _place(connection, rule.shop_id, rule.id, position)


def remove_rule(connection: Connection, rule: StoredRule) -> None:
    """Forget a rule; those behind it move up. Raises BrokenRule for a standard rule."""
    if rule.standard is not None:
        raise BrokenRule(
            f"rule {rule.id} is the standard rule {rule.standard}: it can only be switched off,"
            f" with `renkei rules set {rule.id} --off`"
        )
    _LOCK.run(connection, shop_id=rule.shop_id)
    _REMOVE.run(connection, id=rule.id)
    _ARRANGE.run(connection, ids=_ORDER.all(connection, shop_id=rule.shop_id))


def _place(connection: Connection, shop_id: int, rule_id: int, position: int) -> None:
    ids = [each for each in _ORDER.all(connection, shop_id=shop_id) if each != rule_id]
    ids.insert(position - 1, rule_id)
    _ARRANGE.run(connection, ids=ids)


def _definition(rule: Rule) -> str:
    """Return the stored form: whether a rule is switched on has a column of its own."""
    kept = {name: value for name, value in rule_to_json(rule).items() if name != "enabled"}
    return json.dumps(kept, ensure_ascii=False)


def _own(stored: StoredRule) -> Rule:
    try:
        return rule_from_json({**(stored.definition or {}), "enabled": stored.enabled})
    except BrokenRule as error:
        raise BrokenRule(f"stored rule {stored.id} is not understood: {error}") from error
