"""Shipping instructions (出荷指示): list them, and tell what the warehouse did with them."""

import datetime as dt
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field
from sqlalchemy import Connection

from adapters.postgres.access.api_clients import ApiClient
from adapters.postgres.database import transaction
from adapters.postgres.orders.instruction_targets import Target
from adapters.postgres.orders.warehouse import Actor, perform
from adapters.postgres.orders.warehouse import Request as Wish
from adapters.postgres.views import orders
from adapters.postgres.views.orders import orders_by_id, page_orders
from console.web.access import OrdersReader, OrdersWriter, Shared
from console.web.api.answers import PROBLEMS
from console.web.documents import Cursor, Limit, Moment, number_at, page
from console.web.models import Order, Orders
from console.web.words import Body, Filter, Number, OrderKey, ShopKey, Text, Word
from console.web.writes import Key, write
from domain.engine.cadence import TOKYO
from domain.orders.instructions import HoldReason, Status
from domain.warehouse.moves import (
    LONGEST_TRACKING,
    Allocate,
    Arrived,
    AwaitArrival,
    CancelHere,
    Deallocate,
    Inspect,
    MarkPaidHere,
    Operation,
    Parcel,
    PutOnHold,
    ReleaseHold,
    Ship,
    TakeBack,
    Work,
)

router = APIRouter(prefix="/orders", tags=["orders"], responses=PROBLEMS)
ONE: dict[str, Any] = {"response_model": None, "responses": {200: {"model": Order}}}


class Shipment(Body):
    """What left the warehouse."""

    method: Word = Field(max_length=200, description="The hub's delivery method; any is accepted.")
    tracking: Word = Field(max_length=LONGEST_TRACKING, description="Tracking number (問番).")
    date: dt.date | None = Field(default=None, description="Ship date; without it: today in Tokyo.")


class Return(Body):
    """What came back."""

    restock: bool = Field(default=True, description="The pieces are on hand again.")


class Holding(Body):
    """Why an instruction has to wait."""

    reasons: list[HoldReason] = Field(min_length=1, max_length=len(HoldReason))
    note: Text = ""


class Releasing(Body):
    """Which reasons no longer hold; none named = all."""

    reasons: list[HoldReason] = Field(default_factory=list, max_length=len(HoldReason))


@router.get("", response_model=None, responses={200: {"model": Orders}})
def list_orders(
    client: OrdersReader,
    services: Shared,
    status: Annotated[Status | None, Query()] = None,
    shop: Filter = None,
    number: Filter = None,
    key: OrderKey = None,
    since: Annotated[Moment | None, Query(description="Ordered then or later.")] = None,
    changed_since: Annotated[Moment | None, Query(description="Changed then or later.")] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """Return shipping instructions in the order in which they were imported."""
    wanted = orders.Filter(shop, status, number, key, since, changed_since)
    after = number_at(cursor) or 0
    with transaction(services.engine) as connection:
        rows, following = page_orders(
            connection, client.merchant_id, wanted, after=after, most=limit
        )
    return page("orders", rows, following)


@router.post("/{shop}/{number}/ship", **ONE)
def ship(
    shop: ShopKey,
    number: Number,
    body: Shipment,
    request: Request,
    client: OrdersWriter,
    services: Shared,
    key: OrderKey = None,
    idempotency_key: Key = None,
) -> Response:
    """Record that the parcel left (出荷済み); its pieces leave on hand and secured together."""

    def work(connection: Connection) -> object:
        day = body.date or services.clock().astimezone(TOKYO).date()
        operation = Ship(Parcel(body.method, body.tracking, day))
        return _done(connection, client, Target(number, shop, key), operation)

    return write(request, services, client, idempotency_key, body, work)


@router.post("/{shop}/{number}/return", **ONE)
def take_back(
    shop: ShopKey,
    number: Number,
    request: Request,
    client: OrdersWriter,
    services: Shared,
    body: Return | None = None,
    key: OrderKey = None,
    idempotency_key: Key = None,
) -> Response:
    """Record that the parcel came back (返品)."""
    operation = TakeBack((body or Return()).restock)

    def work(connection: Connection) -> object:
        return _done(connection, client, Target(number, shop, key), operation)

    return write(request, services, client, idempotency_key, body, work)


@router.post("/{shop}/{number}/hold", **ONE)
def hold(
    shop: ShopKey,
    number: Number,
    body: Holding,
    request: Request,
    client: OrdersWriter,
    services: Shared,
    key: OrderKey = None,
    idempotency_key: Key = None,
) -> Response:
    """Put on hold (保留) for one or more reasons; gives an allocation back."""
    operation = PutOnHold(tuple(body.reasons), body.note)

    def work(connection: Connection) -> object:
        return _done(connection, client, Target(number, shop, key), operation)

    return write(request, services, client, idempotency_key, body, work)


@router.post("/{shop}/{number}/release", **ONE)
def release(
    shop: ShopKey,
    number: Number,
    request: Request,
    client: OrdersWriter,
    services: Shared,
    body: Releasing | None = None,
    key: OrderKey = None,
    idempotency_key: Key = None,
) -> Response:
    """Take hold reasons away; with none left it waits for shipment."""
    operation = ReleaseHold(tuple((body or Releasing()).reasons))

    def work(connection: Connection) -> object:
        return _done(connection, client, Target(number, shop, key), operation)

    return write(request, services, client, idempotency_key, body, work)


def _add_plain(operation: Operation, summary: str) -> None:
    """Add the endpoint of an operation that needs nothing but the instruction."""

    def endpoint(
        shop: ShopKey,
        number: Number,
        request: Request,
        client: OrdersWriter,
        services: Shared,
        key: OrderKey = None,
        idempotency_key: Key = None,
    ) -> Response:
        def work(connection: Connection) -> object:
            return _done(connection, client, Target(number, shop, key), operation)

        return write(request, services, client, idempotency_key, None, work)

    router.add_api_route(
        f"/{{shop}}/{{number}}/{operation.name}",
        endpoint,
        methods=["POST"],
        name=operation.name,
        summary=summary,
        **ONE,
    )


for _operation, _summary in (
    (Allocate(), "Set pieces aside (引当); they must be there."),
    (Deallocate(), "Give pieces set aside back (引当解除)."),
    (Work(), "Picking and packing begins (出荷作業中)."),
    (Inspect(), "The parcel was checked (出荷検品済)."),
    (CancelHere(), "Cancel here (キャンセル); the cart is not told."),
    (AwaitArrival(), "Wait until goods come in (入荷待ち)."),
    (Arrived(), "What it waited for came in: back to 出荷待ち."),
    (MarkPaidHere(), "The money was seen (入金済み); never goes back."),
):
    _add_plain(_operation, _summary)


def _done(
    connection: Connection, client: ApiClient, target: Target, operation: Operation
) -> object:
    """Carry out an operation and return the instruction as it is then."""
    actor = Actor(client.merchant_id, f"api:{client.name}")
    done = perform(connection, actor, [Wish(target, operation)])
    return orders_by_id(connection, client.merchant_id, [one.id for one in done])[0]
