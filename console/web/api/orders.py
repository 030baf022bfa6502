"""Shipping instructions (出荷指示): list them, and tell what the warehouse did with them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response
from pydantic import Field
from sqlalchemy import Connection

from adapters.postgres.views import orders
from adapters.postgres.views.orders import orders_by_id, page_orders
from console.web.access import OrdersReader, Shared, caller_with
from console.web.api.answers import PROBLEMS
from console.web.documents import Cursor, Limit, number_at, page
from console.web.models import MovedOrder, Orders
from console.web.words import (
    LONGEST_WORD,
    Body,
    Day,
    Filter,
    Moment,
    Number,
    OrderKey,
    ShopKey,
    Text,
    Word,
)
from console.web.writes import WriteCall
from domain.engine.cadence import TOKYO
from domain.orders.instructions import HoldReason, Status
from domain.shipments.tracking import FORM as TRACKING_FORM
from domain.warehouse.holds import PutOnHold, ReleaseHold
from domain.warehouse.moves import (
    Operation,
    Parcel,
    Ship,
    TakeBack,
)
from domain.warehouse.targets import Target
from workers.services.access import Caller
from workers.services.methods import worth_saying
from workers.services.warehouse import MAY_MOVE, MOVES, perform
from workers.services.warehouse import Request as Wish

router = APIRouter(prefix="/orders", tags=["orders"], responses=PROBLEMS)
ONE: dict[str, Any] = {"response_model": None, "responses": {200: {"model": MovedOrder}}}


class Shipment(Body):
    """What left the warehouse."""

    method: Word = Field(max_length=200, description="The hub's delivery method; any is accepted.")
    tracking: Word = Field(
        max_length=LONGEST_WORD, description=f"Tracking number (問番): {TRACKING_FORM}."
    )
    date: Day | None = Field(
        default=None,
        description="Ship date, 30 days away at most; without it: today in Tokyo.",
    )


class Return(Body):
    """What came back."""

    restock: bool = Field(default=True, description="The pieces are on hand again.")


class Holding(Body):
    """Why an instruction has to wait."""

    reasons: list[HoldReason] = Field(min_length=1, max_length=len(HoldReason))
    note: Text = ""


class Releasing(Body):
    """Which reasons no longer hold; none named = all. Or why it is shipped all the same."""

    reasons: list[HoldReason] = Field(default_factory=list, max_length=len(HoldReason))
    why: Text = Field(default="", description="Needed where the cart shows it cancelled (STS-10).")


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
    unreturned: Annotated[bool, Query(description="Shipped, and the cart does not know.")] = False,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """Return shipping instructions in the order in which they were imported."""
    wanted = orders.Filter(shop, status, number, key, since, changed_since, unreturned)
    after = number_at(cursor) or 0
    with services.engine.begin() as connection:
        rows, following = page_orders(
            connection, client.merchant_id, wanted, after=after, most=limit
        )
    return page("orders", rows, following)


@dataclass(kw_only=True)
class MoveCall(WriteCall):
    """What every move is called with."""

    shop: ShopKey
    number: Number
    client: Annotated[Caller, Depends(caller_with(MAY_MOVE))]
    key: OrderKey = None

    def carry_out(self, operation: Callable[[], Operation], body: Body | None = None) -> Response:
        """Do it once and answer with the instruction as it is then.

        Args: operation: made in the transaction; may raise BrokenRule.
        """

        def work(connection: Connection) -> object:
            wish = Wish(Target(self.number, self.shop, self.key), operation())
            (done,) = perform(connection, self.client.actor(), [wish])
            (order,) = orders_by_id(connection, self.client.merchant_id, [done.id])
            said = worth_saying(
                connection, self.client.merchant_id, wish.operation, [done], [order]
            )
            return {**order, "warnings": said[done.id]}

        return self.answer(self.client, body, work)


Called = Annotated[MoveCall, Depends()]


def _path(operation: type[Operation]) -> str:
    return f"/{{shop}}/{{number}}/{operation.name}"


@router.post(_path(Ship), **ONE)
def ship(call: Called, body: Shipment) -> Response:
    """Record that the parcel left (出荷済み); its pieces leave on hand and secured together."""

    def operation() -> Operation:
        today = call.services.clock().astimezone(TOKYO).date()
        return Ship(Parcel.entered(body.method, body.tracking, body.date, today=today))

    return call.carry_out(operation, body)


@router.post(_path(TakeBack), **ONE)
def take_back(call: Called, body: Return | None = None) -> Response:
    """Record that the parcel came back (返品)."""
    return call.carry_out(lambda: TakeBack((body or Return()).restock), body)


@router.post(_path(PutOnHold), **ONE)
def hold(call: Called, body: Holding) -> Response:
    """Put on hold (保留) for one or more reasons; gives an allocation back."""
    return call.carry_out(lambda: PutOnHold(tuple(body.reasons), body.note), body)


@router.post(_path(ReleaseHold), **ONE)
def release(call: Called, body: Releasing | None = None) -> Response:
    """Take hold reasons away; with none left it waits for shipment.

    What the cart shows cancelled while it is worked on is shipped all the same; `why` says why.
    """
    told = body or Releasing()
    return call.carry_out(lambda: ReleaseHold(tuple(told.reasons), told.why.strip()), body)


def _add_plain(move: type[Operation], says: str) -> None:
    """Add the endpoint of a move that needs nothing but the instruction."""

    def endpoint(call: Called) -> Response:
        return call.carry_out(move)

    router.add_api_route(
        _path(move), endpoint, methods=["POST"], name=move.name, summary=says, **ONE
    )


for _move, _says in MOVES.items():
    if _says:
        _add_plain(_move, _says)
