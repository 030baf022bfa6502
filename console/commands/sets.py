"""`renkei sets`: set products (セット商品)."""

import click

from adapters.postgres.views.stock import list_sets
from console.failures import CommandFailed, Wrong
from console.output import columns
from console.session import Session, add_list, leaf
from console.words import created_skus, sku_code
from domain.notation import read_whole
from workers.services.stock import remove_set, set_components


def _components(row: dict[str, object]) -> str:
    parts = row["components"]
    every = parts.items() if isinstance(parts, dict) else ()
    return " + ".join(f"{sku}×{count}" for sku, count in every)


@click.group()
def sets() -> None:
    """Set products (セット商品): their free stock is what their components allow."""


add_list(
    sets,
    "Print set products with their components.",
    list_sets,
    columns("sku=set SKU, components", components=_components),
)


@sets.command("set")
@click.argument("set_sku")
@click.argument("components", nargs=-1, required=True, metavar="COMPONENT=QTY...")
@leaf
def change(session: Session, set_sku: str, components: tuple[str, ...]) -> None:
    """Say which SKUs, and how many of each, make one set; replaces what was said before."""
    parts, code = _parts(components), sku_code(set_sku)
    with session.change() as (connection, actor):
        created = set_components(connection, actor, code, parts)
    document: dict[str, object] = {"sku": code, "components": parts, "created_skus": created}
    session.tell(document, f"{code} = {_components(document)}", *created_skus(created))


@sets.command("remove")
@click.argument("set_sku")
@leaf
def remove(session: Session, set_sku: str) -> None:
    """Make a set an ordinary SKU again."""
    with session.change() as (connection, actor):
        if not remove_set(connection, actor, set_sku):
            raise CommandFailed(f"{set_sku} is no set: see `renkei sets list`")
    session.tell({"sku": set_sku}, f"{set_sku} is no set any more")


def _parts(components: tuple[str, ...]) -> dict[str, int]:
    """Return pieces by SKU. Raises Wrong for what is not COMPONENT=QTY."""
    parts: dict[str, int] = {}
    for component in components:
        sku, equals, quantity = component.rpartition("=")
        if not equals or not sku.strip():
            raise Wrong(f"{component!r} is not COMPONENT=QTY")
        try:
            pieces = read_whole(quantity, low=1)
        except ValueError as error:
            raise Wrong(f"{component!r} is not COMPONENT=QTY: {error}") from error
        if sku.strip() in parts:
            raise Wrong(f"{sku} was given twice")
        parts[sku.strip()] = pieces
    return parts
