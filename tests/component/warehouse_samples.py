"""A merchant with shops and instructions, and what must be true of its stock."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Connection, Engine, text

from adapters.postgres.orders.instructions import store
from adapters.postgres.shops.merchants import add_merchant
from adapters.postgres.shops.secrets import SecretBox
from adapters.postgres.shops.shops import NewShop, Shop, add_shop, load_shop
from adapters.postgres.stock.counts import set_on_hand
from adapters.postgres.views.orders import find_order, list_orders
from adapters.postgres.views.stock import list_sets, list_stock
from domain.carts.cart import Cart
from domain.orders.cart_order import Contact
from domain.orders.instructions import Hold, HoldCause, HoldReason, Payment, Status
from domain.orders.new_instructions import NewInstruction, NewLine
from domain.warehouse.moves import Operation, Parcel, Ship
from domain.warehouse.targets import Target
from tests.component.command_line import SECRET_KEY
from workers.services.actors import Actor
from workers.services.warehouse import Request, perform

NOON = datetime(2025, 1, 15, 3, 0, tzinfo=UTC)
DAY = date(2025, 1, 16)
LIVE = {"hold", "awaiting_arrival", "awaiting_shipment", "working", "inspected"}
UNPAID = Hold(HoldReason.PAYMENT, HoldCause.UNPAID, "not paid yet")
SHIP = Ship(Parcel("宅急便", "4000-0000-0001", DAY))


def new_instruction(
    number: str,
    lines: Mapping[str, int],
    *,
    key: str | None = None,
    holds: tuple[Hold, ...] = (),
    options: tuple[str, ...] = (),
    **more: Any,
) -> NewInstruction:
    """An instruction with one line per SKU at 1,000 yen a piece.

    Args: options: of every line; more: fields by name.
    """
    total = sum(lines.values()) * 1000
    made = NewInstruction(
        number=number,
        part=1,
        cart_order_key=key or number,
        status=Status.HOLD if holds else Status.AWAITING_SHIPMENT,
        holds=holds,
        payment=Payment.UNPAID if UNPAID in holds else Payment.PAID,
        payment_method="creditcard",
        payment_name="",
        delivery_method="宅配便60サイズ",
        method_filled=False,
        total_yen=total,
        shipping_fee_yen=0,
        discount_yen=0,
        fee_yen=0,
        points_yen=0,
        adjustment_yen=0,
        tax_yen=total // 11,
        custom={"1": ""},
        buyer=Contact("佐伯 結衣", "5300001", "大阪府大阪市", "0600000000", "buyer@example.jp"),
        recipient=Contact("試験 花子", "1000001", "東京都千代田区", "0300000000"),
        lines=tuple(
            NewLine(
                sku,
                f"item {sku}",
                count,
                1000,
                0,
                count * 1000,
                10,
                {"1": ""},
                str(place),
                options,
            )
            for place, (sku, count) in enumerate(lines.items(), 1)
        ),
        destination=1,
        ordered_at=NOON,
    )
    return replace(made, **more)


@dataclass
class Warehouse:
    """One merchant's warehouse in a test's database."""

    engine: Engine
    merchant_id: int = 0
    shops: dict[str, Shop] = field(default_factory=dict)
    key: str = "default"

    @classmethod
    def open(cls, engine: Engine, *, merchant: str = "default") -> "Warehouse":
        """Return the merchant's, making the merchant if need be."""
        with engine.begin() as connection:
            found = connection.execute(
                text("select id from merchants where key = :key"), {"key": merchant}
            ).scalar_one_or_none()
            made = found or add_merchant(connection, merchant, merchant)
        return cls(engine, made, key=merchant)

    def shop(self, key: str = "tote", cart: Cart = Cart.BASE) -> Shop:
        """Return a shop of the merchant, made on first use."""
        if key not in self.shops:
            box = SecretBox([SECRET_KEY])
            new = NewShop(self.merchant_id, key, cart, key, {"shop_id": key})
            with self.engine.begin() as connection:
                made = load_shop(connection, add_shop(connection, new, box, NOON), box)
            assert made is not None
            self.shops[key] = made
        return self.shops[key]

    def order(
        self, number: str, lines: Mapping[str, int], *, shop: str = "tote", **more: Any
    ) -> str:
        """Import an order of one part."""
        made = new_instruction(number, lines, **more)
        with self.engine.begin() as connection:
            stored, _ = store(connection, self.shop(shop), [made])
        assert stored == [number]
        return number

    def stock(self, **on_hand: int) -> None:
        """Set pieces in the warehouse by SKU."""
        with self.engine.begin() as connection:
            set_on_hand(connection, self.merchant_id, on_hand)

    def do(self, operation: Operation, *numbers: str | Target, actor: str = "tester") -> None:
        """Carry out one operation on some instructions."""
        with self.engine.begin() as connection:
            self.do_in(connection, operation, *numbers, actor=actor)

    def do_in(
        self,
        connection: Connection,
        operation: Operation,
        *numbers: str | Target,
        actor: str = "tester",
    ) -> None:
        """Carry it out in a transaction of the test's."""
        targets = [one if isinstance(one, Target) else Target(one) for one in numbers]
        requests = [Request(target, operation) for target in targets]
        perform(connection, Actor(self.merchant_id, actor), requests)

    def read(self, number: str, **more: str) -> dict[str, Any]:
        """Return the one instruction of that number as people see it."""
        with self.engine.begin() as connection:
            return find_order(connection, self.merchant_id, Target(number, **more))

    def counts(self) -> dict[str, tuple[int | None, int]]:
        """Return on hand (None = not counted) and secured by SKU."""
        with self.engine.begin() as connection:
            rows = list_stock(connection, self.merchant_id)
        return {row["sku"]: (row["on_hand"], row["secured"]) for row in rows}  # type: ignore[misc]

    def free(self) -> dict[str, int]:
        """Return free stock by SKU."""
        with self.engine.begin() as connection:
            rows = list_stock(connection, self.merchant_id)
        return {str(row["sku"]): int(str(row["free"])) for row in rows}

    def claimed(self) -> dict[str, int]:
        """Return what live unshipped instructions claim, worked out from what people see."""
        with self.engine.begin() as connection:
            orders = list_orders(connection, self.merchant_id)
            sets = {
                row["sku"]: row["components"] for row in list_sets(connection, self.merchant_id)
            }
        total: Counter[str] = Counter()
        for order in orders:
            lines = order["lines"] if order["status"] in LIVE else []
            assert isinstance(lines, list)
            for line in lines:
                parts = sets.get(line["sku"], {line["sku"]: 1})
                assert isinstance(parts, dict)
                for sku, needed in parts.items():
                    total[sku] += needed * line["quantity"]
        return dict(total)

    def check(self) -> None:
        """Fail unless secured stock is exactly what is claimed."""
        secured = {sku: kept for sku, (_, kept) in self.counts().items() if kept}
        assert secured == {sku: pieces for sku, pieces in self.claimed().items() if pieces}

    def audit(self, number: str) -> list[Any]:
        """Return the audit of one instruction, oldest first."""
        with self.engine.begin() as connection:
            return list(
                connection.execute(
                    text("select * from audit where subject = :number order by id"),
                    {"number": number},
                )
            )


def shipped(tracking: str = "4000-0000-0001", method: str = "宅急便") -> Ship:
    """A parcel that left on DAY."""
    return replace(SHIP, parcel=Parcel(method, tracking, DAY))
