"""`renkei log`: what the runs did, in the operators' words (APIログ)."""

from datetime import datetime

import click

from adapters.postgres.views.api_log import list_log
from console.output import columns
from console.session import Session, leaf
from console.words import ID, MOMENT, ONLY_SHOP

COLUMNS = columns("at, shop, category=カテゴリ, level, needs_person=needs a person, message, run")


@click.group()
def log() -> None:
    """The API log (APIログ)."""


@log.command("list")
@ONLY_SHOP
@click.option("--since", type=MOMENT, metavar="T", help="Only from then on.")
@click.option("--run", "run_id", type=ID, metavar="ID", help="Only this run.")
@leaf
def show(session: Session, shop: str | None, since: datetime | None, run_id: int | None) -> None:
    """Print lines of the API log, oldest first."""
    session.list_rows(list_log, COLUMNS, shop=shop, since=since, run_id=run_id)
