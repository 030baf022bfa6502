"""`renkei orders`: shipping instructions (出荷指示)."""

import click

from adapters.postgres.views.orders import find_order, list_orders
from console.commands.order_files import FILE_COMMANDS
from console.commands.order_moves import MOVE_COMMANDS
from console.output import columns, print_json, print_lines, print_table, shown
from console.session import Session, add_list, leaf
from console.words import ONLY_SHOP, known_shop
from domain.orders.instructions import JAPANESE, Status
from domain.warehouse.targets import Target

COLUMNS = columns(
    "number=注文番号, shop, part, status, hold_reasons=hold, allocated=引当, payment, "
    "api_status=API, ordered_at, delivery_method=method, wished_date=wished day, "
    "wished_time=wished time, remarks, total_yen=yen, tracking_number=tracking, "
    "shipped_on=shipped",
    status=lambda row: JAPANESE[Status(str(row["status"]))],
)
STATUS = click.option(
    "--status", type=click.Choice([word.value for word in Status]), help="Only in this status."
)
UNRETURNED = click.option(
    "--unreturned", is_flag=True, help="Only what was shipped and the cart does not know of."
)
LINE_COLUMNS = columns(
    "sku=SKU, name, quantity, options, unit_price_yen=price, options_yen=options yen, "
    "total_yen=yen, tax_rate=tax %"
)


@click.group()
def orders() -> None:
    """Shipping instructions (出荷指示): orders as the warehouse needs them."""


for command in (*MOVE_COMMANDS, *FILE_COMMANDS):
    orders.add_command(command)


add_list(
    orders,
    "Print shipping instructions, oldest order first.",
    list_orders,
    COLUMNS,
    ONLY_SHOP,
    STATUS,
    UNRETURNED,
)


@orders.command("show")
@click.argument("number")
@click.option("--shop", metavar="KEY", help="Where two shops share the number.")
@click.option("--key", metavar="CART_ORDER_KEY", help="Where one shop repeats the number.")
@leaf
def show_one(session: Session, number: str, shop: str | None, key: str | None) -> None:
    """Print one shipping instruction."""
    with session.work() as (connection, merchant_id):
        known_shop(connection, merchant_id, shop)
        found = find_order(connection, merchant_id, Target(number, shop, key))
    if session.as_json:
        print_json(found)
        return
    lines = found.pop("lines")
    print_lines(f"{name}: {_flat(value)}" for name, value in found.items())
    print_table(lines if isinstance(lines, list) else [], LINE_COLUMNS)


def _flat(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {shown(part)}" for name, part in value.items() if part)
    return shown(value)
