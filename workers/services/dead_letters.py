"""What is decided about dead letters (CLS-4)."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from adapters.postgres.engine.dead_letters import choose, decide
from adapters.postgres.shops.secrets import SecretBox
from domain.actions import Action
from domain.engine.runs import LetterState
from workers.services.actors import Actor
from workers.services.runs import replay_keys


@dataclass(frozen=True, slots=True)
class Replayed:
    """Dead letters that are tried again, and the runs that do it, each by id."""

    letters: list[int]
    runs: list[int]


def replay(
    connection: Connection,
    actor: Actor,
    box: SecretBox,
    *,
    ids: Sequence[int] = (),
    shop: str | None = None,
    action: str | None = None,
) -> Replayed:
    """Try dead letters once more, in a run of their own per shop and action.

    Args: ids: the named ones; none = all open ones of a shop.
    Raises: see `choose` and `replay_keys`.
    """
    letters = choose(connection, actor.merchant_id, ids=ids, shop=shop, action=action)
    chosen = [letter.id for letter in letters]
    places: dict[tuple[str, int, Action], list[str]] = {}
    for letter in letters:
        place = (letter.shop, letter.shop_id, Action(letter.action))
        places.setdefault(place, []).append(letter.key)
    run_ids = [
        replay_keys(connection, actor, box, (key, name), keys, shop_id=shop_id)
        for (key, shop_id, name), keys in sorted(places.items())
    ]
    decide(connection, chosen, state=LetterState.REPLAYED, actor=actor.name, reason=actor.reason)
    actor.did(connection, "dead.replay", shop or _named(chosen), ids=chosen, runs=run_ids)
    return Replayed(chosen, run_ids)


def discard(connection: Connection, actor: Actor, ids: Sequence[int]) -> list[int]:
    """Give dead letters up and return which. Raises: see `choose`."""
    chosen = [letter.id for letter in choose(connection, actor.merchant_id, ids=ids)]
    decide(connection, chosen, state=LetterState.DISCARDED, actor=actor.name, reason=actor.reason)
    actor.did(connection, "dead.discard", _named(chosen), ids=chosen)
    return chosen


def _named(ids: Sequence[int]) -> str:
    return ", ".join(map(str, ids))
