"""One write: a transaction, done once per Idempotency-Key, answered the same each time."""

import hashlib
from collections.abc import Callable
from typing import Annotated

from fastapi import Header, Request, Response
from pydantic import BaseModel
from sqlalchemy import Connection

from console.web.documents import text_of
from console.web.services import Services
from workers.services.access import Answered, Caller, once

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
    client: Caller,
    key: str | None,
    body: BaseModel | None,
    work: Work,
) -> Response:
    """Do the work in one transaction, once per key, and answer with what it returns.

    Raises: KeyInUse, KeyReused.
    """
    with services.engine.begin() as connection:
        if key is None:
            answered = Answered(text_of(work(connection)))
        else:
            wanted = _fingerprint(request, body)
            answered = once(connection, client, key, wanted, lambda: text_of(work(connection)))
    headers = {"Idempotency-Replayed": "true"} if answered.again else {}
    return Response(answered.text, media_type="application/json", headers=headers)


def _fingerprint(request: Request, body: BaseModel | None) -> str:
    """Return the same text for the same request, however its JSON is spaced."""
    content = body.model_dump_json(exclude_unset=True) if body is not None else ""
    parts = (request.method, request.url.path, request.url.query, content)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
