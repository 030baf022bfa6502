"""What `renkei up` says on the terminal."""

from dataclasses import asdict
from datetime import datetime

import click

from console.output import columns, print_table
from console.supervisor.programs import CONSOLE, FLOWER, FLOWER_USER, password_place
from console.supervisor.state import UpState
from domain.engine.cadence import TOKYO
from workers.settings import Settings

COLUMNS = columns("name=process, pid, state, address")


def tell(sentence: str) -> None:
    """Write a line with the time on standard error."""
    click.echo(f"{datetime.now(TOKYO):%H:%M:%S} {sentence}", err=True)


def show_running(settings: Settings, state: UpState) -> None:
    """Print what runs, and where people go."""
    every = {**state.servers, **state.processes}
    rows: list[dict[str, object]] = [
        {"name": name, **asdict(one), "address": state.addresses.get(name, "")}
        for name, one in every.items()
    ]
    print_table(rows, COLUMNS)
    if CONSOLE in state.addresses:
        click.echo(f"console  {state.addresses[CONSOLE]}")
    if FLOWER in state.addresses:
        address = state.addresses[FLOWER]
        click.echo(
            f"Flower   {address}  user {FLOWER_USER}, password in {password_place(settings)}"
        )
    click.echo(f"logs     {settings.home / 'log'}")
    click.echo("Ctrl-C stops everything")
