"""What a cart's client is told and tells, and what it needs from the rest of the system.

Every method of a client may raise, besides what it names: RemoteBusy, RemoteDown (no effect
happened or a repeat is harmless), Closed, BudgetSpent, SwitchedOff, AuthenticationFailed,
Undecodable, LeaseLost. Writes raise OutcomeUnknown instead of RemoteDown when the answer was lost
after sending.
"""

from dataclasses import dataclass
from datetime import date
from typing import Protocol

from domain.errors import ApiFamily


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


@dataclass(frozen=True, slots=True)
class CartParcel:
    """How one parcel left: the cart's carrier (code or id), tracking number, Tokyo date."""

    carrier: str
    tracking_number: str
    shipped_on: date


@dataclass(frozen=True, slots=True)
class ShopIdentity:
    """Who a cart says the caller is.

    Attributes:
        account: the cart's own id of the shop.
        name: a name a person recognises; the id where the cart tells none.
    """

    account: str
    name: str


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
