"""One shop on BASE behind the domain's ports."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

import httpx

from adapters.thebase.calls import BaseCalls, Request
from adapters.thebase.paging import PAGE_ROWS, Pages
from adapters.thebase.wire import details, items, orders
from adapters.thebase.wire.refusals import DEFERRED
from domain.carts.listings import Listing, UnreadableRow, listing
from domain.carts.ports import CallGate, ExternalItem, ItemKey, Parcel, StockLevel, TokenStore
from domain.engine.runs import Window
from domain.errors import (
    AlreadyDone,
    ApiFamily,
    NotFound,
    OutcomeUnknown,
    Rejected,
    Undecodable,
)
from domain.orders.cart_order import CartOrder, ListedOrder, OrderSummary


def _now() -> datetime:
    return datetime.now(UTC)


class TheBaseCart:
    """Implements every BASE port: reading orders, dispatching lines, stock."""

    def __init__(
        self,
        http: httpx.Client,
        *,
        base_url: str,
        tokens: TokenStore,
        gate: CallGate,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        """Args: http: from adapters.http.deadline.build_client, shared by all shops."""
        self._calls = BaseCalls(http, tokens, gate, base_url=base_url, clock=clock)

    def list_orders(self, window: Window) -> Iterator[Listing[ListedOrder]]:
        """See OrderSource.list_orders. Rows are summaries; a key comes once."""
        query = orders.by_window(window)

        def fetch(start: int) -> Sequence[ListedOrder | UnreadableRow]:
            return orders.page(self._page(ApiFamily.ORDERS, orders.LIST, query, start), start)

        for rows in Pages(fetch, _identity):
            yield listing(rows)

    def read_order(self, key: str) -> dict[str, object] | None:
        """See OrderSource.read_order."""
        try:
            return orders.detail(self._read(ApiFamily.ORDERS, orders.detail_path(key)), key)
        except NotFound:
            return None

    def decode(self, raw: dict[str, object]) -> CartOrder:
        """See OrderSource.decode."""
        return details.order(raw)

    def summary(self, raw: dict[str, object]) -> OrderSummary:
        """See ListsSummaries.summary."""
        return orders.summary(raw)

    def delivery_companies(self) -> dict[str, str]:
        """See DispatchesLines.delivery_companies."""
        return orders.companies(self._read(ApiFamily.ORDERS, orders.COMPANIES))

    def dispatch_line(self, line: str, parcel: Parcel) -> None:
        """See DispatchesLines.dispatch_line."""
        try:
            self._edit_status(orders.dispatch(line, parcel))
        except AlreadyDone as error:
            if error.code == DEFERRED:
                raise Rejected(str(error), code=error.code) from error
            raise

    def ship_deferred(self, line: str, parcel: Parcel) -> None:
        """See DispatchesLines.ship_deferred."""
        self._edit_status(orders.deferred_shipping(line, parcel))

    def set_stock(self, item: ItemKey, level: StockLevel) -> int | None:
        """See StockTarget.set_stock. Answers the quantity the cart now tells for the item."""
        if level.unlimited:
            raise Rejected(f"BASE: item {item.item} cannot be sold without counting")
        answer = self._write(ApiFamily.STOCK, items.EDIT_STOCK, items.update(item, level.quantity))
        return items.quantity_after(answer, item)

    def list_stock(self) -> Iterator[Listing[ExternalItem]]:
        """See StockTarget.list_stock. One call for each 100 items, and one for the empty end."""

        def fetch(start: int) -> Sequence[items.Listed]:
            return items.page(self._page(ApiFamily.STOCK, items.LIST, items.ORDER, start), start)

        for rows in Pages(fetch, _item_identity):
            yield listing(sold for row in rows for sold in _sold(row))

    def test_connection(self) -> str:
        """See TestsConnection.test_connection."""
        return orders.shop_name(self._read(ApiFamily.ORDERS, orders.ME))

    def _edit_status(self, form: Mapping[str, str]) -> None:
        answer = self._write(ApiFamily.ORDERS, orders.EDIT_STATUS, form)
        try:
            orders.whole(answer)
        except Undecodable as error:
            raise OutcomeUnknown(f"BASE: {orders.EDIT_STATUS}: no order in the answer") from error

    def _read(self, api: ApiFamily, path: str) -> object:
        return self._calls.make(Request(api, path))

    def _page(self, api: ApiFamily, path: str, query: Mapping[str, str], start: int) -> object:
        paged = {**query, "limit": str(PAGE_ROWS), "offset": str(start)}
        return self._calls.make(Request(api, path, query=paged))

    def _write(self, api: ApiFamily, path: str, form: Mapping[str, str]) -> object:
        return self._calls.make(Request(api, path, form=form))


def _identity(row: ListedOrder | UnreadableRow) -> str:
    return row.identity if isinstance(row, UnreadableRow) else row.key


def _item_identity(row: items.Listed) -> str:
    return row.identity if isinstance(row, UnreadableRow) else row[0]


def _sold(row: items.Listed) -> Sequence[ExternalItem | UnreadableRow]:
    return [row] if isinstance(row, UnreadableRow) else row[1]
