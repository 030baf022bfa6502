"""`renkei maintenance`: when carts are closed (メンテナンス)."""

from datetime import datetime

import click

from console.failures import Wrong
from console.output import columns, shown
from console.session import Session, actor_name, leaf
from console.words import CART, ID, MOMENT
from domain.carts.cart import Cart
from workers.services.maintenance import announce_closure, coming_closures, end_closure

COLUMNS = columns("id, cart, api, from, to, source")


@click.group()
def maintenance() -> None:
    """Closures of the carts, for the shops of all merchants."""


@maintenance.command("list")
@leaf
def show(session: Session) -> None:
    """Print closures that hold now or are to come."""
    with session.engine.begin() as connection:
        rows = coming_closures(connection, session.now())
    session.show(rows, COLUMNS)


@maintenance.command("add")
@click.option("--cart", type=CART, required=True)
@click.option("--api", type=click.Choice(["orders", "stock", "all"]), default="all")
@click.option("--from", "since", type=MOMENT, required=True, metavar="T")
@click.option("--to", "until", type=MOMENT, required=True, metavar="T")
@leaf
def add(session: Session, cart: str, api: str, since: datetime, until: datetime) -> None:
    """Announce a closure: no call is made in it."""
    if until <= since:
        raise Wrong("the closure is reversed: --to lies before --from")
    if until <= session.now():
        raise Wrong("the closure is over already: --to lies in the past")
    with session.engine.begin() as connection:
        made = announce_closure(connection, actor_name(), Cart(cart), api, (since, until))
    when = f"from {shown(since)} to {shown(until)}"
    session.tell(made, f"closure {made['id']}: {cart} {api} {when}")


@maintenance.command("remove")
@click.argument("closure_id", type=ID, metavar="ID")
@leaf
def remove(session: Session, closure_id: int) -> None:
    """End a closure, or cancel one to come, for all later runs."""
    with session.engine.begin() as connection:
        ended = end_closure(connection, actor_name(), closure_id)
    session.tell(ended, f"closure {closure_id} of {ended['cart']} ended")
