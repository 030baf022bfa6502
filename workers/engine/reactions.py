"""What one refused call means for the rest of its shop or cart: park, carry over, lock out."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from redis.exceptions import RedisError
from sqlalchemy import Connection

from adapters.postgres.database import DatabaseUnavailable
from adapters.postgres.engine import journal, lanes, planned_items, runs
from adapters.postgres.engine.journal import LogLine
from adapters.postgres.shops.shops import mark_auth_failed
from domain.actions import ACTIONS, Action
from domain.carts.cart import limits_of
from domain.engine.budget import Limit, is_just_reset, waits_from
from domain.engine.maintenance import MESSAGE as MAINTENANCE
from domain.errors import AuthenticationFailed, BudgetSpent, Closed, RemoteBusy, Stopping
from workers.engine.process import Process

# Postponed without a known end: look again after this.
UNKNOWN_PAUSE = timedelta(seconds=5)

AUTH_FAILED = "APIの認証に失敗しました。この店舗の連携を停止します。認証情報を確認してください。"


def _nothing(_: Connection) -> None:
    """No effect beyond the item."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What else is recorded.

    Attributes:
        before: runs in the transaction that ends the item or plan, before the next is chosen.
        carries: the run ends; what it has left goes to the next one.
    """

    before: Callable[[Connection], None] = _nothing
    carries: bool = False


def of_postponement(
    process: Process, shop_id: int, action: Action, run_id: int, error: Exception, *, probing: bool
) -> Effect:
    """Return what a postponement means for the shop's other work.

    Args: probing: the call was the one that was to find out whether the cart is open again.
    """
    if isinstance(error, Closed):
        return _closed(process, shop_id, action, run_id, error, probing=probing)
    if isinstance(error, BudgetSpent):
        return _spent(process, shop_id, action, error)
    if isinstance(error, RemoteBusy) and error.retry_after_s:
        return of_retry(shop_id, error, process.clock() + timedelta(seconds=error.retry_after_s))
    process.directory.forget(shop_id)
    return Effect()


def again_at(process: Process, error: Exception, at: datetime | None) -> datetime | None:
    """Return when to try again; None = at once, in the old place of the queue."""
    if isinstance(error, Stopping):
        return None
    return at or process.clock() + UNKNOWN_PAUSE


def of_retry(shop_id: int, error: Exception, at: datetime) -> Effect:
    """Return what a failed attempt means for the shop: its other work slows down too."""
    if isinstance(error, DatabaseUnavailable):
        return Effect()  # our own trouble, not the shop's

    def slow_down(connection: Connection) -> None:
        lanes.slow_down(connection, shop_id)
        if isinstance(error, RemoteBusy):
            lanes.block(connection, shop_id, until=at, priority=0)

    return Effect(slow_down)


def of_failure(
    process: Process, shop_id: int, run_id: int, action: Action, error: Exception
) -> Effect:
    """Return what giving up means for the shop: refused credentials stop it (CLS-3)."""
    if not isinstance(error, AuthenticationFailed):
        return Effect()

    def stop(connection: Connection) -> None:
        lock_out(connection, process, shop_id, run_id, action)
        planned_items.carry_over(connection, run_id, "the shop's credentials were refused")

    return Effect(stop, carries=True)


def lock_out(
    connection: Connection, process: Process, shop_id: int, run_id: int | None, action: Action
) -> None:
    """Stop a shop whose credentials were refused (CLS-3); who finds out first raises the alert."""
    if mark_auth_failed(connection, shop_id, process.clock()):
        line = LogLine(AUTH_FAILED, "error", needs_person=True)
        journal.log(connection, shop_id=shop_id, run_id=run_id, action=action, line=line)
    process.directory.forget(shop_id)


def note_closure(connection: Connection, *, shop_id: int, run_id: int, action: Action) -> None:
    """Carry over what a run has left; the first to find the cart closed writes the line."""
    if runs.mark_closed_by_cart(connection, run_id):
        journal.log(
            connection,
            shop_id=shop_id,
            run_id=run_id,
            action=action,
            line=LogLine(MAINTENANCE, "warning"),
        )
    planned_items.carry_over(connection, run_id, MAINTENANCE)


def _closed(
    process: Process, shop_id: int, action: Action, run_id: int, error: Closed, *, probing: bool
) -> Effect:
    if error.until is None:  # the cart itself said so; tell the other shops
        cart = process.directory.shop(shop_id).cart
        process.closures.note(cart, error.api, shop_id, probing=probing)
    return Effect(
        lambda connection: note_closure(connection, shop_id=shop_id, run_id=run_id, action=action),
        carries=True,
    )


def _spent(process: Process, shop_id: int, action: Action, error: BudgetSpent) -> Effect:
    until = error.until or process.clock() + UNKNOWN_PAUSE
    limit = Limit(error.limit)
    if error.by_cart and not is_just_reset(limit, process.clock()):
        calls = limits_of(process.directory.shop(shop_id).cart).calls(limit) or 0
        try:
            process.budget.fill(shop_id, limit.value, calls)
        except RedisError:
            process.directory.forget(shop_id)
    priority = waits_from(ACTIONS[action].priority, limit, by_cart=error.by_cart)
    return Effect(
        lambda connection: lanes.block(connection, shop_id, until=until, priority=priority)
    )
