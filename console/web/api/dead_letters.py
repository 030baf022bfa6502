"""Dead letters: what nobody tries again until somebody says so (CLS-4)."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field
from sqlalchemy import Connection

from adapters.postgres.views.dead_letters import list_dead
from console.web.access import DeadReader, DeadWriter, Shared
from console.web.api.answers import PROBLEMS
from console.web.documents import Cursor, Limit, number_at, page
from console.web.models import DeadLetters, Decided
from console.web.words import Body, Filter, Id, Text, Word
from console.web.writes import Writing
from domain.actions import Action
from domain.engine.runs import LetterState
from workers.places import secret_box
from workers.services import dead_letters

router = APIRouter(prefix="/dead-letters", tags=["dead letters"], responses=PROBLEMS)
LetterId = Annotated[Id, Path()]
ONE: dict[str, Any] = {"response_model": None, "responses": {200: {"model": Decided}}}


class Replaying(Body):
    """Why it is tried again."""

    reason: Text = ""


class Discarding(Body):
    """Why it is given up."""

    reason: Word = Field(description="Kept with the dead letter.")


@router.get("", response_model=None, responses={200: {"model": DeadLetters}})
def list_letters(
    client: DeadReader,
    services: Shared,
    shop: Filter = None,
    action: Annotated[Action | None, Query()] = None,
    state: Annotated[LetterState | None, Query()] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """Return dead letters of every state, oldest first."""
    after = number_at(cursor) or 0
    with services.engine.begin() as connection:
        filters = {"shop": shop, "action": action, "state": state}
        rows = list_dead(connection, client.merchant_id, after=after, most=limit + 1, **filters)
    following = rows[limit - 1]["id"] if len(rows) > limit else None
    return page("dead_letters", rows[:limit], following)


@router.post("/{letter_id}/replay", **ONE)
def replay(
    letter_id: LetterId, call: Writing, client: DeadWriter, body: Replaying | None = None
) -> Response:
    """Try it once more, in a run of its own."""
    actor = client.actor((body or Replaying()).reason)
    asked: list[int] = []

    def work(connection: Connection) -> object:
        done = dead_letters.replay(
            connection, actor, secret_box(call.services.settings), ids=[letter_id]
        )
        asked[:] = done.runs
        return {"id": letter_id, "state": LetterState.REPLAYED, "runs": done.runs}

    answer = call.answer(client, body, work)
    call.services.tell_workers(asked)
    return answer


@router.post("/{letter_id}/discard", **ONE)
def discard(letter_id: LetterId, body: Discarding, call: Writing, client: DeadWriter) -> Response:
    """Give it up."""

    def work(connection: Connection) -> object:
        dead_letters.discard(connection, client.actor(body.reason), [letter_id])
        return {"id": letter_id, "state": LetterState.DISCARDED, "runs": []}

    return call.answer(client, body, work)
