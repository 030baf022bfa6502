"""Who calls: bearer tokens, scopes, and the merchant whose data they see."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from adapters.postgres.database import autocommit
from console.web.problems import Problem
from console.web.services import Services
from domain.access import Scope
from workers.services.access import Caller, caller_of

_bearer = HTTPBearer(auto_error=False, description="Token of `renkei api-client add`.")
_LOOPBACK = frozenset({"127.0.0.1", "::1"})
_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")

Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


async def services_of(request: Request) -> Services:
    """Return what this process shares; on the loop, so that probes wait for no thread."""
    services: Services = request.app.state.services
    return services


Shared = Annotated[Services, Depends(services_of)]


def caller_with(scope: Scope) -> Callable[..., Caller]:
    """Return a dependency that lets in clients with a scope."""

    def caller(services: Shared, credentials: Credentials) -> Caller:
        return _client(services, credentials, scope)

    return caller


def watcher(request: Request, services: Shared, credentials: Credentials) -> None:
    """Let in who may see the metrics: this machine itself, or a client with the scope."""
    host = request.client.host if request.client else ""
    proxied = any(name in request.headers for name in _FORWARDED)
    if credentials is None and host in _LOOPBACK and not proxied:
        return
    _client(services, credentials, Scope.METRICS_READ)


def _client(
    services: Services, credentials: HTTPAuthorizationCredentials | None, scope: Scope
) -> Caller:
    found = None
    if credentials is not None:
        with autocommit(services.engine).connect() as connection:
            found = caller_of(connection, credentials.credentials)
    if found is None:
        raise Problem(
            HTTPStatus.UNAUTHORIZED,
            "a bearer token that is valid is needed",
            headers={"WWW-Authenticate": "Bearer"},
        )
    if scope not in found.scopes:
        raise Problem(
            HTTPStatus.FORBIDDEN,
            f"this client lacks the scope {scope}",
            headers={"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{scope}"'},
        )
    return found


OrdersReader = Annotated[Caller, Depends(caller_with(Scope.ORDERS_READ))]
StockReader = Annotated[Caller, Depends(caller_with(Scope.STOCK_READ))]
StockWriter = Annotated[Caller, Depends(caller_with(Scope.STOCK_WRITE))]
RunsReader = Annotated[Caller, Depends(caller_with(Scope.RUNS_READ))]
DeadReader = Annotated[Caller, Depends(caller_with(Scope.DEAD_READ))]
DeadWriter = Annotated[Caller, Depends(caller_with(Scope.DEAD_WRITE))]
Watcher = Annotated[None, Depends(watcher)]
