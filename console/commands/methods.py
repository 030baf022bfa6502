"""`renkei method`: which carrier of the cart a delivery method means (RET-6)."""

import click

from adapters.postgres.views.shops import list_carriers
from console.failures import CommandFailed, Wrong
from console.output import columns
from console.session import Session, add_list, leaf
from console.words import ONLY_SHOP


@click.group()
def method() -> None:
    """Delivery methods (配送方法) and the carrier of each shop's cart."""


add_list(
    method, "Print the translations.", list_carriers, columns("shop, method, carrier"), ONLY_SHOP
)


@method.command("set")
@click.option("--shop", required=True, metavar="KEY")
@click.option("--method", "name", required=True, help="As the shipping instructions name it.")
@click.option("--carrier", required=True, help="ShopServe carrier code, or BASE company name.")
@leaf
def change(session: Session, shop: str, name: str, carrier: str) -> None:
    """Translate a delivery method of a shop to a carrier of its cart."""
    from workers.services.shops import set_carrier  # noqa: PLC0415 -- loads what a shop is made of

    if not carrier.strip():
        raise Wrong("--carrier is not blank")
    said = {"method": name.strip(), "carrier": carrier.strip()}
    with session.change_shop(shop) as (connection, actor, found):
        set_carrier(connection, actor, found, **said)
    session.tell({"shop": shop, **said}, f"{shop}: {name} → {carrier}")


@method.command("remove")
@click.option("--shop", required=True, metavar="KEY")
@click.option("--method", "name", required=True)
@leaf
def remove(session: Session, shop: str, name: str) -> None:
    """Forget a translation."""
    from workers.services.shops import remove_carrier  # noqa: PLC0415 -- loads what a shop is made of

    with session.change_shop(shop) as (connection, actor, found):
        if not remove_carrier(connection, actor, found, name.strip()):
            raise CommandFailed(f"{shop} has no method {name}: see `renkei method list`")
    session.tell({"shop": shop, "method": name}, f"{shop}: {name} forgotten")
