"""Orders as they came (タスク) and what the warehouse works on (出荷指示)."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Integer,
    SmallInteger,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql import text

from adapters.postgres.orders.import_tasks import UNFINISHED
from adapters.postgres.orders.statuses import SECURING
from adapters.postgres.schema.base import (
    index,
    moment,
    one_of,
    reference,
    thing,
)
from domain.orders.cancellations import CancelInCart
from domain.orders.eligibility import TaskState
from domain.orders.instructions import ApiStatus, Payment, Status

import_tasks = thing(
    "import_tasks",
    reference("shop_id", "shops.id"),
    Column("cart_order_key", Text, nullable=False),
    Column("state", Text, nullable=False, server_default=text("'listed'")),
    # The cart's own answer; null until the order was read whole.
    Column("raw", JSONB),
    # The stored answer is missing or of an earlier run: read the order again before converting.
    Column("needs_read", Boolean, nullable=False, server_default=text("true")),
    # The total the cart last told of the whole order; a list row with another one is news.
    Column("cart_total_yen", Integer),
    # Part by line key, as the first conversion split the order (IMP-10); null until then.
    Column("split", JSONB),
    # Nobody knows whether or how it was split before, because the database lost time (PLC-2).
    Column("lost_time", Boolean, nullable=False, server_default=text("false")),
    moment("ordered_at"),
    moment("listed_at", default_now=True),
    moment("read_at"),
    moment("converted_at"),
    # A scheduled run leaves it alone until then (IMP-12: at most once an hour).
    moment("retry_after"),
    Column("reason", Text, nullable=False, server_default=text("''")),
    UniqueConstraint("shop_id", "cart_order_key"),
    one_of("state", TaskState),
    index("ix_import_tasks_unfinished", "shop_id", where=f"state in {UNFINISHED}"),
)

instructions = thing(
    "instructions",
    reference("merchant_id", "merchants.id"),
    reference("shop_id", "shops.id"),
    Column("cart_order_key", Text, nullable=False),
    Column("part", Integer, nullable=False),
    Column("number", Text, nullable=False),
    # ShopServe's delivery_no; 1 on BASE.
    Column("destination", Integer, nullable=False, server_default=text("1")),
    Column("status", Text, nullable=False),
    # [{"reason", "cause", "text"}] as domain.orders.instructions.Hold.
    Column("holds", JSONB, nullable=False, server_default=text("'[]'::jsonb")),
    Column("allocated", Boolean, nullable=False, server_default=text("false")),
    Column("payment", Text, nullable=False),
    Column("api_status", Text, nullable=False, server_default=text("'awaiting_print'")),
    moment("ordered_at", nullable=False),
    Column("payment_method", Text, nullable=False),
    Column("payment_name", Text, nullable=False, server_default=text("''")),
    Column("delivery_method", Text, nullable=False),
    Column("total_yen", Integer, nullable=False),
    Column("shipping_fee_yen", Integer, nullable=False),
    Column("fee_yen", Integer, nullable=False, server_default=text("0")),
    Column("discount_yen", Integer, nullable=False),
    Column("points_yen", Integer, nullable=False, server_default=text("0")),
    Column("adjustment_yen", Integer, nullable=False, server_default=text("0")),
    Column("tax_yen", Integer, nullable=False),
    Column("custom", JSONB, nullable=False),
    Column("buyer", JSONB, nullable=False),
    Column("recipient", JSONB, nullable=False),
    # Every delivery method the cart named for its lines (IMP-10).
    Column("methods", JSONB, nullable=False, server_default=text("'[]'::jsonb")),
    # What the buyer wishes of this parcel (IMP-19).
    Column("wished_date", Text, nullable=False, server_default=text("''")),
    Column("wished_time", Text, nullable=False, server_default=text("''")),
    Column("remarks", Text, nullable=False, server_default=text("''")),
    Column("gift", Text, nullable=False, server_default=text("''")),
    Column("tracking_number", Text),
    Column("shipped_method", Text),
    Column("shipped_on", Date),
    # Once a candidate of return_shipments it stays one until it is returned (RET-1) ...
    moment("return_wanted_at"),
    # ... or until it turns out that it never can be: reported, not tried again (RET-4).
    moment("return_blocked_at"),
    moment("tracking_returned_at"),
    moment("completed_at"),
    # The cart shows it cancelled while it is under way: what a person decided (STS-10).
    Column("cart_cancel", Text, nullable=False, server_default=text("'none'")),
    # What sync_status reported last, so that a scheduled run does not repeat itself.
    Column("reported", Text, nullable=False, server_default=text("''")),
    moment("imported_at", default_now=True),
    moment("changed_at", default_now=True),
    UniqueConstraint("shop_id", "cart_order_key", "part"),
    one_of("status", Status),
    one_of("payment", Payment),
    one_of("api_status", ApiStatus),
    one_of("cart_cancel", CancelInCart),
    CheckConstraint("part >= 1", name="part_from_one"),
    CheckConstraint("total_yen >= 0", name="total_not_negative"),
    CheckConstraint(
        "(jsonb_array_length(holds) > 0) = (status = 'hold')", name="hold_has_a_reason"
    ),
    CheckConstraint(
        # Returned already: a number the cart does not show is known to nobody (PLC-2).
        "status <> 'shipped' or (shipped_on is not null"
        " and (tracking_number is not null or api_status = 'tracking_returned'))",
        name="shipped_has_parcel",
    ),
    index("ix_instructions_number", "merchant_id", "number"),
    index("ix_instructions_order", "shop_id", "cart_order_key"),
    # What sync_status looks at, beside what was shipped (STS-10).
    index("ix_instructions_open", "shop_id", "ordered_at", where=f"status in {SECURING}"),
    index("ix_instructions_unprinted", "shop_id", where="api_status = 'awaiting_print'"),
    index(
        "ix_instructions_shipped",
        "shop_id",
        "shipped_on",
        where="status = 'shipped' and api_status <> 'tracking_returned'",
    ),
    index(
        "ix_instructions_uncompleted",
        "shop_id",
        where="api_status = 'tracking_returned' and completed_at is null",
    ),
)

instruction_lines = thing(
    "instruction_lines",
    reference("instruction_id", "instructions.id"),
    Column("position", Integer, nullable=False),
    reference("sku_id", "skus.id"),
    Column("cart_line_key", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("unit_price_yen", Integer, nullable=False),
    Column("options_yen", Integer, nullable=False),
    Column("total_yen", Integer, nullable=False),
    Column("tax_rate", SmallInteger, nullable=False),
    Column("custom", JSONB, nullable=False),
    # 商品オプション, each `name: value`.
    Column("options", JSONB, nullable=False, server_default=text("'[]'::jsonb")),
    # BASE: this line was told as shipped, so only the missing ones are sent again (RET-4).
    moment("returned_at"),
    UniqueConstraint("instruction_id", "position"),
    CheckConstraint("quantity > 0", name="quantity_positive"),
    index("ix_instruction_lines_sku", "sku_id"),
)
