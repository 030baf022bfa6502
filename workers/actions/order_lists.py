"""What an import run reads of a shop's order list, and how far the next run may trust it.

A row whose key cannot be read belongs to no order we could look at again by itself, so the cursor
is held at it (domain.orders.windows.held_cursor).
"""

from dataclasses import dataclass, field, replace

from adapters.postgres.engine.api_log import LogLine
from domain.carts.cart import Cart
from domain.carts.listings import UnreadableRow
from domain.engine.cadence import TOKYO
from domain.engine.runs import Window
from domain.orders.cart_order import ListedOrder
from domain.orders.windows import (
    Clocks,
    ListCursor,
    held_cursor,
    newest_within,
    next_cursor,
)
from workers.calls.work import ShopCart


@dataclass(slots=True)
class OrderList:
    """What one reading of a list gave, each order once."""

    rows: dict[str, ListedOrder] = field(default_factory=dict)
    unreadable: dict[str, UnreadableRow] = field(default_factory=dict)

    def read(self, cart: ShopCart, window: Window) -> None:
        """Read one window to its end."""
        for page in cart.list_orders(window):
            self.rows.update({row.key: row for row in page})
            self.unreadable.update({row.identity: row for row in page.unreadable})

    def cursor(
        self, cart: Cart, window: Window, *, cursor: ListCursor | None, clocks: Clocks
    ) -> ListCursor:
        """Return the cursor after a difference window was read to its end.

        Args:
            window: what was asked for, from its first slice to its last.
            cursor: the one so far.
            clocks: at the start of the run.
        """
        newest = newest_within(window, (row.ordered_at for row in self.rows.values()))
        moved = next_cursor(cart, cursor=cursor, clocks=clocks, newest_ordered_at=newest)
        unreadable = (row.ordered_at for row in self.unreadable.values())
        return replace(moved, position=held_cursor(moved.position, window, unreadable))

    def log(self) -> list[LogLine]:
        """Return a line for each row that cannot be read (IMP-8, LOG-2)."""
        return [_line(row) for row in self.unreadable.values()]


def _line(row: UnreadableRow) -> LogLine:
    told = [f"注文番号 {row.label}"] if row.label else []
    if row.ordered_at is not None:
        at = row.ordered_at.astimezone(TOKYO)
        told.append(f"注文日時 {at:%Y-%m-%d %H:%M:%S}")
    named = f"（{'，'.join(told)}）" if told else ""
    return LogLine(
        f"注文一覧の{row.position}件目{named}はどの注文か読み取れないため取り込めません: "
        f"{row.reason} 次回以降の実行で再度読み取ります。カートで注文を確認してください。",
        "error",
        needs_person=True,
    )
