"""Answers every endpoint may give beside its own."""

from http import HTTPStatus
from typing import Any

from console.web.models import ProblemDocument
from console.web.problems import MEDIA_TYPE

_SCHEMA = {"$ref": f"#/components/schemas/{ProblemDocument.__name__}"}
_CONTENT = {MEDIA_TYPE: {"schema": _SCHEMA}}

_MEANINGS = {
    HTTPStatus.UNAUTHORIZED: "No valid token",
    HTTPStatus.FORBIDDEN: "The token lacks a scope",
    HTTPStatus.NOT_FOUND: "Nothing of that name",
    HTTPStatus.CONFLICT: "A rule says no",
    HTTPStatus.UNPROCESSABLE_ENTITY: "The request is wrong",
}
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status.value: {"description": meaning, "content": _CONTENT}
    for status, meaning in _MEANINGS.items()
}
