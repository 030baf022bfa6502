"""`renkei method`: which carrier of the cart a delivery method means (RET-6, RET-7)."""

import click

from adapters.postgres.views.shops import list_carriers
from console.failures import CommandFailed, Wrong
from console.output import columns, warn
from console.session import Session, leaf
from console.words import ONLY_SHOP, known_shop, shop_of

COLUMNS = columns("shop, method, carrier, checked")


@click.group()
def method() -> None:
    """Delivery methods (配送方法) and the carrier of each shop's cart."""


@method.command("list")
@ONLY_SHOP
@leaf
def show(session: Session, shop: str | None) -> None:
    """Print the translations; for one shop also the carriers its cart knows besides.

    A carrier that no method means has no method. Unchecked: the cart's list could not be read when
    it was set; it is checked before the first shipment is told.
    """
    from workers.services.methods import cart_list  # noqa: PLC0415 -- loads what a shop is made of

    with session.work() as (connection, merchant_id):
        known_shop(connection, merchant_id, shop)
        rows = list_carriers(connection, merchant_id, shop)
        found = shop_of(connection, merchant_id, shop) if shop is not None else None
    if found is not None:
        listed = cart_list(session.settings, session.engine, found)
        if listed.known is None:
            warn(f"the carriers of {found.key} cannot be read now: {listed.unread}")
        used = {row["carrier"] for row in rows}
        rows += [
            {"shop": found.key, "method": None, "carrier": name, "checked": True}
            for name in listed.known or ()
            if name not in used
        ]
    session.show(rows, COLUMNS)


@method.command("set")
@click.option("--shop", required=True, metavar="KEY")
@click.option("--method", "name", required=True, help="As the shipping instructions name it.")
@click.option("--carrier", required=True, help="ShopServe carrier code, or BASE company name.")
@leaf
def change(session: Session, shop: str, name: str, carrier: str) -> None:
    """Translate a delivery method of a shop to a carrier of its cart, which has to list it."""
    from workers.services.methods import (  # noqa: PLC0415 -- loads what a shop is made of
        cart_list,
        chosen,
        set_carrier,
    )

    if not name.strip() or not carrier.strip():
        raise Wrong("neither --method nor --carrier is blank")
    with session.work() as (connection, merchant_id):
        found = shop_of(connection, merchant_id, shop)
    listed = cart_list(session.settings, session.engine, found)
    choice = chosen(found, name, carrier, listed)
    with session.change_shop(shop) as (connection, actor, found):
        set_carrier(connection, actor, found, choice)
    if not choice.checked:
        warn(
            f"the carriers of {shop} cannot be read now, so {choice.carrier} is unchecked; it is"
            f" checked before the first shipment is told: {listed.unread}"
        )
    document = {"shop": shop, "method": choice.method, "carrier": choice.carrier}
    state = "" if choice.checked else " (unchecked)"
    session.tell(
        {**document, "checked": choice.checked},
        f"{shop}: {choice.method} → {choice.carrier}{state}",
    )


@method.command("remove")
@click.option("--shop", required=True, metavar="KEY")
@click.option("--method", "name", required=True)
@leaf
def remove(session: Session, shop: str, name: str) -> None:
    """Forget a translation."""
    from workers.services.methods import remove_carrier  # noqa: PLC0415 -- as above

    with session.change_shop(shop) as (connection, actor, found):
        if not remove_carrier(connection, actor, found, name.strip()):
            raise CommandFailed(f"{shop} has no method {name}: see `renkei method list`")
    session.tell({"shop": shop, "method": name}, f"{shop}: {name} forgotten")
