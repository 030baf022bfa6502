"""What the rest of the system needs from a cart, one small port per capability.

Every method may raise, besides what it names: RemoteBusy, RemoteDown (no effect happened or a
repeat is harmless), Closed, BudgetSpent, SwitchedOff, AuthenticationFailed, Undecodable, LeaseLost.
Writes raise OutcomeUnknown instead of RemoteDown when the answer was lost after sending.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from domain.carts.listings import Listing
from domain.engine.runs import Window
from domain.errors import ApiFamily
from domain.orders.cart_order import CartOrder, ListedOrder, OrderSummary


@dataclass(frozen=True, slots=True)
class ItemKey:
    """One stock place of a shop.

    Attributes:
        item: BASE `item_id` as text, ShopServe `item_code`.
        variation: BASE `variation_id` as text, ShopServe choice names joined with `/`; or blank.
    """

    item: str
    variation: str = ""


@dataclass(frozen=True, slots=True)
class StockLevel:
    """What a shop is told about one item.

    Attributes:
        quantity: pieces, 0 or more; ignored when `unlimited`.
        low_stock: ShopServe 在庫わずか notice number; None = keep the cart's own.
    """

    quantity: int
    unlimited: bool = False
    low_stock: int | None = None


@dataclass(frozen=True, slots=True)
class ExternalItem:
    """One sellable item or variation as the shop lists it (外部商品).

    Attributes:
        code: BASE 商品コード + 種類コード, ShopServe item code (blank if the shop set none).
        quantity: pieces the shop offers now; None where the list does not tell.
        unlimited: the shop sells it without counting.
        low_stock: ShopServe 在庫わずか notice number, None where the list does not tell.
    """

    key: ItemKey
    name: str
    code: str
    quantity: int | None
    unlimited: bool = False
    low_stock: int | None = None


class OrderSource(Protocol):
    """Reads a shop's orders."""

    def list_orders(self, window: Window) -> Iterator[Sequence[ListedOrder]]:
        """Yield the list page by page; a key may come twice, none is left out.

        Args: window: at most 7 days on ShopServe (longer: Rejected).
        """

    def read_order(self, key: str) -> dict[str, object] | None:
        """Return one whole order as the cart tells it now, None if the cart does not know it."""

    def decode(self, raw: dict[str, object]) -> CartOrder:
        """Translate a whole raw order; pure. Raises Undecodable naming the field."""


class ReadsInBatches(Protocol):
    """ShopServe: several whole orders in one call."""

    def read_orders(self, keys: Sequence[str]) -> dict[str, dict[str, object]]:
        """Return raw orders by key; a key the cart does not know is absent. At most 100 keys."""


class ListsSummaries(Protocol):
    """BASE: what a list row tells."""

    def summary(self, raw: dict[str, object]) -> OrderSummary:
        """Translate one list row; pure. Raises Undecodable."""


class ConfirmsOrders(Protocol):
    """ShopServe: 確認ステータス更新."""

    def confirm_order(self, key: str) -> None:
        """Set 確認済. Repeating it is harmless. Raises NotFound, Rejected, OutcomeUnknown."""


class RequestsSettlement(Protocol):
    """ShopServe: 決済依頼. Not repeatable: every accepted request is a charge."""

    def request_settlement(self, key: str) -> None:
        """Request it once. Raises AlreadyDone (requested before), Rejected, OutcomeUnknown."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """How one parcel left: the cart's carrier (code or id), tracking number, Tokyo date."""

    carrier: str
    tracking_number: str
    shipped_on: date


class ShipsDestinations(Protocol):
    """ShopServe: shipping result per destination."""

    def ship_destination(self, key: str, destination: int, parcel: Parcel) -> None:
        """Write carrier (code) and number, set 発送済. Raises Rejected, OutcomeUnknown."""


class DispatchesLines(Protocol):
    """BASE: edit_status per line. Each accepted dispatch mails the buyer."""

    def delivery_companies(self) -> dict[str, str]:
        """Return company id by name."""

    def dispatch_line(self, line: str, parcel: Parcel) -> None:
        """Raises AlreadyDone (`not_change_status`), NotFound, Rejected, OutcomeUnknown."""

    def ship_deferred(self, line: str, parcel: Parcel) -> None:
        """Set the deferred payment of the line's whole order to `shipping`. Raises as above."""


class CompletesOrders(Protocol):
    """ShopServe: 取引完了フォルダ移動."""

    def complete_order(self, key: str) -> None:
        """Move it. Raises AlreadyDone, NotFound, Rejected, OutcomeUnknown."""


class StockTarget(Protocol):
    """Tells a shop how much it may sell, and reads what it offers."""

    def set_stock(self, item: ItemKey, level: StockLevel) -> int | None:
        """Set an absolute number; repeating it is harmless.

        Returns: the quantity the cart answers it now holds, None where it answers none.
        Raises: NotFound (item or variation unknown), Rejected.
        """

    def list_stock(self) -> Iterator[Listing[ExternalItem]]:
        """Yield all items and variations of the shop, page by page."""


class TestsConnection(Protocol):
    """One cheap call that proves the credentials."""

    def test_connection(self) -> str:
        """Return a name of the shop a person recognises. Raises AuthenticationFailed."""


class CallGate(Protocol):
    """Asked right before every call to a cart, and told when it has ended; counts it."""

    def admit(self, api: ApiFamily, deadline_s: float) -> None:
        """Return when the call may be made now.

        Args: deadline_s: seconds the call may take in all.
        Raises: BudgetSpent, Closed, SwitchedOff, LeaseLost.
        """

    def done(self) -> None:
        """Note that the admitted call has ended, well or badly."""


class TokenStore(Protocol):
    """BASE tokens of one shop, shared between workers."""

    def access_token(self) -> str:
        """Return a token believed good; refreshes ahead of its end, one worker at a time."""

    def renew(self, refused: str) -> str:
        """Return a token other than `refused`: another worker's, else by one refresh.

        Raises: AuthenticationFailed when the shop must authorise again.
        """
