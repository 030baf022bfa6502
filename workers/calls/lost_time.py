"""Notices a database that was set back to an earlier time, before anything is sent (PLC-2).

The highest run seen is kept here and in Redis; a database without it has lost time.
It is looked at whenever a connection was opened, since a restored database ended the earlier ones,
and every few seconds for what connects through a pooler.
docs/decisions/0021-a-database-set-back.md
"""

import logging
import threading
import time
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import Connection, Engine, event

from adapters.postgres.engine import api_log, lost_time
from adapters.postgres.engine.api_log import LogLine, WholeShop
from adapters.postgres.engine.housekeeping import KEEP_DAYS
from adapters.postgres.shops.lost_time import mark
from adapters.redis.high_water import HighWater, Mark
from domain.actions import ACTIONS, Action

_log = logging.getLogger(__name__)

LOOK_EVERY_S = 2.0
_PRUNED_AFTER_US = timedelta(days=KEEP_DAYS) // timedelta(microseconds=1)
ALARM = (
    "データベースが過去の時点に戻されています。カートを読み直すまで何も送信しません。"
    "全プロセスを停止し、renkei db restored --at 時刻 を実行してください。"
)


def alarm(connection: Connection) -> list[int]:
    """Mark every shop and say so in its API log; returns the shops this is new for."""
    shops = mark(connection)
    category = ACTIONS[Action.IMPORT_ORDERS].category
    for shop_id in shops:
        line = LogLine(ALARM, "error", needs_person=True)
        api_log.log(connection, WholeShop(shop_id), category, line)
    return shops


class LostTimeWatch:
    """Looks now and then; once for all threads of the process."""

    def __init__(
        self, database: Engine, high_water: HighWater, *, noticed: Callable[[], None]
    ) -> None:
        """Args: noticed: called when shops were marked; what is known of them is old then."""
        self._database = database
        self._high_water = high_water
        self._noticed = noticed
        self._guard = threading.Lock()
        self._highest: dict[str, Mark] = {}
        self._connections = 0
        self._looked_at = (-1, -LOOK_EVERY_S)
        event.listen(database, "connect", self._connected)

    def look(self) -> None:
        """Look if it is time to. Raises DatabaseUnavailable."""
        if self._fresh():
            return
        with self._guard:
            if not self._fresh():
                self._look()

    def _connected(self, *_: object) -> None:
        self._connections += 1

    def _fresh(self) -> bool:
        connections, at = self._looked_at
        return connections == self._connections and time.monotonic() - at < LOOK_EVERY_S

    def _look(self) -> None:
        seen = self._connections, time.monotonic()
        with self._database.begin() as connection:
            whose = lost_time.installation(connection)
            # Read before the database is asked: whoever remembers a run saw it there.
            known = _higher(self._high_water.read(whose), self._highest.get(whose))
            newest = _newest(connection)
            if known is not None and _is_gone(connection, known, newest):
                self._mark(connection, newest, known)
        highest = _higher(known, newest)
        if highest is not None:
            self._highest[whose] = highest
            self._high_water.raise_to(whose, highest)
        self._looked_at = seen

    def _mark(self, connection: Connection, newest: Mark | None, known: Mark) -> None:
        if alarm(connection):
            _log.error(
                "the database was set back: run %d is not in it, its newest is %d;"
                " nothing is sent before `renkei db restored` has ended",
                known.run_id,
                newest.run_id if newest else 0,
            )
        self._noticed()


def _newest(connection: Connection) -> Mark | None:
    found = lost_time.newest_run(connection)
    return None if found is None else Mark(found.id, found.created_us)


def _is_gone(connection: Connection, known: Mark, newest: Mark | None) -> bool:
    """Tell whether a run that was seen is not in the database, nor can have been pruned."""
    if newest is None or newest.run_id < known.run_id:
        return True
    there = lost_time.created_us(connection, known.run_id)
    if there is None:
        return known.created_us > newest.created_us - _PRUNED_AFTER_US
    return there != known.created_us


def _higher(a: Mark | None, b: Mark | None) -> Mark | None:
    return max((one for one in (a, b) if one is not None), default=None)
