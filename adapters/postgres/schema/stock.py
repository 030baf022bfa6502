"""SKUs and their counts, set products, the shops' items and what each shop was last told."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Integer,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.sql import text

from adapters.postgres.schema.base import index, metadata, moment, reference, thing

skus = thing(
    "skus",
    reference("merchant_id", "merchants.id"),
    Column("code", Text, nullable=False),
    # Null: nobody counted the SKU yet, so no shop is told anything of it (STK-8). Below 0 where
    # more was shipped than had been counted; free stock is never sent below 0.
    Column("on_hand", Integer),
    Column("secured", Integer, nullable=False, server_default=text("0")),
    # Bumped by every change of either count, in the same transaction (STK-5).
    Column("version", BigInteger, nullable=False, server_default=text("1")),
    moment("created_at", default_now=True),
    moment("changed_at", default_now=True),
    UniqueConstraint("merchant_id", "code"),
    CheckConstraint("secured >= 0", name="secured_not_negative"),
    CheckConstraint("code <> ''", name="code_not_blank"),
    fillfactor="80",
)

# Set products (セット商品): STK-7.
set_components = thing(
    "set_components",
    reference("set_sku_id", "skus.id"),
    reference("component_sku_id", "skus.id"),
    Column("quantity", Integer, nullable=False),
    UniqueConstraint("set_sku_id", "component_sku_id"),
    CheckConstraint("quantity > 0", name="quantity_positive"),
    CheckConstraint("set_sku_id <> component_sku_id", name="not_of_itself"),
    index("ix_set_components_component", "component_sku_id"),
)

# SKUs whose secured pieces are to be counted anew from the live instructions (STS-5).
recalculations = Table(
    "recalculations",
    metadata,
    Column("sku_id", BigInteger, ForeignKey("skus.id", ondelete="CASCADE"), primary_key=True),
    moment("asked_at", default_now=True),
)

external_items = thing(
    "external_items",
    reference("shop_id", "shops.id"),
    Column("item", Text, nullable=False),
    Column("variation", Text, nullable=False, server_default=text("''")),
    Column("name", Text, nullable=False, server_default=text("''")),
    Column("code", Text, nullable=False, server_default=text("''")),
    moment("seen_at"),
    UniqueConstraint("shop_id", "item", "variation"),
    CheckConstraint("item <> ''", name="item_not_blank"),
)

mappings = thing(
    "mappings",
    Column(
        "external_item_id",
        BigInteger,
        ForeignKey("external_items.id", ondelete="CASCADE"),
        nullable=False,
        unique=True,
    ),
    reference("shop_id", "shops.id"),
    reference("sku_id", "skus.id"),
    # ShopServe 在庫わずか通知の数; null = the cart's own number is sent back (STK-2).
    Column("low_stock", Integer),
    Column("unlimited", Boolean, nullable=False, server_default=text("false")),
    moment("changed_at", default_now=True),
    CheckConstraint("low_stock is null or low_stock >= 0", name="low_stock_not_negative"),
    index("ix_mappings_sku", "sku_id"),
    index("ix_mappings_shop", "shop_id", "sku_id"),
)

# What each mapping was last told. wanted_version moves with every change that matters to it;
# the mapping needs a push while pushed_version is behind (STK-1, STK-5).
stock_pushes = Table(
    "stock_pushes",
    metadata,
    Column(
        "mapping_id",
        BigInteger,
        ForeignKey("mappings.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    reference("shop_id", "shops.id"),
    reference("sku_id", "skus.id"),
    Column("wanted_version", BigInteger, nullable=False, server_default=text("1")),
    Column("pushed_version", BigInteger, nullable=False, server_default=text("0")),
    Column("pushed_quantity", Integer),
    Column("pushed_unlimited", Boolean, nullable=False, server_default=text("false")),
    moment("pushed_at"),
    Column("failure", Text, nullable=False, server_default=text("''")),
    # When a run said that the SKU is not counted; null = not since it was last told (STK-8).
    moment("uncounted_said_at"),
    # A worker died while it may have been telling the shop a number, which may arrive late (STK-5).
    moment("doubted_at"),
    CheckConstraint("pushed_version <= wanted_version", name="never_ahead"),
    index("ix_stock_pushes_doubted", "doubted_at", where="doubted_at is not null"),
    index("ix_stock_pushes_behind", "shop_id", "sku_id", where="pushed_version < wanted_version"),
    index("ix_stock_pushes_sku", "sku_id"),
    postgresql_with={"fillfactor": "70"},
)
