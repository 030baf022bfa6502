"""The actions a robot runs for a shop, and how often (アクション, 連携ロボット)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Self
from zoneinfo import ZoneInfo

from domain.errors import BrokenRule
from domain.orders import Cart

TOKYO = ZoneInfo("Asia/Tokyo")

_EVERY = re.compile(r"(?P<count>[0-9]{1,7})(?P<unit>[smh]?)")
_AT = re.compile(r"(?P<hour>[01]?[0-9]|2[0-3]):(?P<minute>[0-5][0-9])")
_UNIT_S = MappingProxyType({"": 1, "s": 1, "m": 60, "h": 3600})
_LONGEST_EVERY_S = 7 * 24 * 3600


class Action(StrEnum):
    """One thing a robot does for one shop."""

    IMPORT_ORDERS = "import_orders"
    CONFIRM_ORDERS = "confirm_orders"
    SYNC_STATUS = "sync_status"
    RETURN_SHIPMENTS = "return_shipments"
    COMPLETE_ORDERS = "complete_orders"
    SYNC_STOCK = "sync_stock"


JAPANESE: Mapping[Action, str] = MappingProxyType(
    {
        Action.IMPORT_ORDERS: "出荷指示データ取得",
        Action.CONFIRM_ORDERS: "確認ステータス更新",
        Action.SYNC_STATUS: "ステータス同期",
        Action.RETURN_SHIPMENTS: "出荷実績戻し",
        Action.COMPLETE_ORDERS: "取引完了フォルダ移動",
        Action.SYNC_STOCK: "在庫連携",
    }
)
"""The names the API log uses (LOG-1)."""

ACTIONS_OF: Mapping[Cart, tuple[Action, ...]] = MappingProxyType(
    {
        Cart.SHOPSERVE: tuple(Action),
        Cart.BASE: (
            Action.IMPORT_ORDERS,
            Action.SYNC_STATUS,
            Action.RETURN_SHIPMENTS,
            Action.SYNC_STOCK,
        ),
    }
)
"""What each cart can do; BASE has nothing to confirm and no folder to complete into."""

PRIORITY: Mapping[Action, int] = MappingProxyType(
    {
        Action.RETURN_SHIPMENTS: 0,
        Action.IMPORT_ORDERS: 1,
        Action.CONFIRM_ORDERS: 1,
        Action.COMPLETE_ORDERS: 1,
        Action.SYNC_STATUS: 2,
        Action.SYNC_STOCK: 3,
    }
)
"""CLS-2: who is served first when calls are short; a smaller number is earlier."""


def category(action: Action) -> str:
    """Return the API log's category of an action, 出荷 or 在庫 (LOG-1)."""
    return "在庫" if action is Action.SYNC_STOCK else "出荷"


def log_line(action: Action, *, succeeded: int, failed: int) -> str:
    """Return the line every run ends with (LOG-1)."""
    return f"{JAPANESE[action]}アクションが終了しました。(成功:{succeeded}失敗:{failed})"


@dataclass(frozen=True, slots=True)
class Cadence:
    """How often a robot runs: every so many seconds, or once a day at a Tokyo time.

    Attributes:
        every_s: seconds between two slots, 1 to a week; None for a daily robot.
        at: Tokyo wall time of the daily slot; None for a robot with an interval.
    """

    every_s: int | None = None
    at: time | None = None

    def __post_init__(self) -> None:
        """Reject a cadence that is neither or both."""
        if (self.every_s is None) == (self.at is None):
            raise BrokenRule("a cadence is either an interval or a time of day")
        if self.every_s is not None and not 1 <= self.every_s <= _LONGEST_EVERY_S:
            raise BrokenRule(f"an interval is 1 second to 7 days, not {self.every_s} s")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the cadence a person wrote: `300s`, `300`, `5m`, `1h` or `18:00`.

        Raises:
            BrokenRule: anything else, with the forms that are understood.
        """
        wished = text.strip()
        if match := _EVERY.fullmatch(wished):
            return cls(every_s=int(match["count"]) * _UNIT_S[match["unit"]])
        if match := _AT.fullmatch(wished):
            return cls(at=time(int(match["hour"]), int(match["minute"])))
        raise BrokenRule(f"not a cadence: {text!r}; write it like 300s, 5m, 1h or 18:00")

    def __str__(self) -> str:
        """Return the form `parse` reads."""
        return f"{self.every_s}s" if self.at is None else self.at.strftime("%H:%M")

    def next_slot(self, after: datetime, anchor: datetime) -> datetime:
        """Return the first slot strictly after `after`, in UTC; missed slots are not made up.

        Args:
            after: aware; usually the later of the last slot and now.
            anchor: aware; when the robot's shop was added. The first slot of an interval is one
                interval after it, the others lie on the same grid. A daily robot ignores it.
        """
        if self.every_s is not None:
            step = timedelta(seconds=self.every_s)
            slots_passed = max(0, (after - anchor) // step)
            return (anchor + (slots_passed + 1) * step).astimezone(UTC)
        local = after.astimezone(TOKYO)
        slot = datetime.combine(local.date(), self.at or time(), tzinfo=TOKYO)
        if slot <= local:
            slot = datetime.combine(local.date() + timedelta(days=1), slot.time(), tzinfo=TOKYO)
        return slot.astimezone(UTC)


_DEFAULTS: Mapping[Action, Cadence] = MappingProxyType(
    {
        Action.IMPORT_ORDERS: Cadence(every_s=300),
        Action.CONFIRM_ORDERS: Cadence(every_s=600),
        Action.SYNC_STATUS: Cadence(every_s=600),
        Action.RETURN_SHIPMENTS: Cadence(at=time(18, 0)),
        Action.COMPLETE_ORDERS: Cadence(at=time(19, 0)),
        Action.SYNC_STOCK: Cadence(every_s=300),
    }
)


def default_cadence(action: Action) -> Cadence:
    """Return the cadence a fresh robot has."""
    return _DEFAULTS[action]
