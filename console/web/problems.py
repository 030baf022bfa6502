"""Every failure as problem+json (RFC 9457): what the caller can do, never how we are made."""

import json
import logging
import traceback
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from adapters.postgres.database import DatabaseUnavailable
from domain.engine.runs import UnknownDeadLetter
from domain.errors import BrokenRule
from domain.notation import Misentered
from domain.warehouse.targets import UnknownInstruction
from workers.services.access import KeyReused

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = "5"

# What a refusal is in HTTP; any other one is a conflict.
_REFUSALS: Mapping[type[BrokenRule], HTTPStatus] = {
    UnknownInstruction: HTTPStatus.NOT_FOUND,
    UnknownDeadLetter: HTTPStatus.NOT_FOUND,
    KeyReused: HTTPStatus.UNPROCESSABLE_ENTITY,
    Misentered: HTTPStatus.UNPROCESSABLE_ENTITY,
}

_log = logging.getLogger(__name__)


class Problem(Exception):
    """A failure with the status and the sentence the caller gets."""

    def __init__(
        self, status: HTTPStatus, detail: str, *, headers: Mapping[str, str] | None = None
    ) -> None:
        """Args: detail: one sentence without internals."""
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = dict(headers or {})


def problem(
    status: HTTPStatus, detail: str, *, headers: Mapping[str, str] | None = None, **more: object
) -> Response:
    """Return the answer. Args: more: further members, such as `errors`."""
    body = {
        "type": "about:blank",
        "title": status.phrase,
        "status": status.value,
        "detail": detail,
        **more,
    }
    return Response(
        json.dumps(body, ensure_ascii=False),
        status_code=status.value,
        media_type=MEDIA_TYPE,
        headers=dict(headers or {}),
    )


def add_handlers(app: FastAPI) -> None:
    """Have every failure of the application answered here."""

    @app.exception_handler(Problem)
    def ours(_: Request, error: Problem) -> Response:
        return problem(error.status, error.detail, headers=error.headers)

    @app.exception_handler(RequestValidationError)
    def invalid(_: Request, error: RequestValidationError) -> Response:
        errors = [_named(one) for one in error.errors()]
        detail = "; ".join(f"{one['at']}: {one['detail']}" for one in errors[:3])
        return problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, errors=errors)

    @app.exception_handler(HTTPException)
    def plain(_: Request, error: HTTPException) -> Response:
        status = HTTPStatus(error.status_code)
        return problem(status, status.description or status.phrase, headers=error.headers)

    @app.exception_handler(BrokenRule)
    def refused(_: Request, error: BrokenRule) -> Response:
        return problem(_REFUSALS.get(type(error), HTTPStatus.CONFLICT), str(error))

    @app.exception_handler(DatabaseUnavailable)
    def unavailable(_: Request, error: Exception) -> Response:
        _log.warning("database unavailable", extra={"fields": {"error": type(error).__name__}})
        return problem(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "the database does not answer: try again",
            headers={"Retry-After": RETRY_AFTER_S},
        )

    @app.exception_handler(Exception)
    def bug(request: Request, error: Exception) -> Response:
        _log_bug(request, error)
        return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "unexpected failure; it was logged")


def _named(error: Mapping[str, Any]) -> dict[str, str]:
    """Return where and what is wrong, without the value that was sent."""
    place = ".".join(str(part) for part in error["loc"])
    return {"at": place, "detail": str(error["msg"])}


def _log_bug(request: Request, error: Exception) -> None:
    """Log where it happened; a message or a statement could hold what was sent."""
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames[-8:]]
    fields = {"path": request.url.path, "error": type(error).__name__, "at": places}
    _log.error("unexpected failure", extra={"fields": fields})
