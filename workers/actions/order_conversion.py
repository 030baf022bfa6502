"""One order that was read -> its instructions, stored; by imports and by `db restored`."""

from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import Connection

from adapters.postgres.engine.api_log import LogLine
from adapters.postgres.orders import import_tasks, lost_time
from adapters.postgres.orders.import_tasks import ImportTask
from adapters.postgres.orders.instructions import store
from adapters.postgres.orders.rules import read_rules
from adapters.postgres.orders.shop_tables import shop_tables
from adapters.postgres.shops.shops import Shop
from domain.orders.cart_order import CartOrder
from domain.orders.eligibility import Skip, judge_whole
from domain.orders.lost_time import as_if_new, on_hold
from domain.orders.shop_rules import Processed


@dataclass(frozen=True, slots=True)
class ConvertedOrder:
    """What an order becomes. Attributes: order: as the cart tells it."""

    task: ImportTask
    order: CartOrder
    made: Processed


def convert(
    connection: Connection, shop: Shop, task: ImportTask, order: CartOrder
) -> ConvertedOrder | Skip:
    """Return what an order becomes by the shop's tables and rules, or why it is left out.

    Raises: Undecodable, BrokenRule: this order cannot be converted.
    """
    asked = as_if_new(order) if task.lost_time else order
    tables = shop_tables(connection, shop.id, asked)
    # Of a lost time: its lines may have been cancelled after it was taken over (STS-6).
    partly = tables.import_partly_cancelled or task.lost_time
    verdict = judge_whole(asked, import_partly_cancelled=partly)
    if isinstance(verdict, Skip):
        return verdict
    known = replace(
        tables, splitting=tables.splitting.keeping(task.split), split_lost=task.lost_time
    )
    made = read_rules(connection, shop.id).process(asked, known)
    if task.lost_time:
        made = replace(made, conversion=on_hold(made.conversion, order))
    return ConvertedOrder(task, order, made)


def record(
    connection: Connection, shop: Shop, converted: ConvertedOrder, today: date
) -> list[LogLine]:
    """Store what an order became, and return the lines about it for the API log.

    Args: today: in Tokyo.
    """
    task, order, made = converted.task, converted.order, converted.made
    numbers, created = store(connection, shop, made.conversion.instructions)
    import_tasks.note_converted(connection, task.id, order.charges.total_yen, made.conversion.split)
    if task.lost_time:
        lost_time.catch_up(connection, shop.id, order, today)
    warnings = [f"{order.number}: {warning}" for warning in made.conversion.warnings]
    changes = [
        change
        for one, its in zip(made.conversion.instructions, made.changes, strict=True)
        for change in its
        if one.number in numbers
    ]
    unknown = [f"{order.number}: 品番 {sku} was unknown, created 未カウント" for sku in created]
    return [
        *(LogLine(warning, "warning", True) for warning in warnings),
        *(LogLine(note) for note in made.conversion.notes),
        *(LogLine(change) for change in changes),
        *(LogLine(line, "warning", True) for line in unknown),
    ]
