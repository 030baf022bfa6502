"""One write: a transaction, done once per Idempotency-Key, answered the same each time."""

import hashlib
from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated

from fastapi import Header, Request, Response
from pydantic import BaseModel
from sqlalchemy import Connection

from adapters.postgres.access import idempotency
from adapters.postgres.access.api_clients import ApiClient
from adapters.postgres.database import transaction
from console.web.documents import text_of
from console.web.problems import Problem
from console.web.services import Services

Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="A second request with the same key and content gets the first one's answer,"
        " for 24 hours. Refused requests may be sent again.",
    ),
]
Work = Callable[[Connection], object]


def write(
    request: Request,
    services: Services,
    client: ApiClient,
    key: str | None,
    body: BaseModel | None,
    work: Work,
) -> Response:
    """Do the work in one transaction and answer with what it returns.

    The answer is kept in that same transaction, so it is there exactly if the work was done.

    Raises: Problem: the key was used for something else, or is in use right now.
    """
    with transaction(services.engine) as connection:
        if key is None:
            return _answer(text_of(work(connection)))
        wanted = _fingerprint(request, body)
        kept = idempotency.find(connection, client.id, key)
        if kept is None:
            if not idempotency.claim(connection, client.id, key):
                raise Problem(
                    HTTPStatus.CONFLICT, "a request with this Idempotency-Key is being worked on"
                )
            # Somebody may have finished between the look and the claim.
            kept = idempotency.find(connection, client.id, key)
        if kept is not None:
            return _again(kept, wanted)
        text = text_of(work(connection))
        done = idempotency.Kept(wanted, HTTPStatus.OK.value, text)
        idempotency.keep(connection, client.id, key, done)
        return _answer(text)


def _again(kept: idempotency.Kept, wanted: str) -> Response:
    if kept.request_hash != wanted:
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "this Idempotency-Key was used for a request with another content",
        )
    return _answer(kept.response, replayed=True)


def _answer(text: str, *, replayed: bool = False) -> Response:
    headers = {"Idempotency-Replayed": "true"} if replayed else {}
    return Response(text, media_type="application/json", headers=headers)


def _fingerprint(request: Request, body: BaseModel | None) -> str:
    """Return the same text for the same request, however its JSON is spaced."""
    content = body.model_dump_json(exclude_unset=True) if body is not None else ""
    parts = (request.method, request.url.path, request.url.query, content)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
