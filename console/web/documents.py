"""JSON documents, and the cursors of their pages."""

import base64
import binascii
import json
from http import HTTPStatus
from typing import Annotated

from fastapi import Query, Response

from console.output import encode
from console.web.problems import Problem
from console.web.words import whole

MOST_PER_PAGE = 500

Limit = Annotated[
    int,
    whole(1, MOST_PER_PAGE),
    Query(ge=1, le=MOST_PER_PAGE, description="Most rows of one page."),
]
Cursor = Annotated[str | None, Query(max_length=400, description="`next` of the page before.")]


def text_of(document: object) -> str:
    """Return the JSON text: moments in Tokyo, Japanese as it is."""
    return json.dumps(document, ensure_ascii=False, default=encode)


def answer(document: object) -> Response:
    """Return a JSON answer."""
    return Response(text_of(document), media_type="application/json")


def page(name: str, rows: list[dict[str, object]], following: object | None) -> Response:
    """Return one page; `next` is null on the last one."""
    cursor = base64.urlsafe_b64encode(json.dumps(following).encode()).decode()
    return answer({name: rows, "next": None if following is None else cursor})


def number_at(cursor: str | None) -> int | None:
    """Return the id a cursor stands for. Raises Problem."""
    place = _place(cursor)
    if place is not None and (not isinstance(place, int) or not 0 <= place < 2**63):
        raise _bad()
    return place


def text_at(cursor: str | None) -> str:
    """Return the word a cursor stands for, blank for the first page. Raises Problem."""
    place = _place(cursor)
    if place is not None and (not isinstance(place, str) or "\0" in place):
        raise _bad()
    return place or ""


def _place(cursor: str | None) -> object:
    if cursor is None:
        return None
    try:
        return json.loads(base64.urlsafe_b64decode(cursor.encode()))
    except (binascii.Error, ValueError) as error:
        raise _bad() from error


def _bad() -> Problem:
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "cursor: not one of ours")
