"""Merchants, their shops with encrypted credentials, and the robots that work for them."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Double,
    Integer,
    LargeBinary,
    Numeric,
    Table,
    Text,
    Time,
    UniqueConstraint,
)
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
from domain.carts.shop_settings import ShipDates, SplitBy
from domain.errors import Unserving
from domain.orders.cart_order import PaymentClass

merchants = thing(
    "merchants",
    Column("key", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    moment("created_at", default_now=True),
)

shops = thing(
    "shops",
    reference("merchant_id", "merchants.id"),
    Column("key", Text, nullable=False),
    Column("cart", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("api_url", Text, nullable=False),
    Column("auth_url", Text, nullable=False),
    # The cart's own id of the shop and the API it is at (domain/carts/accounts.py); null until
    # the cart has told it. A removed shop keeps both: by them it is known when it comes back.
    Column("account", Text),
    Column("account_place", Text),
    # JSON encrypted with RENKEI_SECRET_KEYS; never read outside adapters/postgres/shops/secrets.py.
    Column("credentials", LargeBinary, nullable=False),
    Column("tokens", LargeBinary),
    moment("access_expires_at"),
    moment("refresh_expires_at"),
    # One worker at a time refreshes: it holds this lease while it asks (CLS-6).
    Column("refresh_holder", Text),
    moment("refresh_until"),
    moment("refresh_warned_at"),
    Column("calls_per_second", Numeric(8, 2), nullable=False),
    Column("in_flight", Integer, nullable=False),
    Column("default_method", Text),
    Column("overlap_s", Integer, nullable=False, server_default=text("600")),
    Column("split_by", Text, nullable=False, server_default=text("'company'")),
    Column("import_partly_cancelled", Boolean, nullable=False, server_default=text("false")),
    Column("ship_dates", Text, nullable=False, server_default=text("'open'")),
    Column("parked", Boolean, nullable=False, server_default=text("false")),
    # Set when the cart refused the credentials; cleared by new ones or a good test (CLS-3).
    moment("auth_failed_at"),
    # Nothing is sent since then: the database lost time, and the cart was not read yet (PLC-2).
    moment("lost_time_at"),
    moment("created_at", default_now=True),
    moment("removed_at"),
    one_of("cart", Cart),
    one_of("split_by", SplitBy),
    one_of("ship_dates", ShipDates),
    CheckConstraint("(account is null) = (account_place is null)", name="account_has_a_place"),
    CheckConstraint("calls_per_second > 0", name="pace_positive"),
    CheckConstraint("in_flight between 1 and 64", name="in_flight_bounded"),
    CheckConstraint("overlap_s >= 0", name="overlap_not_negative"),
    index("uq_shops_live_key", "merchant_id", "key", unique=True, where="removed_at is null"),
    # One shop an account over all merchants, or two of them push stock and import orders (STK-8).
    index(
        "uq_shops_live_account",
        "cart",
        "account_place",
        "account",
        unique=True,
        where="removed_at is null",
    ),
)

# What a shop waits for that its cart does not serve (CLS-9): docs/decisions/0018. The row stays
# when the wait is over, for trouble that comes back.
shop_pauses = thing(
    "shop_pauses",
    reference("shop_id", "shops.id"),
    Column("why", Text, nullable=False),
    Column("reason", Text, nullable=False),
    moment("since", default_now=True),
    moment("last_at", default_now=True),
    Column("in_a_row", Integer, nullable=False, server_default=text("0")),
    Column("times", Integer, nullable=False, server_default=text("0")),
    moment("until", default_now=True),
    moment("alarmed_at"),
    moment("ended_at"),
    UniqueConstraint("shop_id"),
    one_of("why", Unserving),
)

# How a shop whose credentials are refused (shops.auth_failed_at) is probed (CLS-10); what a shop
# that works again has here is of its last lock-out.
lock_outs = thing(
    "lock_outs",
    reference("shop_id", "shops.id"),
    Column("refusal", Text, nullable=False),
    moment("probe_at", nullable=False),
    Column("probes", Integer, nullable=False, server_default=text("0")),
    UniqueConstraint("shop_id"),
    one_of("refusal", ("alone", "incident", "own")),
)

# Delivery method of the hub -> carrier of the cart (RET-6).
carriers = thing(
    "carriers",
    reference("shop_id", "shops.id"),
    Column("method", Text, nullable=False),
    Column("carrier", Text, nullable=False),
    # The cart's own list has it; false = the list could not be read when it was set (RET-7).
    Column("checked", Boolean, nullable=False, server_default=text("false")),
    UniqueConstraint("shop_id", "method"),
)

# What the carts' answers told of their clocks (CLK-2): scheme, host and port, seconds ahead.
cart_clocks = Table(
    "cart_clocks",
    metadata,
    Column("address", Text, primary_key=True),
    Column("ahead_s", Double, nullable=False),
    moment("measured_at", default_now=True),
)

# What a payment method of the shop means (PAY-1), beside the built-in list.
payment_classes = thing(
    "payment_classes",
    reference("shop_id", "shops.id"),
    # Code or name as a person wrote it, and as it is compared.
    Column("method", Text, nullable=False),
    Column("plain", Text, nullable=False),
    Column("means", Text, nullable=False),
    UniqueConstraint("shop_id", "plain"),
    one_of("means", PaymentClass),
)

robots = thing(
    "robots",
    reference("shop_id", "shops.id"),
    Column("action", Text, nullable=False),
    Column("enabled", Boolean, nullable=False, server_default=text("true")),
    Column("parked", Boolean, nullable=False, server_default=text("false")),
    Column("every_s", Integer),
    Column("at", Time),
    moment("anchor_at", default_now=True),
    moment("next_due_at", nullable=False),
    UniqueConstraint("shop_id", "action"),
    CheckConstraint("(every_s is null) <> (at is null)", name="one_cadence"),
    CheckConstraint("every_s is null or every_s > 0", name="cadence_positive"),
    index("ix_robots_due", "action", "next_due_at", where="enabled and not parked"),
)
