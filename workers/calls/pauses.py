"""Shops that their cart does not serve for now: known to all workers, tried by one call (CLS-9)."""

import threading
import time
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection, Engine

from adapters.postgres.engine import api_log, pauses
from adapters.postgres.engine.api_log import LogLine, Subject
from adapters.postgres.engine.pauses import Noted, Pause
from domain.actions import ACTIONS, Action
from domain.engine.cadence import TOKYO
from domain.engine.pauses import LONGEST_HONOURED_S, wait_s
from domain.errors import Postponed, Unserved, Unserving
from workers.calls.board import FRESH_S, PROBE_LEASE_S
from workers.engine.context import Clock

_POSTPONED = "この店舗の処理を延期します。"
_SAYS = {
    Unserving.NOT_THE_CART: "カート以外(ファイアウォール等)からの応答のため、",
    Unserving.UNAVAILABLE: "APIが一時的に利用できないため(503)、",
    Unserving.TOKEN_REFUSED: "更新直後のアクセストークンが拒否されたため、",
    Unserving.LONG_WAIT: "カートから待機を求められたため、",
}
BACK = "カートからの応答が再開しました。"


class PauseBoard:
    """A copy of the shops that wait, seconds old at most."""

    def __init__(self, database: Engine, now: Clock) -> None:
        """Args: database: where they are written down."""
        self._database = database
        self._now = now
        self._guard = threading.Lock()
        self._read_at = -FRESH_S
        self._live: dict[int, Pause] = {}

    def of(self, shop_id: int) -> Pause | None:
        """Return what a shop waits for, None if it works."""
        with self._guard:
            now = time.monotonic()
            if now - self._read_at < FRESH_S:
                return self._live.get(shop_id)
            self._read_at = now
        with self._database.begin() as connection:
            live = {pause.shop_id: pause for pause in pauses.live_pauses(connection)}
        with self._guard:
            self._live = live
        return live.get(shop_id)

    def known(self, shop_id: int) -> bool:
        """Tell whether a shop waited when last looked, without looking."""
        with self._guard:
            return shop_id in self._live

    def check(self, shop_id: int) -> Pause | None:
        """Return the pause that the next call would find out about, None if there is none.

        Raises: Postponed: it is not time for that.
        """
        pause = self.of(shop_id)
        if pause is not None and time.monotonic() < self._read_at + pause.left_s:
            raise self.waiting(pause)
        return pause

    def waiting(self, pause: Pause) -> Postponed:
        """Return the error for work of a shop that waits; it stays ahead of what tried last."""
        return Postponed(
            f"not served, tried again at {pause.until:%H:%M:%S} UTC: {pause.reason}",
            until=self._now() + LOOK_AGAIN,
        )

    def claim_try(self, pause: Pause) -> bool:
        """Tell whether this caller makes the one call that finds out."""
        with self._database.begin() as connection:
            ours = pauses.claim_try(connection, pause.shop_id, lease_s=PROBE_LEASE_S)
        self.forget()
        return ours

    def note(self, about: Subject, action: str, error: Unserved, *, probing: bool) -> Noted:
        """Record that a shop is not served; what begins is written in the API log."""
        with self._database.begin() as connection:
            noted = pauses.note(
                connection,
                about.shop_id,
                error.why,
                str(error),
                probing=probing,
                wait_s=partial(wait_s, asked_s=error.asked_s),
            )
            if noted.begins:
                line = LogLine(_line(error, noted), "warning")
                api_log.log(connection, about, ACTIONS[Action(action)].category, line)
        self.forget()
        return noted

    def ended(self, about: Subject, action: str) -> None:
        """Record that the cart answered: whatever the shop waited for is over."""
        with self._database.begin() as connection:
            if pauses.end(connection, about.shop_id):
                api_log.log(connection, about, ACTIONS[Action(action)].category, LogLine(BACK))
        self.forget()

    def others_unavailable(self, shop_id: int) -> bool:
        """Tell whether another shop of the cart and address was not available a moment ago."""
        with self._database.begin() as connection:
            return pauses.others_unavailable(connection, shop_id, within_s=SECOND_SHOP_S)

    def forget(self) -> None:
        """Read them anew next time."""
        with self._guard:
            self._read_at = -FRESH_S


SECOND_SHOP_S = 60.0
"""A second shop that is not available within this closes the cart."""
LOOK_AGAIN = timedelta(seconds=1)
"""Nothing of a waiting shop is sent out; this is for what was out when the wait began."""


def alarm(connection: Connection, subject: Subject, since: datetime, reason: str) -> None:
    """Tell a person that a shop has not been served for minutes."""
    text = (
        f"{since.astimezone(TOKYO):%H:%M}から応答がありません。接続元の制限などを確認してください。"
    )
    line = LogLine(f"{text} {reason}", "error", needs_person=True)
    api_log.log(connection, subject, ACTIONS[Action.IMPORT_ORDERS].category, line)


def _line(error: Unserved, noted: Noted) -> str:
    said = f"{_SAYS[error.why]}{_POSTPONED} {error}"
    if error.asked_s is not None and error.asked_s > LONGEST_HONOURED_S:
        said += f" (Retry-After: {error.asked_s:.0f}秒、15分ごとに再確認)"
    return f"{said} 次回の確認: {noted.until.astimezone(TOKYO):%m/%d %H:%M:%S}"
