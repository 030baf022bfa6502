"""`renkei merchant`: merchants (荷主)."""

import click

from adapters.postgres.views.merchants import list_merchants
from console.output import columns
from console.session import Session, actor_name, leaf
from console.words import KEY


@click.group()
def merchant() -> None:
    """Merchants (荷主): owners of shops, SKUs and stock; they never see each other's data."""


@merchant.command("add")
@click.argument("key", type=KEY)
@click.option("--name", required=True, help="What people call the merchant.")
@leaf
def add(session: Session, key: str, name: str) -> None:
    """Add a merchant."""
    from workers.services.shops import add_merchant  # noqa: PLC0415 -- loads what a shop is made of

    with session.engine.begin() as connection:
        add_merchant(connection, actor_name(), key, name)
    session.tell({"key": key, "name": name}, f"merchant {key} added")


@merchant.command("list")
@leaf
def show(session: Session) -> None:
    """Print all merchants."""
    with session.engine.begin() as connection:
        rows = list_merchants(connection)
    session.show(rows, columns("key, name, created_at"))
