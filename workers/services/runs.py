"""Runs that a person asks for."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import Connection

from adapters.postgres.engine import runs
from adapters.postgres.shops.shops import Shop, clear_auth_failed
from domain.actions import Action
from domain.engine.runs import RunMode, Window
from workers.places import places
from workers.settings import Settings


def request_run(  # noqa: PLR0913 -- what a person can ask for
    connection: Connection,
    shop: Shop,
    action: Action,
    *,
    mode: RunMode,
    window: Window | None = None,
    ship_date: date | None = None,
    keys: Sequence[str] = (),
    stored: bool = False,
) -> int:
    """Insert a pending run; it starts when no other run of the pair is under way.

    Args: stored: convert the answers kept in the task list instead of reading the cart (IMP-6).

    Asking for a run also lets a locked-out shop try its credentials once more (CLS-3).
    """
    clear_auth_failed(connection, shop.id)
    request: dict[str, object] = {}
    if ship_date is not None:
        request["ship_date"] = ship_date.isoformat()
    if keys:
        request["keys"] = list(keys)
    if stored:
        request["stored"] = True
    run_id = runs.insert(
        connection, shop_id=shop.id, action=action, mode=mode, window=window, request=request
    )
    if run_id is None:  # only a slot can be taken, and this run has none
        raise AssertionError("a run without a slot was not inserted")
    if mode is RunMode.RANGE:
        runs.go_on(connection, run_id)
    return run_id


def announce_run(settings: Settings, run_id: int) -> None:
    """Send the planning note now; without it the next tick finds the run."""
    from workers.app import dispatcher_of, make_app  # noqa: PLC0415 -- listing needs no celery

    dispatcher_of(make_app(places(settings).redis_url)).send_runs([run_id])
