"""Robots (連携ロボット): one action of one shop with its cadence."""

from dataclasses import dataclass
from datetime import datetime, time

from sqlalchemy import Connection, insert, select, update

from adapters.postgres.schema import robots, shops
from domain.actions import ACTIONS, Action, actions_of
from domain.carts.cart import Cart
from domain.engine.cadence import Cadence


@dataclass(frozen=True, slots=True)
class Robot:
    """One robot as a person sees it.

    Attributes:
        enabled: off means no scheduled runs; a manual run works all the same.
        parked: its kill switch is on (CLS-5); the shop's own is `shop_parked`.
        next_due_at: its next slot.
    """

    shop: str
    action: Action
    enabled: bool
    parked: bool
    shop_parked: bool
    cadence: Cadence
    next_due_at: datetime


def add_robots(connection: Connection, shop_id: int, cart: Cart, now: datetime) -> None:
    """Give a fresh shop every robot of its cart, switched on, first due one cadence from now."""
    connection.execute(
        insert(robots),
        [
            {
                "shop_id": shop_id,
                "action": action,
                "every_s": ACTIONS[action].cadence.every_s,
                "at": ACTIONS[action].cadence.at,
                "anchor_at": now,
                "next_due_at": ACTIONS[action].cadence.next_slot(now, now),
            }
            for action in actions_of(cart)
        ],
    )


def list_robots(
    connection: Connection, merchant_id: int, shop_key: str | None = None
) -> list[Robot]:
    """Return the robots of a merchant's shops, or of one of them."""
    query = (
        select(robots, shops.c.key, shops.c.parked.label("shop_parked"))
        .join(shops, shops.c.id == robots.c.shop_id)
        .where(shops.c.merchant_id == merchant_id, shops.c.removed_at.is_(None))
        .order_by(shops.c.key, robots.c.id)
    )
    if shop_key is not None:
        query = query.where(shops.c.key == shop_key)
    return [
        Robot(
            shop=row.key,
            action=Action(row.action),
            enabled=row.enabled,
            parked=row.parked,
            shop_parked=row.shop_parked,
            cadence=_cadence(row.every_s, row.at),
            next_due_at=row.next_due_at,
        )
        for row in connection.execute(query)
    ]


def set_cadence(
    connection: Connection, shop_id: int, action: Action, cadence: Cadence, now: datetime
) -> None:
    """Give a robot another cadence; its first slot is one cadence from now."""
    connection.execute(
        update(robots)
        .where(robots.c.shop_id == shop_id, robots.c.action == action)
        .values(
            every_s=cadence.every_s,
            at=cadence.at,
            anchor_at=now,
            next_due_at=cadence.next_slot(now, now),
        )
    )


def switch_robot(
    connection: Connection, shop_id: int, action: Action, *, on: bool, now: datetime
) -> None:
    """Switch a robot on or off; slots that passed while it was off are not made up."""
    here = (robots.c.shop_id == shop_id, robots.c.action == action)
    row = connection.execute(select(robots).where(*here).with_for_update()).one()
    if row.enabled == on:
        return
    next_due_at = _cadence(row.every_s, row.at).next_slot(now, row.anchor_at)
    connection.execute(
        update(robots)
        .where(*here)
        .values(enabled=on, next_due_at=next_due_at if on else row.next_due_at)
    )


def park(connection: Connection, shop_id: int, action: Action | None, *, parked: bool) -> None:
    """Turn the kill switch of a shop, or of one of its actions, on or off (CLS-5)."""
    if action is None:
        connection.execute(update(shops).where(shops.c.id == shop_id).values(parked=parked))
        return
    connection.execute(
        update(robots)
        .where(robots.c.shop_id == shop_id, robots.c.action == action)
        .values(parked=parked)
    )


def _cadence(every_s: int | None, at: time | None) -> Cadence:
    return Cadence(every_s=every_s, at=at)
