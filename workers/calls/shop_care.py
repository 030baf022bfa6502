"""Looking after shops that stand still: tell a person in time, find out when they can go on.

beat -> look() -> alarm those not served for minutes (CLS-9)
               -> one reading call for each locked-out shop, or for an incident's all (CLS-10)
"""

import logging
import time
from dataclasses import dataclass

from adapters.postgres.engine import api_log, pauses
from adapters.postgres.engine.api_log import LogLine, WholeShop
from adapters.postgres.shops import lock_outs
from adapters.redis.budget import CallBudget
from domain.actions import ACTIONS, Action
from domain.engine.pauses import ALARM_AFTER_S
from domain.errors import BrokenRule, Rejected, SyncError, Undecodable
from workers.calls.board import ShopDirectory
from workers.calls.counter import CallCounter
from workers.calls.interactive import InteractiveGate
from workers.calls.pauses import alarm
from workers.calls.tokens.refresh import TokenTools
from workers.calls.work import open_cart
from workers.engine.drain import Draining

_log = logging.getLogger(__name__)

# A call may take 20 s more, and its turn 30: ticks never pile up for long.
LONGEST_S = 20.0
BACK = "APIの認証が再び受け付けられました。連携を再開します。"


@dataclass(frozen=True, slots=True)
class ShopCare:
    """Looks after the shops of all merchants that do not work."""

    tools: TokenTools
    directory: ShopDirectory
    budget: CallBudget
    counter: CallCounter
    draining: Draining

    def look(self) -> None:
        """Do what is due. Another worker at the same time finds nothing left."""
        stop_at = time.monotonic() + LONGEST_S
        with self.tools.database.begin() as connection:
            for late in pauses.alarm_once(connection, after_s=ALARM_AFTER_S):
                alarm(connection, WholeShop(late.shop_id), late.since, late.reason)
        with self.tools.database.begin() as connection:
            due = lock_outs.claim_probes(connection)
        for shop_id in due:
            if time.monotonic() > stop_at or self.draining.stopping.is_set():
                break
            if self._taken(shop_id):
                self._readmit(shop_id)

    def _taken(self, shop_id: int) -> bool:
        """Make one reading call; True when the cart takes the credentials again."""
        self.directory.forget(shop_id)
        try:
            shop = self.directory.shop(shop_id)
            gate = InteractiveGate(shop, self.budget, self.tools.closures, self.counter)
            open_cart(self.tools, shop, gate).test_connection()
        except BrokenRule:  # removed a moment ago
            return False
        except (Rejected, Undecodable):  # whatever it says of the call, it knows who calls
            return True
        except SyncError as error:
            _log.info("still locked out: %s", error, extra={"fields": {"shop": shop_id}})
            return False
        return True

    def _readmit(self, shop_id: int) -> None:
        category = ACTIONS[Action.IMPORT_ORDERS].category
        with self.tools.database.begin() as connection:
            back = lock_outs.readmit(connection, shop_id)
            for one in back:
                api_log.log(connection, WholeShop(one), category, LogLine(BACK))
        for one in back:
            self.directory.forget(one)
