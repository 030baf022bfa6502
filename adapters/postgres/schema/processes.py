"""The processes of an installation, one row each."""

from sqlalchemy import Column, Double, Integer, Table, Text
from sqlalchemy.sql import text

from adapters.postgres.schema.base import metadata, moment, one_of
from domain.engine.liveness import ProcessKind

# Written every few seconds by the process itself; all moments are the database's (PLC-1).
processes = Table(
    "processes",
    metadata,
    Column("name", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("version", Text, nullable=False),
    moment("started_at", default_now=True),
    moment("beat_at", default_now=True),
    # When it last did what it is for; null before it did.
    moment("worked_at"),
    # How far its machine's time of day was ahead of the database's (CLK-1).
    Column("clock_ahead_s", Double, nullable=False, server_default=text("0")),
    one_of("kind", ProcessKind),
)
