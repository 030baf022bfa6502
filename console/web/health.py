"""Whether this process lives and can work, and figures for Prometheus."""

from collections.abc import Callable

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from adapters.postgres.database import DatabaseUnavailable, autocommit
from adapters.postgres.migrations import head, revision_of
from adapters.postgres.views.checkup import answers
from console.web.access import Shared, Watcher
from console.web.documents import text_of
from console.web.metrics import exposition
from console.web.services import Services

router = APIRouter(tags=["health"])
OK = "ok"


@router.get("/healthz")
def healthz() -> dict[str, str]:
    """Answer as long as the process lives; asks nobody else."""
    return {"status": OK}


@router.get("/readyz", response_model=None)
def readyz(services: Shared) -> Response:
    """Tell whether database and broker answer and the database is of this version."""
    parts = {
        "database": _asked(lambda: _database(services)),
        "migrations": _asked(lambda: _migrations(services)),
        "broker": _asked(lambda: _broker(services)),
    }
    ready = all(state == OK for state in parts.values())
    document = {"status": OK if ready else "not ready", **parts}
    return Response(
        text_of(document), status_code=200 if ready else 503, media_type="application/json"
    )


@router.get("/metrics", response_model=None)
def metrics(_: Watcher, services: Shared) -> Response:
    """Return figures for Prometheus: to this machine itself, or with the scope metrics:read."""
    return Response(exposition(services), media_type=CONTENT_TYPE_LATEST)


def _asked(question: Callable[[], str]) -> str:
    """Return what somebody answers, without how they failed."""
    try:
        return question()
    except (DatabaseUnavailable, SQLAlchemyError, RedisError):
        return "unreachable"


def _database(services: Services) -> str:
    with autocommit(services.engine).connect() as connection:
        answers(connection)
    return OK


def _migrations(services: Services) -> str:
    with autocommit(services.engine).connect() as connection:
        return OK if revision_of(connection) == head() else "behind"


def _broker(services: Services) -> str:
    services.redis.ping()
    return OK
