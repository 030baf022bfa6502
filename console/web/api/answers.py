"""Answers every endpoint may give beside its own."""

from http import HTTPStatus
from typing import Any

from console.web.models import ProblemDocument
from console.web.problems import MEDIA_TYPE

_SCHEMA = {"$ref": f"#/components/schemas/{ProblemDocument.__name__}"}
_CONTENT = {MEDIA_TYPE: {"schema": _SCHEMA}}

PROBLEMS: dict[int | str, dict[str, Any]] = {
    HTTPStatus.UNAUTHORIZED.value: {"description": "No valid token", "content": _CONTENT},
    HTTPStatus.FORBIDDEN.value: {"description": "The token lacks a scope", "content": _CONTENT},
    HTTPStatus.NOT_FOUND.value: {"description": "Nothing of that name", "content": _CONTENT},
    HTTPStatus.CONFLICT.value: {"description": "A rule says no", "content": _CONTENT},
    HTTPStatus.UNPROCESSABLE_ENTITY.value: {
        "description": "The request is wrong",
        "content": _CONTENT,
    },
}
