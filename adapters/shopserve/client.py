"""One shop on ShopServe: reading orders, updating them, stock.

What every method may raise besides what it names: domain.carts.ports.
"""

from collections.abc import Collection, Iterator, Sequence

import httpx

from adapters.shopserve.calls import ShopServeCalls
from adapters.shopserve.wire import details, orders, stock
from domain.carts.listings import Listing, UnreadableRow, listing
from domain.carts.ports import (
    CallGate,
    CartParcel,
    ExternalItem,
    ItemKey,
    ShopIdentity,
    StockLevel,
)
from domain.engine.runs import Window
from domain.errors import (
    AlreadyDone,
    ApiFamily,
    NotFound,
    Rejected,
    RemoteDown,
    Undecodable,
)
from domain.orders.cart_order import CartOrder, ListedOrder

MOST_PAGES = 2000  # of 100 orders: far beyond a week of any shop
LONGEST_WINDOW_S = 7 * 24 * 60 * 60


class ShopServeCart:
    """Speaks for one shop."""

    def __init__(
        self, http: httpx.Client, *, base_url: str, shop_id: str, manager_key: str, gate: CallGate
    ) -> None:
        """Args: http: from adapters.http.deadline.build_client, shared by all shops."""
        self._shop_id = shop_id
        self._calls = ShopServeCalls(
            http, gate, base_url=base_url, credentials=(shop_id, manager_key)
        )

    def list_orders(self, window: Window) -> Iterator[Listing[ListedOrder]]:
        """Yield whole orders page by page; a key may come twice, none is left out.

        Args: window: at most 7 days (longer: Rejected).
        """
        if (window.until - window.since).total_seconds() > LONGEST_WINDOW_S:
            raise Rejected("ShopServe: a window may be 7 days long at most")
        return self._pages(orders.by_window(window))

    def read_order(self, key: str) -> dict[str, object] | None:
        """Return one whole order as the cart tells it now, None if the cart does not know it."""
        raw = self.read_orders([key]).get(key)
        if raw is orders.NAMELESS:
            raise Undecodable(f"ShopServe: the answer does not tell whether it is order {key}")
        return raw

    def read_orders(self, keys: Sequence[str]) -> dict[str, dict[str, object]]:
        """Return raw orders by key; a key the cart does not know is absent. At most 100 keys.

        A key that no row names, while some row names none, comes back undecodable: it may be that
        row's, so the cart cannot be said not to know it.
        """
        wanted = dict.fromkeys(keys)
        if len(wanted) > orders.MOST_KEYS:
            raise Rejected(f"ShopServe: at most {orders.MOST_KEYS} orders can be read at once")
        if not wanted:
            return {}
        answer = list(self._pages(orders.by_keys(list(wanted))))
        found = {row.key: row.raw for page in answer for row in page.rows if row.key in wanted}
        if any(page.unreadable for page in answer):
            found |= {key: orders.NAMELESS for key in wanted if key not in found}
        return found

    def decode(self, raw: dict[str, object]) -> CartOrder:
        """Translate a whole raw order; pure. Raises Undecodable naming the field."""
        return details.order(raw)

    def confirm_order(self, key: str) -> None:
        """Set 確認済. Repeating it is harmless. Raises NotFound, Rejected, OutcomeUnknown."""
        self._update(orders.order_path(key, orders.STATE), orders.CONFIRMATION)

    def request_settlement(self, key: str) -> None:
        """Request settlement (決済依頼) once: every accepted request is a charge.

        Raises: AlreadyDone (requested before), Rejected, OutcomeUnknown.
        """
        self._calls.change(ApiFamily.ORDERS, "POST", orders.order_path(key, orders.SETTLEMENT), {})

    def carriers(self) -> dict[str, str]:
        """Return the codes the cart takes, each also as its name; without a call."""
        return {code: code for code in orders.CARRIERS}

    def ship_destination(self, key: str, destination: int, parcel: CartParcel) -> None:
        """Write carrier (code) and number, set 発送済. Raises Rejected, OutcomeUnknown."""
        place = orders.SHIPPING.format(destination=destination)
        self._update(orders.order_path(key, place), orders.shipping_result(parcel))

    def complete_order(self, key: str) -> None:
        """Move it to the completed folder (取引完了フォルダ).

        Raises: AlreadyDone, NotFound, Rejected, OutcomeUnknown.
        """
        self._calls.change(ApiFamily.ORDERS, "POST", orders.order_path(key, orders.COMPLETION), {})

    def set_stock(self, item: ItemKey, level: StockLevel) -> int | None:
        """Set an absolute number; repeating it is harmless.

        Returns: None, for the cart's answer tells no quantity.
        Raises: NotFound (item or variation unknown), Rejected.

        Without a notice number in `level` the cart's own is read first and sent back, because
        an update without it would lose it; that is a second call.
        """
        choices, notice = stock.split(item.variation), level.low_stock
        ambiguous = len(choices) > stock.AXES
        if ambiguous or (notice is None and not level.unlimited):
            place = self._place(item)
            choices = place.choices
            notice = place.notice if notice is None else notice
        body = stock.update(level, choices, notice)
        self._calls.write(ApiFamily.STOCK, "PUT", stock.stock_path(item.item), body)
        return None

    def list_stock(self) -> Iterator[Listing[ExternalItem]]:
        """Yield all items and variations of the shop, page by page.

        The item list tells neither combinations nor notice numbers, so this costs one call for
        each item besides one for each 100 items. An item the cart refuses to tell is unreadable.
        """
        start, done = 0, False
        while not done:
            body = self._calls.read(ApiFamily.STOCK, "POST", stock.SEARCH, stock.page_of(start))
            page = stock.item_page(body, start)
            start += len(page.rows)
            done = not page.rows or (page.total is not None and start >= page.total)
            yield listing(found for item in page.rows for found in self._external(item))

    def read_stock(self, items: Collection[str]) -> Iterator[Listing[ExternalItem]]:
        """Yield what the shop shows for some items, one call each; unknown ones are left out."""
        for code in items:
            yield listing(self._external(stock.ListedItem(code, "")))

    def test_connection(self) -> ShopIdentity:
        """Return the shop's id, for the cart tells no name. Raises AuthenticationFailed."""
        body = self._calls.read(ApiFamily.STOCK, "POST", stock.SEARCH, stock.page_of(0, 1))
        stock.item_page(body)
        return ShopIdentity(self._shop_id, self._shop_id)

    def _update(self, path: str, body: dict[str, object]) -> None:
        """Make a repeatable change; here a conflict is a refusal, not the wished state."""
        try:
            self._calls.change(ApiFamily.ORDERS, "PUT", path, body)
        except AlreadyDone as error:
            raise Rejected(str(error), code=error.code) from error

    def _pages(self, search: dict[str, object]) -> Iterator[Listing[ListedOrder]]:
        """Yield a search page by page.

        Oldest first, so orders that arrive meanwhile only add rows at the end. When the total
        sinks, rows moved towards the start and as many may have slipped past: those places are
        read again.

        A total that is missing or too small is not believed: then an empty page is the end.

        Raises: RemoteDown: among others when rows the total promises do not come. Taken for the
            end, that would leave their orders behind.
        """
        start, known_total = 0, None
        for _ in range(MOST_PAGES):
            request = orders.page_of(search, start)
            body = self._calls.read(ApiFamily.ORDERS, "POST", orders.RETRIEVE, request)
            page = orders.page(body, start)
            if page.size:
                yield page.rows
            if page.total is not None and known_total is not None and page.total < known_total:
                start = max(0, start - (known_total - page.total))
                known_total = page.total
                continue
            known_total = page.total
            start += page.size
            if start == page.total:
                return
            if not page.size and page.total is not None and start < page.total:
                raise RemoteDown("ShopServe: the order list ends before its total")
            if not page.size:
                return
        raise RemoteDown("ShopServe: the order list does not come to an end")

    def _place(self, item: ItemKey) -> stock.StockPlace:
        places = self._stock_of(item.item)
        place = stock.find(places, item.variation)
        if place is None:
            raise NotFound(_mismatch(item, places))
        return place

    def _stock_of(self, item_code: str) -> tuple[stock.StockPlace, ...]:
        return stock.stock(self._calls.read(ApiFamily.STOCK, "GET", stock.stock_path(item_code)))

    def _external(
        self, item: stock.ListedItem | UnreadableRow
    ) -> Sequence[ExternalItem | UnreadableRow]:
        if isinstance(item, UnreadableRow):
            return [item]
        try:
            places = self._stock_of(item.code)
        except NotFound:  # deleted since the list was read
            return []
        except (Rejected, Undecodable) as error:
            return [UnreadableRow(str(error), key=item.code, label=item.name)]
        return [stock.external(item, place) for place in places]


def _mismatch(item: ItemKey, places: Sequence[stock.StockPlace]) -> str:
    name = f"ShopServe: item {item.item}"
    if not item.variation:
        return f"{name} is counted per combination; map its combinations instead"
    if all(not place.choices for place in places):
        return f"{name} is counted as a whole; map it without a variation"
    return f"{name} has no combination {item.variation}"
