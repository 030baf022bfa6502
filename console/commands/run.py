"""`renkei run`: one action of one shop, now."""

import sys
from dataclasses import dataclass
from datetime import date, datetime

import click
from sqlalchemy import Connection

from adapters.postgres.shops.shops import Shop, find_shop
from adapters.postgres.views.runs import same_range
from console.failures import Failed, Wrong
from console.output import print_lines
from console.requested_runs import announce, document, follow
from console.run_output import show_document
from console.session import Session, leaf
from console.times import DAY, MOMENT
from console.waiting import DEFAULT_TIMEOUT_S, Waiter
from console.words import ACTION, action_for
from domain.actions import Action
from domain.engine.runs import RunMode, Window
from domain.errors import BrokenRule
from domain.orders.windows import LONGEST_REQUEST, range_slices
from workers.places import secret_box
from workers.services.runs import request_run


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

    def window(self, shop: Shop, now: datetime) -> Window | None:
        """Return the range asked for. Raises Wrong for one no cart can be asked (IMP-3)."""
        if self.since is None or self.until is None:
            return None
        try:
            parts = range_slices(shop.cart, self.since, self.until, now)
        except BrokenRule as error:
            raise Wrong(str(error)) from error
        return Window(parts[0].since, parts[-1].until)

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
    type=click.FloatRange(min=0),
    default=DEFAULT_TIMEOUT_S,
    show_default=True,
    metavar="S",
    help="Seconds --wait waits.",
)
@leaf
def run(
    session: Session,
    action: str,
    shop: str,
    since: datetime | None,
    until: datetime | None,
    ship_date: date | None,
    compare: bool,
    wait: bool,
    timeout: float,
) -> None:
    """Run one action of one shop now, also when its robot is switched off.

    ACTION: import_orders, confirm_orders, sync_status, return_shipments, complete_orders,
    sync_stock. A range of any length is read in windows of 7 days; the same command again goes on
    with a range that is not read yet.
    """
    wish = Wish(action, shop, since, until, ship_date, compare)
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
    """Insert the run, or find the unfinished one of the same range; returns it and its window."""
    with session.work() as (connection, _):
        box = secret_box(session.settings)
        shop = find_shop(connection, session.merchant_key, wish.shop, box)
        if shop is None:
            raise Failed(f"no shop {wish.shop}: see `renkei shop list`")
        action = action_for(shop.cart, wish.action)
        window = wish.window(shop, session.now())
        run_id = _unfinished(connection, shop, wish, window)
        if run_id is None:
            run_id = request_run(
                connection,
                shop,
                action,
                mode=wish.mode,
                window=window,
                ship_date=wish.ship_date,
            )
            detail = {"run": run_id, "mode": wish.mode, "ship_date": wish.ship_date}
            subject = f"{shop.key} {action}"
            session.audit(connection, shop.merchant_id, "run", subject, detail=dict(detail))
    announce(session, [run_id])
    return run_id, window


def _unfinished(
    connection: Connection, shop: Shop, wish: Wish, window: Window | None
) -> int | None:
    if window is None:
        return None
    cut = wish.until is not None and window.until < wish.until.replace(microsecond=0)
    return same_range(connection, shop.id, wish.action, window, until_now=cut)


def _how_to_watch(run_id: int, *, long: bool) -> str:
    again = ", or give the same command again" if long else ""
    return f"watch it with `renkei runs show {run_id}`{again}"
