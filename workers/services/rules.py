"""Rules that change new shipping instructions before they are stored."""

from sqlalchemy import Connection

from adapters.postgres.orders import rules
from adapters.postgres.orders.rules import StoredRule
from adapters.postgres.views.shops import ShopRef
from domain.errors import BrokenRule
from domain.orders.rules import Rule
from workers.services.actors import Actor


class UnknownRule(BrokenRule):
    """The merchant has no rule of that id."""


def add_rule(
    connection: Connection, actor: Actor, shop: ShopRef, rule: Rule, *, position: int | None
) -> dict[str, object]:
    """Keep a rule of a shop's own. Args: position: 1 = the first; None = the last."""
    rule_id = rules.add_rule(connection, shop.id, rule, position=position)
    added = _stored(connection, actor, rule_id)
    actor.did(connection, "rules.add", _subject(added), **_document(added))
    return _document(added)


def change_rule(
    connection: Connection, actor: Actor, rule_id: int, *, on: bool | None, position: int | None
) -> dict[str, object]:
    """Switch a rule on or off, or let it run at another place; None = as it is.

    Raises: UnknownRule; BrokenRule for another place of a standard rule.
    """
    rule = _stored(connection, actor, rule_id)
    if on is not None:
        rules.switch_rule(connection, rule.id, on=on)
    if position is not None:
        rules.move_rule(connection, rule, position)
    now = _stored(connection, actor, rule_id)
    actor.did(connection, "rules.set", _subject(now), enabled=now.enabled, position=now.position)
    return _document(now)


def remove_rule(connection: Connection, actor: Actor, rule_id: int) -> dict[str, object]:
    """Forget a rule of a shop's own. Raises: UnknownRule; BrokenRule for a standard rule."""
    rule = _stored(connection, actor, rule_id)
    rules.remove_rule(connection, rule)
    actor.did(connection, "rules.remove", _subject(rule), **_document(rule))
    return _document(rule)


def rule_documents(
    connection: Connection, merchant_id: int, *, shop: str | None = None
) -> list[dict[str, object]]:
    """Return the rules of a merchant's shops, or of one of them, in the order they run."""
    return [_document(rule) for rule in rules.list_rules(connection, merchant_id, shop=shop)]


def _document(rule: StoredRule) -> dict[str, object]:
    """Return a rule as JSON, tables and the audit show it."""
    definition = rule.definition or {}
    return {
        "id": rule.id,
        "shop": rule.shop,
        "position": rule.position,
        "standard": rule.standard,
        "name": rule.name,
        "enabled": rule.enabled,
        "if": definition.get("if", []),
        "then": definition.get("then", []),
    }


def _stored(connection: Connection, actor: Actor, rule_id: int) -> StoredRule:
    found = rules.find_rule(connection, actor.merchant_id, rule_id)
    if found is None:
        raise UnknownRule(f"no rule {rule_id}: see `renkei rules list`")
    return found


def _subject(rule: StoredRule) -> str:
    return f"{rule.shop} {rule.id} {rule.name}"
