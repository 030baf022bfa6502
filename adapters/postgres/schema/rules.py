"""Rules that change new shipping instructions (変換ロボット, 処理ロボット)."""

from sqlalchemy import Boolean, CheckConstraint, Column, Integer, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql import text

from adapters.postgres.schema.base import (
    moment,
    one_of,
    reference,
    thing,
)
from domain.orders.shop_rules import StandardRule

rules = thing(
    "rules",
    reference("shop_id", "shops.id"),
    # 1, 2, ... in the order in which they run. A standard rule is part of the conversion itself
    # and comes before all of them: it has no place.
    Column("position", Integer),
    Column("standard", Text),
    # As domain.orders.rule_texts writes it, without `enabled`.
    Column("definition", JSONB),
    Column("enabled", Boolean, nullable=False, server_default=text("true")),
    moment("created_at", default_now=True),
    moment("changed_at", default_now=True),
    UniqueConstraint("shop_id", "standard"),
    # Checked when a statement ends, so that one statement can move them all.
    UniqueConstraint("shop_id", "position", deferrable=True, initially="IMMEDIATE"),
    one_of("standard", StandardRule),
    CheckConstraint(
        "(standard is null) = (definition is not null)"
        " and (standard is null) = (position is not null)",
        name="standard_or_own",
    ),
    CheckConstraint("position >= 1", name="position_from_one"),
)
