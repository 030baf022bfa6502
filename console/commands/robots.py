"""`renkei robot`: how often each action of a shop runs (連携ロボット)."""

import click

from console.failures import Wrong
from console.output import columns
from console.session import Session, leaf
from console.words import ACTION, ONLY_SHOP, action_for, shop_of
from domain.engine.cadence import Cadence
from domain.errors import BrokenRule
from domain.notation import plain
from workers.services.robots import robot_documents, set_robot

COLUMNS = columns(
    "shop, action, japanese=アクション, cadence, enabled=on, parked, next_due_at=next"
)


@click.group()
def robot() -> None:
    """Robots (連携ロボット): one action of one shop with its cadence."""


@robot.command("list")
@ONLY_SHOP
@leaf
def show(session: Session, shop: str | None) -> None:
    """Print robots with their cadence and next slot."""
    with session.work() as (connection, merchant_id):
        if shop is not None:
            shop_of(connection, merchant_id, shop)
        rows = robot_documents(connection, merchant_id, shop)
    session.show(rows, COLUMNS)


@robot.command("set")
@click.argument("shop", metavar="KEY")
@click.argument("action", type=ACTION, metavar="ACTION")
@click.option("--every", metavar="300s", help="Run every so often: 300s, 5m, 1h.")
@click.option("--at", metavar="18:00", help="Run once a day at this time in Tokyo.")
@click.option("--on/--off", "on", default=None, help="Switch scheduled runs on or off.")
@leaf
def change(
    session: Session, shop: str, action: str, every: str | None, at: str | None, on: bool | None
) -> None:
    """Set a robot's cadence, or switch it on or off; a manual run works either way."""
    cadence = _cadence(every, at)
    if cadence is None and on is None:
        raise Wrong("nothing to set: give --every, --at, --on or --off")
    with session.change_shop(shop) as (connection, actor, found):
        chosen = action_for(found.cart, action)
        now = session.now()
        row = set_robot(connection, actor, found, chosen, cadence=cadence, on=on, now=now)
    state = "on" if row["enabled"] else "off"
    session.tell(row, f"{shop} {chosen}: {row['cadence']}, {state}")


def _cadence(every: str | None, at: str | None) -> Cadence | None:
    if every is not None and at is not None:
        raise Wrong("give --every or --at, not both")
    wished = every if every is not None else at
    if wished is None:
        return None
    try:
        cadence = Cadence.parse(plain(wished))
    except BrokenRule as error:
        raise Wrong(str(error)) from error
    if (cadence.at is None) == (at is not None):
        raise Wrong("--every takes an interval like 300s, --at a time of day like 18:00")
    return cadence
