"""Writing the API log and the dead letters."""

from dataclasses import dataclass

from sqlalchemy import Connection, text

from domain.actions import ACTIONS, Action

_LOG = text("""
insert into api_log (shop_id, run_id, category, level, needs_person, message)
values (:shop_id, :run_id, :category, :level, :needs_person, :message)
""")


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of the API log (LOG-2).

    Attributes:
        level: `info`, `warning` or `error`.
        needs_person: it does not heal by itself.
    """

    message: str
    level: str = "info"
    needs_person: bool = False


def log(
    connection: Connection, *, shop_id: int, run_id: int | None, action: Action, line: LogLine
) -> None:
    """Write one line, in the category of the action (LOG-1)."""
    connection.execute(
        _LOG,
        {
            "shop_id": shop_id,
            "run_id": run_id,
            "category": ACTIONS[action].category,
            "level": line.level,
            "needs_person": line.needs_person,
            "message": line.message[:2000],
        },
    )


_BURY = text("""
insert into dead_letters (shop_id, action, key, run_id, reason, detail, attempts)
values (:shop_id, :action, :key, :run_id, :reason, :detail, :attempts)
on conflict (shop_id, action, key) where state = 'open'
do update set run_id = excluded.run_id, reason = excluded.reason, detail = excluded.detail,
              attempts = dead_letters.attempts + excluded.attempts, last_failed_at = now()
""")


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an item is buried. `detail` is for developers: a traceback or the cart's last answer."""

    shop_id: int
    run_id: int
    action: Action
    key: str
    reason: str
    attempts: int
    detail: str = ""


def bury(connection: Connection, failure: Failure) -> None:
    """Keep a failed item as an open dead letter; a second failure updates the first's row."""
    connection.execute(
        _BURY,
        {
            "shop_id": failure.shop_id,
            "run_id": failure.run_id,
            "action": failure.action.value,
            "key": failure.key,
            "reason": failure.reason[:2000],
            "detail": failure.detail[:8000],
            "attempts": failure.attempts,
        },
    )
