"""What happened: effects in the outside world, failures, closures, the API log, the audit."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Integer,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB, UUID
from sqlalchemy.sql import text

from adapters.postgres.schema.base import (
    index,
    metadata,
    moment,
    one_of,
    reference,
    thing,
)
from domain.carts.cart import Cart
from domain.engine.effects import EffectState
from domain.engine.maintenance import ClosureSource
from domain.engine.runs import LetterState
from domain.errors import ApiFamily

# Things that must happen at most once (RET-5); states: docs/decisions.
effects = thing(
    "effects",
    reference("shop_id", "shops.id"),
    Column("kind", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("state", Text, nullable=False, server_default=text("'planned'")),
    Column("detail", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    moment("planned_at", default_now=True),
    moment("sent_at"),
    Column("deadline_s", Integer, nullable=False, server_default=text("0")),
    moment("confirmed_at"),
    UniqueConstraint("shop_id", "kind", "key"),
    one_of("state", EffectState),
    CheckConstraint("state = 'planned' or sent_at is not null", name="sent_has_a_time"),
)

dead_letters = thing(
    "dead_letters",
    reference("shop_id", "shops.id"),
    Column("action", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("run_id", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("detail", Text, nullable=False, server_default=text("''")),
    Column("attempts", Integer, nullable=False),
    moment("first_failed_at", default_now=True),
    moment("last_failed_at", default_now=True),
    Column("state", Text, nullable=False, server_default=text("'open'")),
    Column("decided_by", Text),
    Column("decision_reason", Text),
    moment("decided_at"),
    one_of("state", LetterState),
    index("uq_dead_letters_open", "shop_id", "action", "key", unique=True, where="state = 'open'"),
)

api_log = thing(
    "api_log",
    moment("at", default_now=True),
    reference("shop_id", "shops.id"),
    Column("run_id", BigInteger),
    Column("type", Text, nullable=False, server_default=text("'外部連携API'")),
    Column("category", Text, nullable=False),
    Column("level", Text, nullable=False),
    Column("needs_person", Boolean, nullable=False, server_default=text("false")),
    Column("message", Text, nullable=False),
    one_of("category", ("出荷", "在庫")),
    one_of("level", ("info", "warning", "error")),
    index("ix_api_log_shop", "shop_id", "at desc"),
    index("ix_api_log_run", "run_id"),
)

closures = thing(
    "closures",
    Column("cart", Text, nullable=False),
    Column("api", Text, nullable=False),
    moment("starts_at", nullable=False),
    # Null while nobody knows: a probe finds out (half-open).
    moment("ends_at"),
    Column("source", Text, nullable=False),
    moment("probe_at"),
    Column("closed_answers", Integer, nullable=False, server_default=text("1")),
    # Of the shops that a detected closure is about; null = all of the cart.
    Column("api_url", Text),
    reference("detected_by", "shops.id", nullable=True),
    moment("ended_at"),
    moment("created_at", default_now=True),
    one_of("cart", Cart),
    one_of("api", (*ApiFamily, "all")),
    one_of("source", ClosureSource),
    CheckConstraint("ends_at is null or ends_at > starts_at", name="ends_after_start"),
    index("ix_closures_live", "cart", where="ended_at is null"),
    index(
        "uq_closures_calendar", "cart", "api", "starts_at", unique=True, where="source = 'calendar'"
    ),
)

# One row, made with the schema: which installation this database belongs to. A restored copy keeps
# the id, by which what is remembered outside of it is found (adapters/redis/high_water.py).
installation = Table(
    "installation",
    metadata,
    Column("alone", Boolean, primary_key=True, server_default=text("true")),
    Column("id", UUID, nullable=False, server_default=text("gen_random_uuid()")),
    # To which time the database was set back; null while that never happened (PLC-2).
    moment("restored_to"),
    CheckConstraint("alone", name="one_row"),
)

audit = thing(
    "audit",
    moment("at", default_now=True),
    Column("merchant_id", BigInteger),
    Column("actor", Text, nullable=False),
    Column("did", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("reason", Text, nullable=False, server_default=text("''")),
    Column("detail", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
)
