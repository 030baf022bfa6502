"""Runs, their items, the turn each shop takes, and how far each shop's list was read.

Which states exist and who moves them: docs/decisions/0003-runs-and-items.md. No table names the
actions: they are one table of their own (domain/actions.py), and a new one needs no migration.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Integer,
    Sequence,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql import text

from adapters.postgres.schema.base import (
    index,
    metadata,
    moment,
    one_of,
    reference,
    thing,
)
from domain.engine.runs import ItemState, RunMode, RunState

runs = thing(
    "runs",
    reference("shop_id", "shops.id"),
    Column("action", Text, nullable=False),
    Column("mode", Text, nullable=False),
    # The due time this run stands for; null for a run somebody or another run asked for.
    moment("slot"),
    Column("state", Text, nullable=False, server_default=text("'pending'")),
    # What was asked for beyond the action: ship date, keys of a replay.
    Column("request", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    moment("window_from"),
    moment("window_to"),
    # A range run that is read slice by slice: everything up to here is recorded (IMP-3).
    moment("read_until"),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("generation", Integer, nullable=False, server_default=text("0")),
    moment("lease_until"),
    # While pending: not before this.
    moment("due_at", default_now=True),
    # The cart closed while items were left: they are carried over (CLS-1).
    moment("closed_at"),
    # The list could not be read (to its end): the run fails whatever its items did.
    Column("plan_failed", Boolean, nullable=False, server_default=text("false")),
    Column("succeeded", Integer, nullable=False, server_default=text("0")),
    Column("failed", Integer, nullable=False, server_default=text("0")),
    Column("skipped", Integer, nullable=False, server_default=text("0")),
    Column("carried_over", Integer, nullable=False, server_default=text("0")),
    Column("calls", Integer, nullable=False, server_default=text("0")),
    Column("reason", Text, nullable=False, server_default=text("''")),
    moment("created_at", default_now=True),
    moment("started_at"),
    moment("finished_at"),
    UniqueConstraint("shop_id", "action", "slot"),
    one_of("mode", RunMode),
    one_of("state", RunState),
    CheckConstraint(
        "(finished_at is not null) = (state not in ('pending', 'planning', 'open'))",
        name="finished_when_final",
    ),
    # One run per (shop, action) at a time (IMP-4).
    index(
        "uq_runs_one_at_a_time",
        "shop_id",
        "action",
        unique=True,
        where="state in ('planning', 'open')",
    ),
    index("ix_runs_pending", "due_at", where="state = 'pending'"),
    index("ix_runs_planning", "lease_until", where="state = 'planning'"),
    index("ix_runs_open", "id", where="state = 'open'"),
    index("ix_runs_shop_recent", "shop_id", "action", "id desc"),
)

run_items = thing(
    "run_items",
    reference("run_id", "runs.id"),
    Column("shop_id", BigInteger, nullable=False),
    Column("action", Text, nullable=False),
    # What people see: an order key or number, or a SKU.
    Column("key", Text, nullable=False),
    # What the worker reads: id of the import task or SKU; null where the key says it all.
    Column("subject_id", BigInteger),
    # What the plan read and the worker would otherwise read again; emptied when the item ends.
    Column("payload", JSONB),
    Column("state", Text, nullable=False, server_default=text("'due'")),
    Column("priority", SmallInteger, nullable=False),
    moment("due_at", default_now=True),
    moment("lease_until"),
    Column("generation", Integer, nullable=False, server_default=text("0")),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("calls", Integer, nullable=False, server_default=text("0")),
    Column("reason", Text, nullable=False, server_default=text("''")),
    moment("created_at", default_now=True),
    moment("finished_at"),
    UniqueConstraint("run_id", "key"),
    one_of("state", ItemState),
    CheckConstraint(
        "(lease_until is not null) = (state in ('queued', 'running'))", name="leased_while_out"
    ),
    CheckConstraint(
        "(finished_at is null) = (state in ('due', 'queued', 'running'))",
        name="finished_when_final",
    ),
    index("ix_run_items_due", "shop_id", "priority", "due_at", "id", where="state = 'due'"),
    index("ix_run_items_out", "shop_id", "lease_until", where="state in ('queued', 'running')"),
    # By another word than ix_run_items_out, or PostgreSQL takes this one for it when both were
    # empty at its last look, and counts a shop's few items out among a flood's thousands.
    index("ix_run_items_open", "run_id", where="finished_at is null"),
    # Rows change state several times in a short life: leave room beside them.
    fillfactor="70",
)

# One row per shop with work: the fair claim takes turns by last_pick (CLS-8). By number, not by
# time: with a clock that stepped back, who was served before would wait behind all others.
Sequence("lane_picks", metadata=metadata)
lanes = Table(
    "lanes",
    metadata,
    Column("shop_id", BigInteger, primary_key=True, autoincrement=False),
    Column("last_pick", BigInteger, nullable=False, server_default=text("nextval('lane_picks')")),
    # Below the shop's own limit while its answers say it is too much.
    Column("allowed_in_flight", Integer),
    moment("slowed_at"),
)

# Out of budget or asked to slow down: a shop's items with this priority number or a larger one are
# not sent before that moment (CLS-2). A short wait of all leaves a long one of some as it is.
lane_blocks = Table(
    "lane_blocks",
    metadata,
    Column("shop_id", BigInteger, primary_key=True, autoincrement=False),
    Column("priority", SmallInteger, primary_key=True, autoincrement=False),
    moment("until", nullable=False),
)

# Calls per shop and hour: what the budget in Redis starts from after it was emptied (CLS-2).
call_counts = thing(
    "call_counts",
    reference("shop_id", "shops.id"),
    moment("hour", nullable=False),
    Column("calls", Integer, nullable=False),
    UniqueConstraint("shop_id", "hour"),
)

cursors = thing(
    "cursors",
    reference("shop_id", "shops.id"),
    Column("action", Text, nullable=False),
    moment("position", nullable=False),
    # By the cart's clock; null while no order was ever seen.
    moment("newest_ordered_at"),
    moment("moved_at", default_now=True),
    UniqueConstraint("shop_id", "action"),
)
