"""One shop on BASE: reading orders, dispatching lines, stock.

What every method may raise besides what it names: domain.carts.ports.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Generic, TypeVar

import httpx

from adapters.thebase.calls import BaseCalls
from adapters.thebase.wire import details, items, orders
from adapters.thebase.wire.refusals import DEFERRED
from domain.carts.listings import Listing, UnreadableRow, listing
from domain.carts.ports import (
    CallGate,
    CartParcel,
    ExternalItem,
    ItemKey,
    ShopIdentity,
    StockLevel,
    TokenStore,
)
from domain.engine.runs import Window
from domain.errors import (
    AlreadyDone,
    ApiFamily,
    NotFound,
    OutcomeUnknown,
    Rejected,
    RemoteDown,
    Undecodable,
)
from domain.orders.cart_order import CartOrder, ListedOrder, OrderSummary

PAGE_ROWS = 100
OVERLAP_ROWS = 5
MOST_STALLS = 5  # pages in a row that brought nothing new
MOST_PAGES = 2000

Row = TypeVar("Row")


class TheBaseCart:
    """Speaks for one shop."""

    def __init__(
        self, http: httpx.Client, *, base_url: str, tokens: TokenStore, gate: CallGate
    ) -> None:
        """Args: http: from adapters.http.deadline.build_client, shared by all shops."""
        self._calls = BaseCalls(http, tokens, gate, base_url=base_url)

    def list_orders(self, window: Window) -> Iterator[Listing[ListedOrder]]:
        """Yield the list page by page: summaries, each key once, none left out."""
        query = orders.by_window(window)

        def fetch(start: int) -> Sequence[ListedOrder | UnreadableRow]:
            return orders.page(self._page(ApiFamily.ORDERS, orders.LIST, query, start), start)

        for rows in Pages(fetch, _identity):
            yield listing(rows)

    def read_order(self, key: str) -> dict[str, object] | None:
        """Return one whole order as the cart tells it now, None if the cart does not know it."""
        try:
            answer = self._calls.read(ApiFamily.ORDERS, orders.detail_path(key))
            return orders.detail(answer, key)
        except NotFound:
            return None

    def decode(self, raw: dict[str, object]) -> CartOrder:
        """Translate a whole raw order; pure. Raises Undecodable naming the field."""
        return details.order(raw)

    def summary(self, raw: dict[str, object]) -> OrderSummary:
        """Translate what a list row tells; pure. Raises Undecodable."""
        return orders.summary(raw)

    def carriers(self) -> dict[str, str]:
        """Return the ids of the delivery companies (配送会社) by name."""
        return orders.companies(self._calls.read(ApiFamily.ORDERS, orders.COMPANIES))

    def dispatch_line(self, line: str, parcel: CartParcel) -> None:
        """Mark one line as dispatched; each accepted dispatch mails the buyer.

        Raises: AlreadyDone (`not_change_status`), NotFound, Rejected, OutcomeUnknown.
        """
        try:
            self._edit_status(orders.dispatch(line, parcel))
        except AlreadyDone as error:
            if error.code == DEFERRED:
                raise Rejected(str(error), code=error.code) from error
            raise

    def ship_deferred(self, line: str, parcel: CartParcel) -> None:
        """Set the deferred payment of the line's whole order to `shipping`. Raises as above."""
        self._edit_status(orders.deferred_shipping(line, parcel))

    def set_stock(self, item: ItemKey, level: StockLevel) -> int | None:
        """Set an absolute number; repeating it is harmless.

        Returns: the quantity the cart now tells for the item.
        Raises: NotFound (item or variation unknown), Rejected.
        """
        if level.unlimited:
            raise Rejected(f"BASE: item {item.item} cannot be sold without counting")
        form = items.update(item, level.quantity)
        answer = self._calls.write(ApiFamily.STOCK, items.EDIT_STOCK, form)
        return items.quantity_after(answer, item)

    def list_stock(self) -> Iterator[Listing[ExternalItem]]:
        """Yield all items and variations of the shop, page by page.

        One call for each 100 items, and one for the empty end.
        """

        def fetch(start: int) -> Sequence[items.Listed]:
            return items.page(self._page(ApiFamily.STOCK, items.LIST, items.ORDER, start), start)

        for rows in Pages(fetch, _item_identity):
            yield listing(sold for row in rows for sold in _sold(row))

    def read_stock(self, items: Collection[str]) -> Iterator[Listing[ExternalItem]]:
        """Yield what the shop shows for some items; unknown ones are left out.

        The whole list is read: it costs one call for each 100 items, an item by itself one each.
        """
        for page in self.list_stock():
            rows = tuple(row for row in page if row.key.item in items)
            yield Listing(rows, page.unreadable)

    def test_connection(self, api: ApiFamily = ApiFamily.ORDERS) -> ShopIdentity:
        """Return whose tokens these are. Raises AuthenticationFailed.

        Args: api: of the work it is asked for; the address itself belongs to neither family.
        """
        return orders.identity(self._calls.read(api, orders.ME))

    def _edit_status(self, form: Mapping[str, str]) -> None:
        answer = self._calls.write(ApiFamily.ORDERS, orders.EDIT_STATUS, form)
        try:
            orders.updated(answer)
        except Undecodable as error:
            raise OutcomeUnknown(f"BASE: {orders.EDIT_STATUS}: no order in the answer") from error

    def _page(self, api: ApiFamily, path: str, query: Mapping[str, str], start: int) -> object:
        return self._calls.read(api, path, {**query, "limit": str(PAGE_ROWS), "offset": str(start)})


def _identity(row: ListedOrder | UnreadableRow) -> str:
    return row.identity if isinstance(row, UnreadableRow) else row.key


def _item_identity(row: items.Listed) -> str:
    return row.identity if isinstance(row, UnreadableRow) else row[0]


def _sold(row: items.Listed) -> Sequence[ExternalItem | UnreadableRow]:
    return [row] if isinstance(row, UnreadableRow) else row[1]


class Pages(Generic[Row]):
    """Reads a list by offset while it moves; each key comes once.

    BASE tells no total and orders come newest first. A new order pushes every row down, so rows
    come twice: they are dropped. A row that vanishes pulls the rest up, so rows could slip past:
    each page therefore begins a few rows early and must begin with a row seen before; if it does
    not, reading goes back. Only an empty page is taken as the end, because the largest page the
    cart really serves is not certain.

    Raises: RemoteDown: the list does not come to an end, or moves too fast to be read.
    """

    def __init__(self, fetch: Callable[[int], Sequence[Row]], key_of: Callable[[Row], str]) -> None:
        """Args: fetch: rows from an offset on; key_of: what tells two rows apart."""
        self._fetch = fetch
        self._key_of = key_of
        self._seen: set[str] = set()
        self._start = 0
        self._overlap = 0
        self._full = PAGE_ROWS

    def __iter__(self) -> Iterator[list[Row]]:
        """Yield only rows not seen before, and no empty pages."""
        stalls = 0
        for _ in range(MOST_PAGES):
            rows = self._fetch(self._start)
            if not rows and not self._overlap:
                return
            new = self._new(rows) if self._follows(rows) else []
            stalls = 0 if new else stalls + 1
            if stalls > MOST_STALLS:
                break
            if new:
                yield new
            if self._ended(rows):
                return
        raise RemoteDown("BASE: the list does not come to an end")

    def _follows(self, rows: Sequence[Row]) -> bool:
        """Tell whether nothing slipped past between the last page and this one."""
        return not self._overlap or (bool(rows) and self._key_of(rows[0]) in self._seen)

    def _new(self, rows: Sequence[Row]) -> list[Row]:
        new = {self._key_of(row): row for row in rows}
        fresh = [row for key, row in new.items() if key not in self._seen]
        self._seen.update(new)
        return fresh

    def _ended(self, rows: Sequence[Row]) -> bool:
        """Choose where to read on; tell whether an empty page said that there is no more."""
        if not self._follows(rows):
            self._start = max(0, self._start - self._full // 2)
            self._overlap = min(self._start, 1)
            return False
        end = self._start + len(rows)
        if len(rows) < self._full:
            if not self._fetch(end):
                return True
            self._full = len(rows)  # the cart serves shorter pages than asked for
        self._overlap = min(OVERLAP_ROWS, len(rows) - 1)
        self._start = end - self._overlap
        return False
