"""A dry run of rules on orders a shop sent before: what would change, and nothing written."""

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from adapters.postgres.database import forbid_writes
from adapters.postgres.orders.rules import read_rules
from adapters.postgres.orders.shop_tables import shop_tables
from adapters.postgres.shops.secrets import SecretBox
from adapters.postgres.shops.shops import Shop, load_shop
from adapters.postgres.views.shops import ShopRef
from adapters.postgres.views.tasks import RawTask, latest_raw
from domain.errors import BrokenRule, Undecodable
from domain.orders.eligibility import Skip, judge_whole
from domain.orders.rules import Rule
from domain.orders.shop_rules import Processed, ShopRules, differences, without_rules
from workers.calls.work import decode


@dataclass(frozen=True, slots=True)
class _Way:
    """Two sets of rules, and who asks what the second one changes."""

    shop: Shop
    before: ShopRules
    after: ShopRules


def try_rules(
    connection: Connection, ref: ShopRef, box: SecretBox, added: Rule | None, *, limit: int
) -> dict[str, Any]:
    """Return what rules would do to the shop's latest orders, if they came now.

    Args:
        added: what this rule would change, as the last one of the shop's own; None = what all
            stored rules change, compared with a shop that has none.
        limit: orders looked at, newest first.

    Raises: UnreadableSecret.
    """
    forbid_writes(connection)
    shop = load_shop(connection, ref.id, box)
    if shop is None:
        raise LookupError(f"no shop of id {ref.id}")
    stored = read_rules(connection, shop.id)
    if added is None:
        way = _Way(shop, without_rules(shop.cart), stored)
    else:
        tried = replace(added, enabled=True)
        way = _Way(shop, stored, replace(stored, own=(*stored.own, tried)))
    tasks = latest_raw(connection, shop.id, limit=limit)
    instructions: list[dict[str, object]] = []
    left_out: list[dict[str, object]] = []
    for task in tasks:
        try:
            instructions += _rows(connection, way, task)
        except (BrokenRule, Undecodable, _Skipped) as error:
            left_out.append({"task": task.id, "key": task.key, "reason": str(error)})
    return {
        "shop": shop.key,
        "orders": len(tasks),
        "changed": sum(1 for row in instructions if row["changes"]),
        "instructions": instructions,
        "left_out": left_out,
    }


class _Skipped(Exception):
    """The order would not be imported at all."""


def _rows(connection: Connection, way: _Way, task: RawTask) -> list[dict[str, object]]:
    order = decode(way.shop.cart, task.raw)
    tables = shop_tables(connection, way.shop.id, order)
    verdict = judge_whole(order, import_partly_cancelled=tables.import_partly_cancelled)
    if isinstance(verdict, Skip):
        raise _Skipped(verdict.reason)
    before, after = way.before.process(order, tables), way.after.process(order, tables)
    return _compared(task, before, after)


def _compared(task: RawTask, before: Processed, after: Processed) -> list[dict[str, object]]:
    """Return one row per instruction; rules change neither how many there are nor their order."""
    parts = zip(
        before.conversion.instructions, after.conversion.instructions, after.changes, strict=True
    )
    return [
        {
            "task": task.id,
            "key": task.key,
            "number": new.number,
            "part": new.part,
            "rules": [line.partition(": rule ")[2] for line in lines],
            "changes": [
                {"field": each.field, "before": each.before, "after": each.after}
                for each in differences(old, new)
            ],
        }
        for old, new, lines in parts
    ]
