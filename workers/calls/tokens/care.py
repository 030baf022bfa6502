"""Looking after BASE tokens while nothing else happens (CLS-6)."""

import logging
import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from adapters.postgres.engine import api_log
from adapters.postgres.engine.api_log import LogLine, WholeShop
from adapters.postgres.shops import tokens
from domain.actions import ACTIONS, Action
from domain.errors import AuthenticationFailed, Postponed, SyncError, Unserved
from workers.calls.board import ShopDirectory
from workers.calls.reactions import CartReactions
from workers.calls.tokens.refresh import SharedTokens, TokenTools
from workers.engine.drain import Draining

_log = logging.getLogger(__name__)

# One refresh may take 20 s more, and the next tick comes after 60 s: ticks never pile up.
LONGEST_S = 40.0


@dataclass(frozen=True, slots=True)
class TokenCare:
    """Looks after the tokens of all shops."""

    tools: TokenTools
    directory: ShopDirectory
    reactions: CartReactions
    draining: Draining

    def refresh_ending(self) -> None:
        """Refresh access tokens that end soon; warn of refresh tokens that end within days.

        What the time does not suffice for is left to the next tick.
        """
        stop_at = time.monotonic() + LONGEST_S
        with self.tools.database.begin() as connection:
            ending = tokens.ending_soon(connection)
        failing: set[int] = set()
        for shop_id in ending:
            if time.monotonic() > stop_at or self.draining.stopping.is_set():
                break
            if not self._refreshed(shop_id):
                failing.add(shop_id)
        self._warn(failing)

    def _refreshed(self, shop_id: int) -> bool:
        """Refresh one shop's token; False when it failed. A postponement is no failure."""
        about, tries = WholeShop(shop_id), False
        try:
            shop = self.directory.shop(shop_id)
            # A closure with an unknown end too: a refresh cannot be repeated, so it is no probe.
            if not self.tools.closures.closed_altogether(shop):
                tries = self._may_try(shop_id)
                SharedTokens(shop, self.tools).access_token()
                if tries:
                    self.reactions.pauses.ended(about, Action.IMPORT_ORDERS)
        except SyncError as error:
            _log.warning("token not refreshed: %s", error, extra={"fields": {"shop": shop_id}})
            if isinstance(error, Unserved):
                self.reactions.pause(about, Action.IMPORT_ORDERS, error, probing=tries)
            if isinstance(error, AuthenticationFailed):
                with self.tools.database.begin() as connection:
                    self.reactions.lock_out(connection, about, Action.IMPORT_ORDERS, error)
            return isinstance(error, Postponed)
        return True

    def _may_try(self, shop_id: int) -> bool:
        """Tell whether the refresh is the one call that finds out if a shop is served (CLS-9).

        Raises: Postponed: another one does, or it is not time for that.
        """
        pauses = self.reactions.pauses
        pause = pauses.check(shop_id)
        if pause is None:
            return False
        if not pauses.claim_try(pause):
            raise pauses.waiting(pause)
        return True

    def _warn(self, failing: Collection[int]) -> None:
        """Ask a person to authorise what no refresh keeps alive: parked and failing shops."""
        with self.tools.database.begin() as connection:
            for shop_id, ends_at in tokens.warn_once_a_day(connection, failing):
                line = LogLine(_warning(ends_at - self.tools.clock()), "warning", needs_person=True)
                category = ACTIONS[Action.IMPORT_ORDERS].category
                api_log.log(connection, WholeShop(shop_id), category, line)


def _warning(left: timedelta) -> str:
    ends = f"あと{left.days}日で切れます" if left.days >= 0 else "切れています"
    return f"BASEの認証が{ends}。renkei shop authorize で再認証してください。"
