"""Following runs a person asked for, and the exit code they end with."""

import click

from adapters.postgres.views.runs import show_run
from console.failures import Failed
from console.output import print_json, print_lines
from console.run_output import show_document
from console.session import Session
from console.waiting import Waiter

SUCCEEDED = "succeeded"


def announce(session: Session, run_ids: list[int]) -> None:
    """Tell the workers, after the commit; without it they find the runs within seconds."""
    from workers.services.runs import announce_run  # noqa: PLC0415 -- celery is slow to import

    for run_id in run_ids:
        announce_run(session.settings, run_id)


def document(session: Session, run_id: int) -> dict[str, object]:
    """Return a run as interfaces.md describes it. Raises Failed when it is gone."""
    with session.work() as (connection, merchant_id):
        found = show_run(connection, merchant_id, run_id)
    if found is None:
        raise Failed(f"run {run_id} is gone: its shop was removed")
    return found


def follow(session: Session, run_id: int, waiter: Waiter, again: str) -> None:
    """Wait for one run and print it whatever its state. Exits 1 unless it succeeded.

    Args: again: what a person types to watch it once more.
    """
    try:
        over = waiter.wait(run_id)
    except KeyboardInterrupt:
        click.echo(f"renkei: run {run_id} goes on; {again}", err=True)
        raise click.exceptions.Exit(1) from None
    run = document(session, run_id)
    show_document(session, run)
    if over is None and run["state"] == "running":
        raise Failed(f"run {run_id} is not over after {waiter.timeout_s:g} s; {again}")
    if run["state"] != SUCCEEDED:
        raise Failed(_why(run))


def _why(run: dict[str, object]) -> str:
    """Return the one line for standard error about a run that did not succeed."""
    told = f"run {run['id']} of {run['shop']} {run['action']}: {run['state']}"
    items = run["items"]
    first = (
        next(
            (f"{item['key']}: {item['reason']}" for item in items if item["state"] == "failed"), ""
        )
        if isinstance(items, list)
        else ""
    )
    reason = str(run["reason"] or "") or first
    return f"{told}; {reason}" if reason else told


def follow_all(
    session: Session, answer: dict[str, object], run_ids: list[int], waiter: Waiter | None
) -> None:
    """Print an answer with its runs; with a waiter, after waiting for all of them."""
    if waiter is not None:
        for run_id in run_ids:
            waiter.wait(run_id)
    runs = [document(session, run_id) for run_id in run_ids]
    if session.as_json:
        print_json({**answer, "runs": runs})
    else:
        for run in runs:
            if waiter:
                show_document(session, run)
            else:
                print_lines([f"run {run['id']} of {run['shop']} asked for"])
    if waiter and any(run["state"] != SUCCEEDED for run in runs):
        raise click.exceptions.Exit(1)
