"""Runs (実行) and their items."""

from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Response

from adapters.postgres.views.runs import page_runs, show_run
from console.web.access import RunsReader, Shared
from console.web.api.answers import PROBLEMS
from console.web.documents import Cursor, Limit, answer, number_at, page
from console.web.models import Runs, RunWithItems
from console.web.problems import Problem
from console.web.words import Filter, Id
from domain.actions import Action

router = APIRouter(prefix="/runs", tags=["runs"], responses=PROBLEMS)
State = Literal["running", "succeeded", "partly_failed", "failed", "closed", "parked"]


@router.get("", response_model=None, responses={200: {"model": Runs}})
def list_runs(
    client: RunsReader,
    services: Shared,
    shop: Filter = None,
    action: Annotated[Action | None, Query()] = None,
    state: Annotated[State | None, Query()] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """Return runs without their items, newest first."""
    before = number_at(cursor)
    with services.engine.begin() as connection:
        filters = {"shop": shop, "action": action, "state": state}
        rows, following = page_runs(
            connection, client.merchant_id, before=before, most=limit, **filters
        )
    return page("runs", rows, following)


@router.get("/{run_id}", response_model=None, responses={200: {"model": RunWithItems}})
def show(run_id: Annotated[Id, Path()], client: RunsReader, services: Shared) -> Response:
    """Return one run with its items."""
    with services.engine.begin() as connection:
        found = show_run(connection, client.merchant_id, run_id)
    if found is None:
        raise Problem(HTTPStatus.NOT_FOUND, f"no run {run_id}")
    return answer(found)
