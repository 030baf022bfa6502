"""Robots (連携ロボット): one action of one shop with its cadence."""

from dataclasses import dataclass
from datetime import datetime, time

from sqlalchemy import Connection

from adapters.postgres.statement import Statement
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
    every_s: int | None
    at: time | None
    anchor_at: datetime
    next_due_at: datetime

    @property
    def cadence(self) -> Cadence:
        """How often it runs."""
        return Cadence(self.every_s, self.at)


_ADD = Statement[None]("""
insert into robots (shop_id, action, every_s, at, anchor_at, next_due_at)
values (:shop_id, :action, :every_s, :at, :now, :next_due_at)
""")
_SELECT = """
select s.key as shop, r.action, r.enabled, r.parked, s.parked as shop_parked, r.every_s, r.at,
       r.anchor_at, r.next_due_at
  from robots r join shops s on s.id = r.shop_id
"""
_LIST = Statement[Robot](f"""{_SELECT}
 where s.merchant_id = :merchant_id and s.removed_at is null
   and (cast(:shop as text) is null or s.key = :shop)
 order by s.key, r.id
""")
_LOCK = Statement[Robot](
    f"{_SELECT} where r.shop_id = :shop_id and r.action = :action for update of r"
)
_SET_CADENCE = Statement[None]("""
update robots set every_s = :every_s, at = :at, anchor_at = :now, next_due_at = :next_due_at
 where shop_id = :shop_id and action = :action
""")
_OF_SHOP = Statement[Robot](f"{_SELECT} where r.shop_id = :shop_id order by r.id")
_SWITCH = Statement[None]("""
update robots set enabled = :on, next_due_at = case when :on then :next_due_at else next_due_at end
 where shop_id = :shop_id and action = :action
""")
_PARK_SHOP = Statement[None]("update shops set parked = :parked where id = :shop_id")
_PARK = Statement[None]("""
update robots set parked = :parked where shop_id = :shop_id and action = :action
""")


def add_robots(connection: Connection, shop_id: int, cart: Cart, now: datetime) -> None:
    """Give a fresh shop every robot of its cart, switched on, first due one cadence from now."""
    _ADD.run_many(
        connection,
        [
            _slots(ACTIONS[action].cadence, now) | {"shop_id": shop_id, "action": action}
            for action in actions_of(cart)
        ],
    )


def list_robots(
    connection: Connection, merchant_id: int, shop_key: str | None = None
) -> list[Robot]:
    """Return the robots of a merchant's shops, or of one of them."""
    return _LIST.all(connection, merchant_id=merchant_id, shop=shop_key)


def set_cadence(
    connection: Connection, shop_id: int, action: Action, cadence: Cadence, now: datetime
) -> None:
    """Give a robot another cadence; its first slot is one cadence from now."""
    _SET_CADENCE.run(connection, shop_id=shop_id, action=action, **_slots(cadence, now))


def restart_robots(connection: Connection, shop_id: int, now: datetime) -> None:
    """Let each robot of a shop begin one cadence from now; the slots before are not made up."""
    for robot in _OF_SHOP.all(connection, shop_id=shop_id):
        set_cadence(connection, shop_id, robot.action, robot.cadence, now)


def switch_robot(
    connection: Connection, shop_id: int, action: Action, *, on: bool, now: datetime
) -> None:
    """Switch a robot on or off; slots that passed while it was off are not made up."""
    robot = _LOCK.one(connection, shop_id=shop_id, action=action)
    if robot.enabled != on:
        next_due_at = robot.cadence.next_slot(now, robot.anchor_at)
        _SWITCH.run(connection, shop_id=shop_id, action=action, on=on, next_due_at=next_due_at)


def park(connection: Connection, shop_id: int, action: Action | None, *, parked: bool) -> None:
    """Turn the kill switch of a shop, or of one of its actions, on or off (CLS-5)."""
    if action is None:
        _PARK_SHOP.run(connection, shop_id=shop_id, parked=parked)
    else:
        _PARK.run(connection, shop_id=shop_id, action=action, parked=parked)


def _slots(cadence: Cadence, now: datetime) -> dict[str, object]:
    """Return the columns of a cadence that begins now."""
    return {
        "every_s": cadence.every_s,
        "at": cadence.at,
        "now": now,
        "next_due_at": cadence.next_slot(now, now),
    }
