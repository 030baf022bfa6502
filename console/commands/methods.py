"""`renkei method`: which carrier of the cart a delivery method means (RET-6)."""

import click

from adapters.postgres.shipments.carriers import list_carriers, remove_carrier, set_carrier
from console.failures import Failed, Wrong
from console.output import Column
from console.session import Session, leaf
from console.words import known_shop, shop_of


@click.group()
def method() -> None:
    """Delivery methods (配送方法) and the carrier of each shop's cart."""


@method.command("list")
@click.option("--shop", metavar="KEY", help="Only this shop.")
@leaf
def show(session: Session, shop: str | None) -> None:
    """Print the translations."""
    with session.work() as (connection, merchant_id):
        known_shop(connection, merchant_id, shop)
        rows = list_carriers(connection, merchant_id, shop)
    session.show(rows, [Column("shop"), Column("method"), Column("carrier")])


@method.command("set")
@click.option("--shop", required=True, metavar="KEY")
@click.option("--method", "name", required=True, help="As the shipping instructions name it.")
@click.option("--carrier", required=True, help="ShopServe carrier code, or BASE company name.")
@leaf
def change(session: Session, shop: str, name: str, carrier: str) -> None:
    """Translate a delivery method of a shop to a carrier of its cart."""
    if not carrier.strip():
        raise Wrong("--carrier is not blank")
    with session.work() as (connection, merchant_id):
        found = shop_of(connection, merchant_id, shop)
        set_carrier(connection, found.id, name.strip(), carrier.strip())
        detail = {"method": name.strip(), "carrier": carrier.strip()}
        session.audit(connection, merchant_id, "method.set", shop, detail=dict(detail))
    session.tell({"shop": shop, **detail}, f"{shop}: {name} → {carrier}")


@method.command("remove")
@click.option("--shop", required=True, metavar="KEY")
@click.option("--method", "name", required=True)
@leaf
def remove(session: Session, shop: str, name: str) -> None:
    """Forget a translation."""
    with session.work() as (connection, merchant_id):
        found = shop_of(connection, merchant_id, shop)
        if not remove_carrier(connection, found.id, name.strip()):
            raise Failed(f"{shop} has no method {name}: see `renkei method list`")
        session.audit(connection, merchant_id, "method.remove", shop, detail={"method": name})
    session.tell({"shop": shop, "method": name}, f"{shop}: {name} forgotten")
