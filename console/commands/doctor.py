"""`renkei doctor`: is everything there that runs need?"""

from dataclasses import asdict

import click

from console.output import columns, print_json, print_table
from console.session import Session, leaf

MARKS = {"ok": "✓", "warning": "!", "failed": "✗"}
COLUMNS = columns(
    "state, name=check, found, hint=what to do", state=lambda row: MARKS[str(row["state"])]
)


@click.command()
@leaf
def doctor(session: Session) -> None:
    """Check settings, servers, schema, secrets, clocks, workers and shops; exit 1 on a failure."""
    from console.checkup import FAILED, look  # noqa: PLC0415 -- loads celery and redis

    checks = list(look(session.settings))
    rows = [asdict(check) for check in checks]
    failed = any(check.state == FAILED for check in checks)
    if session.as_json:
        print_json({"ok": not failed, "checks": rows})
    else:
        print_table(rows, COLUMNS)
    if failed:
        raise click.exceptions.Exit(1)
