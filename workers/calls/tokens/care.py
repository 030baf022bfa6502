"""Looking after BASE tokens while nothing else happens (CLS-6)."""

import logging
import time
from collections.abc import Collection
from datetime import UTC, datetime

from adapters.postgres.database import transaction
from adapters.postgres.engine import journal
from adapters.postgres.engine.journal import LogLine
from adapters.postgres.shops import tokens
from domain.actions import Action
from domain.carts.cart import Cart
from domain.errors import AuthenticationFailed, Postponed, SyncError
from workers.calls.tokens.refresh import SharedTokens, closed_altogether
from workers.engine import reactions
from workers.engine.process import Process

_log = logging.getLogger(__name__)

# One refresh may take 20 s more, and the next tick comes after 60 s: ticks never pile up.
LONGEST_S = 40.0


def refresh_ending(process: Process) -> None:
    """Refresh access tokens that end soon; warn of refresh tokens that end within days.

    What the time does not suffice for is left to the next tick.
    """
    stop_at = time.monotonic() + LONGEST_S
    with transaction(process.engine) as connection:
        ending = tokens.ending_soon(connection)
    failing: set[int] = set()
    for shop_id in ending:
        if time.monotonic() > stop_at or process.draining.stopping:
            break
        # A closure with an unknown end too: a refresh cannot be repeated, so it is no probe.
        if closed_altogether(process.closures, Cart.BASE):
            break
        if not _refreshed(process, shop_id):
            failing.add(shop_id)
    _warn(process, failing)


def _refreshed(process: Process, shop_id: int) -> bool:
    """Refresh one shop's token; False when it failed. A postponement is no failure."""
    try:
        shop = process.directory.shop(shop_id)
        SharedTokens(shop, process.token_tools).access_token()
    except SyncError as error:
        _log.warning("token not refreshed: %s", error, extra={"fields": {"shop": shop_id}})
        if isinstance(error, AuthenticationFailed):
            with transaction(process.engine) as connection:
                reactions.lock_out(connection, process, shop_id, None, Action.IMPORT_ORDERS)
        return isinstance(error, Postponed)
    return True


def _warn(process: Process, failing: Collection[int]) -> None:
    """Ask a person to authorise what no refresh keeps alive: parked and failing shops."""
    with transaction(process.engine) as connection:
        for shop_id, ends_at in tokens.warn_once_a_day(connection, failing):
            line = LogLine(_warning(ends_at), "warning", needs_person=True)
            journal.log(
                connection, shop_id=shop_id, run_id=None, action=Action.IMPORT_ORDERS, line=line
            )


def _warning(ends_at: datetime) -> str:
    left = ends_at - datetime.now(UTC)
    ends = f"あと{left.days}日で切れます" if left.days >= 0 else "切れています"
    return f"BASEの認証が{ends}。renkei shop authorize で再認証してください。"
