"""Runs as people see them: printed, and followed until they are over; the exit code of that."""

from collections.abc import Sequence
from typing import Any

import click

from adapters.postgres.views.runs import show_run
from console.failures import CommandFailed
from console.output import columns, print_json, print_lines, print_table, shop_shown, shown
from console.session import Session
from console.waiting import Waiter

SUCCEEDED = "succeeded"
ITEM_COLUMNS = columns("key, state, attempts, reason")
_FIGURES = {
    "succeeded": "成功",
    "failed": "失敗",
    "skipped": "skipped",
    "carried_over": "carried over",
    "calls": "calls",
}
_TIMES = ("started_at", "finished_at")


def document(session: Session, run_id: int) -> dict[str, Any]:
    """Return a run as interfaces.md describes it. Raises CommandFailed when it is gone."""
    with session.work() as (connection, merchant_id):
        found = show_run(connection, merchant_id, run_id)
    if found is None:
        raise CommandFailed(f"run {run_id} is gone: see `renkei runs list`")
    return found


def show_document(session: Session, run: dict[str, Any]) -> None:
    """Print a run as one JSON object, or as sentences and a table of its items."""
    if session.as_json:
        print_json(run)
        return
    print_lines(_lines(run))
    if run["items"]:
        print_table(run["items"], ITEM_COLUMNS)


def _lines(run: dict[str, Any]) -> list[str]:
    lines = [
        f"run {run['id']}  {shop_shown(run)}  {run['action']} ({run['mode']}): {run['state']}",
        "  ".join(f"{word} {run[name]}" for name, word in _FIGURES.items()),
    ]
    window = run["window"]
    if window["from"] is not None:
        lines.append(f"window {shown(window['from'])} to {shown(window['to'])}")
    times = [f"{name.removesuffix('_at')} {shown(run[name])}" for name in _TIMES if run[name]]
    if times:
        lines.append("  ".join(times))
    if run["reason"]:
        lines.append(f"reason: {run['reason']}")
    return lines


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
        why = f" ({run['reason']})" if run["reason"] else ""
        raise CommandFailed(f"run {run_id} is not over after {waiter.timeout_s:g} s{why}; {again}")
    if run["state"] != SUCCEEDED:
        raise CommandFailed(_why(run))


def _why(run: dict[str, Any]) -> str:
    """Return the one line for standard error about a run that did not succeed."""
    told = f"run {run['id']} of {run['shop']} {run['action']}: {run['state']}"
    failed = (item for item in run["items"] if item["state"] == "failed")
    reason = run["reason"] or next((f"{item['key']}: {item['reason']}" for item in failed), "")
    return f"{told}; {reason}" if reason else told


def follow_all(
    session: Session,
    answer: dict[str, Any],
    said: Sequence[str],
    run_ids: Sequence[int],
    *,
    wait_s: float | None,
) -> None:
    """Tell the workers of runs, after the commit, and print an answer with them.

    Args:
        said: the answer in sentences.
        wait_s: wait so long for each of them before printing; exits 1 unless all succeeded.
    """
    from workers.services.runs import announce_runs  # noqa: PLC0415 -- loads what a shop is made of

    announce_runs(session.settings, run_ids)
    if not session.as_json:
        print_lines(said)
    waiting = wait_s is not None
    if wait_s is not None:
        for run_id in run_ids:
            Waiter(session.engine, wait_s).wait(run_id)
    runs = [document(session, run_id) for run_id in run_ids]
    if session.as_json:
        print_json({**answer, "runs": runs})
    else:
        for run in runs:
            if waiting:
                show_document(session, run)
            else:
                print_lines([f"run {run['id']} of {run['shop']} asked for"])
    if waiting and any(run["state"] != SUCCEEDED for run in runs):
        raise click.exceptions.Exit(1)
