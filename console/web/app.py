"""The web application: put together from its parts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from anyio.to_thread import current_default_thread_limiter
from fastapi import APIRouter, FastAPI

from console.web import health
from console.web.api import dead_letters, orders, runs, stock
from console.web.limits import BodyLimit, RequestLog
from console.web.models import ProblemDocument
from console.web.problems import add_handlers
from console.web.services import THREADS, Services

DESCRIPTION = (
    "What a warehouse system reads and tells: shipping instructions, stock, runs, dead letters."
    " Every write takes an Idempotency-Key. Failures are problem+json."
)


def create_app(services: Services) -> FastAPI:
    """Return the application; it closes the services when it ends."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        # As many threads as connections: nobody waits for one with a request half done.
        current_default_thread_limiter().total_tokens = THREADS
        yield
        services.close()

    app = FastAPI(
        title="renkei",
        version="1",
        description=DESCRIPTION,
        openapi_url="/api/openapi.json",
        # Their pages load scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.services = services
    api = APIRouter(prefix="/api/v1")
    for part in (orders, stock, runs, dead_letters):
        api.include_router(part.router)
    app.include_router(api)
    app.include_router(health.router)
    add_handlers(app)
    app.add_middleware(BodyLimit)
    app.add_middleware(RequestLog)
    _describe_problems(app)
    return app


def _describe_problems(app: FastAPI) -> None:
    """Put the schema that every refusal refers to into the OpenAPI document."""
    made = app.openapi()
    made["components"]["schemas"][ProblemDocument.__name__] = ProblemDocument.model_json_schema()
