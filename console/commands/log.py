"""`renkei log`: what the runs did, in the operators' words (APIログ)."""

import click

from adapters.postgres.views.api_log import list_log
from console.output import columns
from console.session import add_list
from console.words import ID, MOMENT, ONLY_SHOP

COLUMNS = columns("at, shop, category=カテゴリ, level, needs_person=needs a person, message, run")

SINCE = click.option("--since", type=MOMENT, metavar="T", help="Only from then on.")
RUN = click.option("--run", "run_id", type=ID, metavar="ID", help="Only this run.")


@click.group()
def log() -> None:
    """The API log (APIログ)."""


add_list(log, "Print lines of the API log, oldest first.", list_log, COLUMNS, ONLY_SHOP, SINCE, RUN)
