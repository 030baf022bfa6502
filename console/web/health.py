"""Whether this process lives and can work, and figures for Prometheus."""

from collections.abc import Callable, Sequence
from contextlib import suppress

from anyio import CapacityLimiter, create_task_group, move_on_after
from anyio.lowlevel import RunVar
from anyio.to_thread import run_sync
from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from adapters.postgres.database import DatabaseUnavailable, autocommit, within
from adapters.postgres.views.checkup import answers
from adapters.postgres.views.processes import ProcessSeen, processes_seen
from console.web.access import Shared, Watcher
from console.web.documents import text_of
from console.web.metrics import exposition
from console.web.services import Services
from domain.engine.liveness import Liveness, ProcessKind

router = APIRouter(tags=["health"])
OK = "ok"
UNREACHABLE = "unreachable"
# Nobody began to work, or all ended as they were asked to: pages and the API can be used.
NONE = "none"
ANSWER_S = 3.0
LONGEST_S = 6.0


# Probes wait for no thread that a page has: its statement may be overdue.
_limiter = RunVar[CapacityLimiter]("renkei probes")
PROBES_AT_ONCE = 4


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """Answer as long as the process lives; asks nobody else."""
    return {"status": OK}


@router.get("/readyz", response_model=None)
async def readyz(services: Shared) -> Response:
    """Tell whether database and broker answer, the database fits, and workers do their ticks.

    Answers within LONGEST_S whatever is silent: what did not answer by then is `unreachable`.
    """
    parts = dict.fromkeys(("database", "migrations", "broker", "workers"), UNREACHABLE)
    with move_on_after(LONGEST_S):
        async with create_task_group() as group:
            for question in (_database, _broker):
                group.start_soon(_ask, question, services, parts)
    ready = all(parts[name] in {OK, NONE} for name in parts)
    document = {"status": OK if ready else "not ready", **parts}
    return Response(
        text_of(document), status_code=200 if ready else 503, media_type="application/json"
    )


@router.get("/metrics", response_model=None)
def metrics(_: Watcher, services: Shared) -> Response:
    """Return figures for Prometheus: to this machine itself, or with the scope metrics:read."""
    return Response(exposition(services), media_type=CONTENT_TYPE_LATEST)


async def _ask(
    question: Callable[[Services, dict[str, str]], None],
    services: Services,
    parts: dict[str, str],
) -> None:
    limiter = _limiter.get(None)
    if limiter is None:
        limiter = CapacityLimiter(PROBES_AT_ONCE)
        _limiter.set(limiter)
    # How they failed is told to nobody.
    with suppress(DatabaseUnavailable, SQLAlchemyError, RedisError):
        await run_sync(question, services, parts, limiter=limiter, abandon_on_cancel=True)


def _database(services: Services, parts: dict[str, str]) -> None:
    with autocommit(services.engine).connect() as connection, within(connection, ANSWER_S):
        answers(connection)
        parts["database"] = OK
        fits = services.schema.look(connection)  # says in the log what is wrong
        parts["migrations"] = OK if fits else "ahead" if services.schema.is_newer else "behind"
        if fits:
            parts["workers"] = _workers(processes_seen(connection))


def _broker(services: Services, parts: dict[str, str]) -> None:
    services.redis.ping()
    parts["broker"] = OK


def _workers(seen: Sequence[ProcessSeen]) -> str:
    """Return how the best of the workers does: one that works is enough."""
    found = {one.liveness for one in seen if one.kind is ProcessKind.WORKER}
    if not found:
        return NONE
    if Liveness.WORKS in found:
        return OK
    return min(found, key=(Liveness.HUNG, Liveness.SILENT).index).value
