"""When a shop's whole stock is compared with the warehouse at night (全件比較; STK-6)."""

from datetime import datetime, time, timedelta

from domain.actions import ACTIONS, Action
from domain.engine.cadence import TOKYO, Cadence

NIGHT_FROM = time(3, 30)
"""Tokyo; few orders arrive. ShopServe's monthly maintenance covers it: such a run just closes."""

SPREAD_S = 3600
"""Shops begin one after the other within this time."""

LATEST_S = 3 * 3600
"""A compare that could not begin within this time of its slot waits for the next night."""

COMPARE_PRIORITY = ACTIONS[Action.SYNC_STOCK].priority + 1
"""Behind SKUs that changed, and behind everything else."""

_STEP = 7919  # a prime: neighbours in the list of shops lie far apart in the night


def compare_slot(shop_id: int, robot: Cadence, anchor: datetime, now: datetime) -> datetime | None:
    """Return the slot of the compare that may begin now, None by day.

    The slot never falls on one of the stock robot's own: those of a daily robot lie on a whole
    second and those of an interval on the microsecond of its anchor.

    Args: anchor: aware; what the robot's slots are counted from.
    """
    taken = 0 if robot.at is not None else anchor.microsecond
    evening = datetime.combine(now.astimezone(TOKYO).date(), NIGHT_FROM, tzinfo=TOKYO)
    slot = evening + timedelta(
        seconds=shop_id * _STEP % SPREAD_S, microseconds=2 if taken == 1 else 1
    )
    late = now - slot
    return slot if timedelta() <= late <= timedelta(seconds=LATEST_S) else None


def is_night(now: datetime) -> bool:
    """Tell whether any shop's compare may begin now."""
    local = now.astimezone(TOKYO)
    begins = datetime.combine(local.date(), NIGHT_FROM, tzinfo=TOKYO)
    return begins <= local <= begins + timedelta(seconds=SPREAD_S + LATEST_S + 1)
