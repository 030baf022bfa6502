"""SKUs (品番) and how many pieces of them are in the warehouse."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field
from sqlalchemy import Connection

from adapters.postgres.views.stock import list_stock, page_stock
from console.web.access import Shared, StockReader, StockWriter
from console.web.api.answers import PROBLEMS
from console.web.documents import Cursor, Limit, page, text_at
from console.web.models import Sku, Stock, Written
from console.web.problems import Problem
from console.web.words import LONGEST_WORD, Body, Word
from console.web.writes import Writing
from domain.notation import LARGEST_COUNT
from workers.services.access import Caller
from workers.services.stock import set_counts

MOST_PER_BATCH = 1000

router = APIRouter(prefix="/stock", tags=["stock"], responses=PROBLEMS)
Pieces = Annotated[int, Field(ge=0, le=LARGEST_COUNT, strict=True)]
Code = Annotated[Word, Field(max_length=LONGEST_WORD)]


class OnHand(Body):
    """Pieces in the warehouse (在庫数)."""

    on_hand: Pieces


class SkuOnHand(OnHand):
    """Pieces of one SKU."""

    sku: Code


class Batch(Body):
    """Pieces of many SKUs, each named once."""

    items: list[SkuOnHand] = Field(min_length=1, max_length=MOST_PER_BATCH)


ONE: dict[str, Any] = {"response_model": None, "responses": {200: {"model": Sku}}}


@router.get("", response_model=None, responses={200: {"model": Stock}})
def list_skus(
    client: StockReader,
    services: Shared,
    sku: Annotated[list[Code] | None, Query(max_length=MOST_PER_BATCH)] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """Return counts of all SKUs, or of those named."""
    after = text_at(cursor)
    with services.engine.begin() as connection:
        rows, following = page_stock(connection, client.merchant_id, sku, after=after, most=limit)
    return page("stock", rows, following)


@router.post("/batch", response_model=None, responses={200: {"model": Written}})
def set_many(body: Batch, call: Writing, client: StockWriter) -> Response:
    """Set pieces in the warehouse of many SKUs, all or nothing; creates unknown SKUs."""
    counts = {item.sku: item.on_hand for item in body.items}
    if len(counts) < len(body.items):
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "items: a SKU is named twice")

    def work(connection: Connection) -> object:
        return {"stock": _set(connection, client, counts)}

    return call.answer(client, body, work)


@router.put("/{sku:path}", **ONE)
def set_one(
    sku: Annotated[Word, Path(max_length=LONGEST_WORD)],
    body: OnHand,
    call: Writing,
    client: StockWriter,
) -> Response:
    """Set pieces in the warehouse of one SKU; creates an unknown one."""

    def work(connection: Connection) -> object:
        return _set(connection, client, {sku: body.on_hand})[0]

    return call.answer(client, body, work)


def _set(connection: Connection, client: Caller, counts: dict[str, int]) -> list[dict[str, object]]:
    set_counts(connection, client.actor(), counts)
    return list_stock(connection, client.merchant_id, list(counts))
