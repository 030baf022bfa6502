"""One write: a transaction, done once per Idempotency-Key, answered the same each time."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel
from sqlalchemy import Connection

from console.web.access import Shared
from console.web.documents import text_of
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


@dataclass(kw_only=True)
class WriteCall:
    """What every write is called with."""

    request: Request
    services: Shared
    idempotency_key: Key = None

    def answer(
        self, client: Caller, body: BaseModel | None, work: Callable[[Connection], object]
    ) -> Response:
        """Do the work in one transaction, once per key, and answer with what it returns.

        Raises: KeyInUse, KeyReused.
        """
        key = self.idempotency_key
        with self.services.engine.begin() as connection:
            if key is None:
                answered = Answered(text_of(work(connection)))
            else:
                wanted = self._fingerprint(body)
                answered = once(connection, client, key, wanted, lambda: text_of(work(connection)))
        headers = {"Idempotency-Replayed": "true"} if answered.again else {}
        return Response(answered.text, media_type="application/json", headers=headers)

    def _fingerprint(self, body: BaseModel | None) -> str:
        """Return the same text for the same request, however its JSON is spaced."""
        content = body.model_dump_json(exclude_unset=True) if body is not None else ""
        url = self.request.url
        parts = (self.request.method, url.path, url.query, content)
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


Writing = Annotated[WriteCall, Depends()]
