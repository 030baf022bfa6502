"""`renkei runs`: runs (実行) and their items."""

import click

from adapters.postgres.views.runs import list_runs, show_run
from console.failures import CommandFailed
from console.output import columns
from console.requested_runs import show_document
from console.session import Session, add_list, leaf
from console.words import ID, ONLY_ACTION, ONLY_SHOP, only_state

STATES = ("running", "succeeded", "partly_failed", "failed", "closed", "parked")
COLUMNS = columns(
    "id, shop, action, mode, state, succeeded=成功, failed=失敗, skipped, carried_over=carried, "
    "calls, started_at, finished_at, reason"
)


@click.group()
def runs() -> None:
    """Runs (実行): what robots and people set going."""


add_list(
    runs,
    "Print runs without their items, oldest first.",
    list_runs,
    COLUMNS,
    ONLY_SHOP,
    ONLY_ACTION,
    only_state(STATES),
)


@runs.command("show")
@click.argument("run_id", type=ID, metavar="ID")
@leaf
def show_one(session: Session, run_id: int) -> None:
    """Print one run with its items."""
    with session.work() as (connection, merchant_id):
        found = show_run(connection, merchant_id, run_id)
    if found is None:
        raise CommandFailed(f"no run {run_id}: see `renkei runs list`")
    show_document(session, found)
