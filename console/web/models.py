"""What answers look like, for the OpenAPI document; the answers themselves are interfaces.md's."""

from datetime import date, datetime

from pydantic import BaseModel

from domain.orders.cancellations import CancelInCart
from domain.orders.instructions import ApiStatus, HoldReason, Payment, Status


class Person(BaseModel):
    """A buyer or a recipient."""

    name: str
    postal_code: str
    address: str
    tel: str


class Buyer(Person):
    """A buyer."""

    email: str


class Line(BaseModel):
    """One line (明細) of an instruction."""

    sku: str
    name: str
    quantity: int
    unit_price_yen: int
    options_yen: int
    total_yen: int
    tax_rate: int
    custom: dict[str, str]
    options: list[str]


class Order(BaseModel):
    """One shipping instruction (出荷指示)."""

    number: str
    shop: str
    cart_order_key: str
    part: int
    status: Status
    hold_reasons: list[HoldReason]
    allocated: bool
    payment: Payment
    api_status: ApiStatus
    ordered_at: datetime
    payment_method: str
    delivery_method: str
    total_yen: int
    shipping_fee_yen: int
    discount_yen: int
    tax_yen: int
    custom: dict[str, str]
    buyer: Buyer
    recipient: Person
    lines: list[Line]
    tracking_number: str | None
    shipped_on: date | None
    completed_at: datetime | None
    wished_date: str
    wished_time: str
    remarks: str
    methods: list[str]
    gift: str
    shipped_method: str | None
    cart_cancel: CancelInCart
    shop_removed: bool


class MovedOrder(Order):
    """One shipping instruction after a change. `warnings`: what a person should know of it."""

    warnings: list[str]


class Orders(BaseModel):
    """One page of instructions."""

    orders: list[Order]
    next: str | None


class Sku(BaseModel):
    """Counts of one SKU (品番)."""

    sku: str
    on_hand: int | None
    secured: int
    free: int | None
    version: int


class Stock(BaseModel):
    """One page of SKUs."""

    stock: list[Sku]
    next: str | None


class Written(BaseModel):
    """The SKUs a batch named, as they are now."""

    stock: list[Sku]


class Item(BaseModel):
    """One item of a run."""

    key: str
    state: str
    attempts: int
    reason: str


class Run(BaseModel):
    """One run (実行)."""

    id: int
    shop: str
    action: str
    mode: str
    state: str
    window: dict[str, datetime | None]
    succeeded: int
    failed: int
    skipped: int
    carried_over: int
    calls: int
    started_at: datetime | None
    finished_at: datetime | None
    shop_removed: bool


class RunWithItems(Run):
    """One run with what became of each item."""

    items: list[Item]


class Runs(BaseModel):
    """One page of runs."""

    runs: list[Run]
    next: str | None


class DeadLetter(BaseModel):
    """An item nobody tries again by itself."""

    id: int
    shop: str
    action: str
    key: str
    reason: str
    attempts: int
    first_failed_at: datetime
    last_failed_at: datetime
    state: str
    shop_removed: bool


class DeadLetters(BaseModel):
    """One page of dead letters."""

    dead_letters: list[DeadLetter]
    next: str | None


class Decided(BaseModel):
    """What a decision about a dead letter led to."""

    id: int
    state: str
    runs: list[int]


class ProblemDocument(BaseModel):
    """A failure (RFC 9457), as application/problem+json."""

    type: str
    title: str
    status: int
    detail: str
