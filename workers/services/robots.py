"""How often each action of a shop runs (連携ロボット)."""

from datetime import datetime

from sqlalchemy import Connection

from adapters.postgres.shops import robots
from adapters.postgres.views.shops import ShopRef
from domain.actions import ACTIONS, Action
from domain.engine.cadence import Cadence
from workers.services.actors import Actor


def set_robot(  # noqa: PLR0913 -- what can be set
    connection: Connection,
    actor: Actor,
    shop: ShopRef,
    action: Action,
    *,
    cadence: Cadence | None,
    on: bool | None,
    now: datetime,
) -> dict[str, object]:
    """Give a robot another cadence, or switch it on or off; None = as it is. Returns it."""
    if cadence is not None:
        robots.set_cadence(connection, shop.id, action, cadence, now)
    if on is not None:
        robots.switch_robot(connection, shop.id, action, on=on, now=now)
    wish = {"cadence": str(cadence) if cadence else None, "on": on}
    actor.did(connection, "robot.set", f"{shop.key} {action}", **wish)
    shown = robot_documents(connection, actor.merchant_id, shop.key)
    return next(one for one in shown if one["action"] is action)


def robot_documents(
    connection: Connection, merchant_id: int, shop: str | None = None
) -> list[dict[str, object]]:
    """Return the robots of a merchant's shops, or of one, as JSON and tables show them."""
    return [
        {
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
        for one in robots.list_robots(connection, merchant_id, shop)
    ]
