"""What every command shares: --json, --merchant, the settings, the database, who asks."""

import functools
import getpass
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Concatenate, ParamSpec

import click
from sqlalchemy import Connection, Engine

from adapters.postgres.clock import DatabaseClock
from adapters.postgres.database import autocommit
from adapters.postgres.revision import require_fit
from adapters.postgres.views.merchants import merchant_of
from adapters.postgres.views.shops import ShopRef
from console.failures import CommandFailed
from console.output import Column, print_json, print_lines, print_table
from console.words import known_shop, shop_of
from workers.places import engine_of
from workers.services.actors import Actor
from workers.settings import Settings

P = ParamSpec("P")


@dataclass
class Session:
    """One call of one command.

    Attributes:
        as_json: print one JSON document instead of tables and sentences.
        wanted_merchant: the merchant named on the command line, if any.
        patient: its statements may take their time, as those of an export do (PLC-1).
    """

    as_json: bool
    wanted_merchant: str | None
    patient: bool = False

    @cached_property
    def settings(self) -> Settings:
        """The checked environment. Raises BadSettings."""
        return Settings.from_environ()

    @cached_property
    def engine(self) -> Engine:
        """The database, opened on first use. Raises NotRunning, WrongSchema."""
        with autocommit(self.any_engine).connect() as connection:
            require_fit(connection)
        return self.any_engine

    @cached_property
    def any_engine(self) -> Engine:
        """The database of whatever version: to back up before an upgrade. Raises NotRunning."""
        return engine_of(self.settings, connections=1, name="renkei-cli", bounded=not self.patient)

    @cached_property
    def clock(self) -> DatabaseClock:
        """The clock that decides."""
        return DatabaseClock(self.engine)

    @contextmanager
    def work(self) -> Iterator[tuple[Connection, int]]:
        """Open a transaction for this call's merchant; gives the connection and its id.

        Raises: CommandFailed when there is no such merchant.
        """
        key = self.wanted_merchant or self.settings.merchant
        with self.engine.begin() as connection:
            found = merchant_of(connection, key)
            if found is None:
                raise CommandFailed(
                    f"no merchant {key}: see `renkei merchant list`,"
                    " or prepare the database with `renkei db upgrade`"
                )
            yield connection, found

    @contextmanager
    def change(self, reason: str = "") -> Iterator[tuple[Connection, Actor]]:
        """Open the transaction of a use case; gives the connection and who asks."""
        with self.work() as (connection, merchant_id):
            yield connection, Actor(merchant_id, actor_name(), reason)

    @contextmanager
    def change_shop(
        self, key: str, reason: str = ""
    ) -> Iterator[tuple[Connection, Actor, ShopRef]]:
        """Open the transaction of a use case of one shop. Raises CommandFailed without the shop."""
        with self.change(reason) as (connection, actor):
            yield connection, actor, shop_of(connection, actor.merchant_id, key)

    def now(self) -> datetime:
        """Return the moment this call counts from, by PostgreSQL's clock. Raises NotRunning."""
        return self.clock.now()

    def show(self, rows: Sequence[dict[str, object]], columns: Sequence[Column]) -> None:
        """Print a list: one JSON array, or a table."""
        if self.as_json:
            print_json(rows)
        else:
            print_table(rows, columns)

    def tell(self, document: Mapping[str, object], *lines: str) -> None:
        """Print one thing: one JSON object, or sentences."""
        if self.as_json:
            print_json(document)
        else:
            print_lines(lines)

    def close(self) -> None:
        """Give the database connection back."""
        if "any_engine" in vars(self):
            self.any_engine.dispose()


def leaf(function: Callable[Concatenate[Session, P], None]) -> Callable[P, None]:
    """Give a command --json and --merchant, and hand it its session."""

    @click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
    @click.option("--merchant", "wanted_merchant", metavar="KEY", help="Work for this merchant.")
    @functools.wraps(function)
    def command(*args: P.args, **kwargs: P.kwargs) -> None:
        as_json, merchant = kwargs.pop("as_json"), kwargs.pop("wanted_merchant")
        session = Session(bool(as_json), str(merchant) if merchant else None)
        try:
            function(session, *args, **kwargs)
        finally:
            session.close()

    return command


def add_list(
    group: click.Group,
    says: str,
    read: Callable[..., Sequence[dict[str, object]]],
    columns: Sequence[Column],
    *options: Callable[[Callable[..., None]], Callable[..., None]],
) -> None:
    """Add the command `list` to a group: what a reader returns for this merchant.

    Args: options: filters of the reader; a shop among them is or was there.
    """

    @leaf
    def command(session: Session, /, **filters: Any) -> None:
        with session.work() as (connection, merchant_id):
            known_shop(connection, merchant_id, filters.get("shop"))
            rows = read(connection, merchant_id, **filters)
        session.show(rows, columns)

    made: Callable[..., None] = command
    for option in reversed(options):
        made = option(made)
    group.command("list", help=says)(made)


def actor_name() -> str:
    """Return who is at this command line, for the audit."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "cli"
