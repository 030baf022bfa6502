"""Runs that take named orders or SKUs once more."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from adapters.postgres.engine.dead_letters import DeadLetter
from adapters.postgres.shops.shops import find_shop
from console.failures import Failed
from console.session import Session
from domain.actions import Action
from domain.engine.runs import RunMode
from workers.places import secret_box
from workers.services.runs import request_run


def convert_tasks(
    session: Session, connection: Connection, tasks: Mapping[str, Mapping[int, str]]
) -> list[int]:
    """Ask for one run per shop that converts these tasks' stored answers (IMP-6).

    Args: tasks: keys by id, by shop.
    """
    return [
        _replay(session, connection, shop, Action.IMPORT_ORDERS, list(keys.values()), stored=True)
        for shop, keys in tasks.items()
    ]


def replay_letters(
    session: Session, connection: Connection, letters: Sequence[DeadLetter]
) -> list[int]:
    """Ask for one run per shop and action that takes these dead letters' items again."""
    groups: dict[tuple[str, Action], list[str]] = {}
    for letter in letters:
        groups.setdefault((letter.shop, Action(letter.action)), []).append(letter.key)
    return [
        _replay(session, connection, shop, action, keys)
        for (shop, action), keys in sorted(groups.items())
    ]


def _replay(
    session: Session,
    connection: Connection,
    key: str,
    action: Action,
    keys: Sequence[str],
    *,
    stored: bool = False,
) -> int:
    shop = find_shop(connection, session.merchant_key, key, secret_box(session.settings))
    if shop is None:
        raise Failed(f"shop {key} was removed: its work cannot be taken up again")
    return request_run(connection, shop, action, mode=RunMode.REPLAY, keys=keys, stored=stored)
