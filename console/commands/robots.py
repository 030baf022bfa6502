"""`renkei robot`: how often each action of a shop runs (連携ロボット)."""

import click

from adapters.postgres.shops.robots import Robot, list_robots, set_cadence, switch_robot
from console.failures import Wrong
from console.output import Column
from console.session import Session, leaf
from console.words import ACTION, action_for, shop_of
from domain.actions import ACTIONS
from domain.engine.cadence import Cadence
from domain.errors import BrokenRule

COLUMNS = (
    Column("shop"),
    Column("action"),
    Column("japanese", "アクション"),
    Column("cadence"),
    Column("enabled", "on"),
    Column("parked"),
    Column("next_due_at", "next"),
)


@click.group()
def robot() -> None:
    """Robots (連携ロボット): one action of one shop with its cadence."""


@robot.command("list")
@click.option("--shop", metavar="KEY", help="Only this shop.")
@leaf
def show(session: Session, shop: str | None) -> None:
    """Print robots with their cadence and next slot."""
    with session.work() as (connection, merchant_id):
        if shop is not None:
            shop_of(connection, merchant_id, shop)
        rows = [document(one) for one in list_robots(connection, merchant_id, shop)]
    session.show(rows, COLUMNS)


@robot.command("set")
@click.argument("shop", metavar="KEY")
@click.argument("action", type=ACTION, metavar="ACTION")
@click.option("--every", metavar="300s", help="Run every so often: 300s, 5m, 1h.")
@click.option("--at", metavar="18:00", help="Run once a day at this time in Tokyo.")
@click.option("--on/--off", "on", default=None, help="Switch scheduled runs on or off.")
@leaf
def change(
    session: Session,
    shop: str,
    action: str,
    every: str | None,
    at: str | None,
    on: bool | None,
) -> None:
    """Set a robot's cadence, or switch it on or off; a manual run works either way."""
    cadence = _cadence(every, at)
    if cadence is None and on is None:
        raise Wrong("nothing to set: give --every, --at, --on or --off")
    with session.work() as (connection, merchant_id):
        found = shop_of(connection, merchant_id, shop)
        chosen = action_for(found.cart, action)
        if cadence is not None:
            set_cadence(connection, found.id, chosen, cadence, session.now())
        if on is not None:
            switch_robot(connection, found.id, chosen, on=on, now=session.now())
        detail = {"cadence": str(cadence) if cadence else None, "on": on}
        session.audit(connection, merchant_id, "robot.set", f"{shop} {chosen}", detail=detail)
        robots = list_robots(connection, merchant_id, shop)
    row = document(next(one for one in robots if one.action is chosen))
    state = "on" if row["enabled"] else "off"
    session.tell(row, f"{shop} {chosen}: {row['cadence']}, {state}")


def document(one: Robot) -> dict[str, object]:
    """Return a robot as JSON and tables show it."""
    return {
        "shop": one.shop,
        "action": one.action,
        "japanese": ACTIONS[one.action].label,
        "cadence": str(one.cadence),
        "every_s": one.cadence.every_s,
        "at": one.cadence.at.strftime("%H:%M") if one.cadence.at else None,
        "enabled": one.enabled,
        "parked": one.parked or one.shop_parked,
        "next_due_at": one.next_due_at,
    }


def _cadence(every: str | None, at: str | None) -> Cadence | None:
    if every is not None and at is not None:
        raise Wrong("give --every or --at, not both")
    wished = every if every is not None else at
    if wished is None:
        return None
    try:
        cadence = Cadence.parse(wished)
    except BrokenRule as error:
        raise Wrong(str(error)) from error
    if (cadence.at is None) == (at is not None):
        raise Wrong("--every takes an interval like 300s, --at a time of day like 18:00")
    return cadence
