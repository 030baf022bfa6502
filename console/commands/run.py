"""`renkei run`: one action of one shop, now."""

import sys
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import click

from console.failures import Wrong
from console.output import print_lines
from console.requested_runs import document, follow, show_document
from console.session import Session, leaf
from console.waiting import Waiter
from console.words import ACTION, DAY, DEFAULT_TIMEOUT_S, MOMENT, SECONDS, action_for
from domain.actions import Action
from domain.carts.cart import Cart
from domain.engine.runs import RunMode, Window
from domain.errors import BrokenRule
from domain.orders.windows import LONGEST_REQUEST, range_slices
from workers.places import secret_box
from workers.services.runs import announce_runs, ask_for_run


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for on the command line."""

    action: str
    shop: str
    since: datetime | None
    until: datetime | None
    ship_date: date | None
    compare: bool

    def check(self) -> None:
        """Refuse options that do not fit together. Raises Wrong."""
        if (self.since is None) != (self.until is None):
            raise Wrong("--from and --to come together")
        if self.since is not None and self.action != Action.IMPORT_ORDERS:
            raise Wrong(f"--from and --to are for {Action.IMPORT_ORDERS} only")
        if self.ship_date is not None and self.action != Action.RETURN_SHIPMENTS:
            raise Wrong(f"--ship-date is for {Action.RETURN_SHIPMENTS} only")
        if self.compare and self.action != Action.SYNC_STOCK:
            raise Wrong(f"--compare is for {Action.SYNC_STOCK} only")

    def window(self, cart: Cart, now: datetime) -> Window | None:
        """Return the range asked for. Raises Wrong for one no cart can be asked (IMP-3)."""
        if self.since is None or self.until is None:
            return None
        try:
            parts = range_slices(cart, self.since, self.until, now)
        except BrokenRule as error:
            raise Wrong(str(error)) from error
        return Window(parts[0].since, parts[-1].until)

    def is_cut(self, window: Window | None) -> bool:
        """Tell whether the end asked for lies in the future, where no window can end."""
        if self.until is None or window is None:
            return False
        return window.until < self.until.replace(microsecond=0)

    @property
    def mode(self) -> RunMode:
        """The kind of run this is."""
        if self.since is not None:
            return RunMode.RANGE
        return RunMode.COMPARE if self.compare else RunMode.MANUAL


@click.command()
@click.argument("action", type=ACTION, metavar="ACTION")
@click.option("--shop", required=True, metavar="KEY")
@click.option("--from", "since", type=MOMENT, metavar="T", help="Orders placed from then on.")
@click.option("--to", "until", type=MOMENT, metavar="T", help="Orders placed until then.")
@click.option("--ship-date", type=DAY, metavar="D", help="Return what was shipped on this day.")
@click.option("--compare", is_flag=True, help="sync_stock: read all stock, push what differs.")
@click.option("--wait", is_flag=True, help="Wait until it is over; exit 0 only if it succeeded.")
@click.option(
    "--timeout",
    type=SECONDS,
    default=DEFAULT_TIMEOUT_S,
    show_default=True,
    metavar="S",
    help="Seconds --wait waits.",
)
@leaf
def run(session: Session, /, wait: bool, timeout: float, **wished: Any) -> None:
    """Run one action of one shop now, also when its robot is switched off.

    ACTION: import_orders, confirm_orders, sync_status, return_shipments, complete_orders,
    sync_stock. A range of any length is read in windows of 7 days; the same command again goes on
    with a range that is not read yet.
    """
    wish = Wish(**wished)
    wish.check()
    run_id, window = _ask(session, wish)
    long = window is not None and window.until - window.since > LONGEST_REQUEST
    bar = long and not session.as_json
    if wait or (bar and sys.stderr.isatty()):
        waiter = Waiter(session.engine, timeout, bar=bar)
        follow(session, run_id, waiter, _how_to_watch(run_id, long=long))
        return
    found = document(session, run_id)
    if session.as_json:
        show_document(session, found)
    else:
        print_lines([f"run {run_id} asked for; {_how_to_watch(run_id, long=long)}"])


def _ask(session: Session, wish: Wish) -> tuple[int, Window | None]:
    """Ask for the run and tell the workers; returns it and its window."""
    with session.change_shop(wish.shop) as (connection, actor, shop):
        action = action_for(shop.cart, wish.action)
        window = wish.window(shop.cart, session.now())
        run_id = ask_for_run(
            connection,
            actor,
            secret_box(session.settings),
            shop,
            action,
            mode=wish.mode,
            window=window,
            until_now=wish.is_cut(window),
            ship_date=wish.ship_date,
        )
    announce_runs(session.settings, [run_id])
    return run_id, window


def _how_to_watch(run_id: int, *, long: bool) -> str:
    again = ", or give the same command again" if long else ""
    return f"watch it with `renkei runs show {run_id}`{again}"
