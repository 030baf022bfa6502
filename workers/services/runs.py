"""Runs that a person or a program asks for."""

from collections.abc import Mapping, Sequence
from datetime import date

from sqlalchemy import Connection

from adapters.postgres.engine import pauses, runs
from adapters.postgres.shops.secrets import SecretBox
from adapters.postgres.shops.shops import clear_auth_failed, load_shop
from adapters.postgres.views.runs import same_range
from adapters.postgres.views.shops import ShopRef, refer
from domain.actions import Action
from domain.engine.runs import RunMode, Window
from domain.errors import BrokenRule
from workers.places import NotRunning, redis_url
from workers.services.actors import Actor
from workers.settings import Settings


def ask_for_run(  # noqa: PLR0913 -- what a person can ask for
    connection: Connection,
    actor: Actor,
    box: SecretBox,
    shop: ShopRef,
    action: Action,
    *,
    mode: RunMode,
    window: Window | None = None,
    until_now: bool = False,
    ship_date: date | None = None,
) -> int:
    """Return the id of a run: the unfinished one of the same range, else a new one.

    Args: until_now: the end asked for lay in the future, so the window was cut to the present.
    Raises: UnreadableSecret: no run of the shop could begin.
    """
    load_shop(connection, shop.id, box)
    if window is not None:
        under_way = same_range(connection, shop.id, action, window, until_now=until_now)
        if under_way is not None:
            return under_way
    run_id = request_run(connection, shop.id, action, mode=mode, window=window, ship_date=ship_date)
    actor.did(connection, "run", f"{shop.key} {action}", run=run_id, mode=mode, ship_date=ship_date)
    return run_id


def request_run(  # noqa: PLR0913 -- as above
    connection: Connection,
    shop_id: int,
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

    Asking for a run also lets a locked-out shop try its credentials once more (CLS-3), and one
    that is not served try at once (CLS-9).
    """
    clear_auth_failed(connection, shop_id)
    pauses.try_now(connection, shop_id)
    day = ship_date.isoformat() if ship_date else None
    told = {"ship_date": day, "keys": list(keys), "stored": stored}
    request: dict[str, object] = {name: value for name, value in told.items() if value}
    run_id = runs.insert(
        connection, shop_id=shop_id, action=action, mode=mode, window=window, request=request
    )
    if run_id is None:  # a slot can be taken, and this run has none
        raise BrokenRule("the shop was removed meanwhile")
    if mode is RunMode.RANGE:
        runs.go_on(connection, run_id)
    return run_id


def convert_tasks(
    connection: Connection,
    actor: Actor,
    box: SecretBox,
    tasks: Mapping[str, Mapping[int, str]],
    *,
    subject: str,
) -> list[int]:
    """Ask for one run per shop that converts these tasks' stored answers (IMP-6).

    Args: tasks: keys by id, by shop.
    """
    run_ids = [
        replay_keys(
            connection, actor, box, (shop, Action.IMPORT_ORDERS), list(keys.values()), stored=True
        )
        for shop, keys in tasks.items()
    ]
    count = sum(len(keys) for keys in tasks.values())
    actor.did(connection, "tasks.convert", subject, tasks=count, runs=run_ids)
    return run_ids


def replay_keys(  # noqa: PLR0913 -- as above
    connection: Connection,
    actor: Actor,
    box: SecretBox,
    pair: tuple[str, Action],
    keys: Sequence[str],
    *,
    stored: bool = False,
    shop_id: int | None = None,
) -> int:
    """Ask for a run that takes named orders or SKUs of a shop once more.

    Args:
        pair: key of the shop, and its action.
        shop_id: of the shop that is meant; another one may have its key by now.
    Raises: BrokenRule: the shop was removed. UnreadableSecret: as `ask_for_run`.
    """
    key, action = pair
    shop = refer(connection, actor.merchant_id, key)
    if shop is None or shop_id not in {None, shop.id}:
        raise BrokenRule(f"shop {key} was removed: its work cannot be taken up again")
    load_shop(connection, shop.id, box)
    return request_run(connection, shop.id, action, mode=RunMode.REPLAY, keys=keys, stored=stored)


def announce_runs(settings: Settings, run_ids: Sequence[int]) -> None:
    """Send the planning notes, after the commit; without them the next tick finds the runs."""
    if not run_ids:
        return
    try:
        broker_url = redis_url(settings)
    except NotRunning:
        return  # a broker that is away keeps nobody from asking (PLC-3)
    from workers.app import dispatcher_of, make_app  # noqa: PLC0415 -- listing needs no celery

    dispatcher_of(make_app(broker_url)).send_runs(run_ids)
