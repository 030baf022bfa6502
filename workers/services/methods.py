"""Delivery methods (配送方法) and the carriers of the shops' carts (RET-6, RET-7)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Engine

from adapters.postgres.shipments import carriers
from adapters.postgres.views.shops import ShopRef, list_carriers
from adapters.shopserve.wire.orders import CARRIERS
from domain.carts.cart import Cart
from domain.errors import SyncError
from domain.notation import plain
from domain.orders.cancellations import CancelInCart, decide_by
from domain.shipments.carriers import is_known, known_carrier, no_carrier
from domain.warehouse.moves import Operation, Ship
from domain.warehouse.targets import Instruction, unheard
from workers.places import NotRunning
from workers.services.actors import Actor
from workers.settings import Settings


@dataclass(frozen=True, slots=True)
class CartList:
    """The carriers a cart knows.

    Attributes:
        known: code by name; None where the cart could not be asked now.
        unread: why not.
    """

    known: Mapping[str, str] | None
    unread: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """A carrier for a delivery method. `checked`: the cart's own list has it."""

    method: str
    carrier: str
    checked: bool


def cart_list(settings: Settings, engine: Engine, shop: ShopRef) -> CartList:
    """Return the carriers of a shop's cart; asks a BASE shop, so no transaction may be open."""
    if shop.cart is Cart.SHOPSERVE:
        return CartList({code: code for code in CARRIERS})
    from workers.services.cart_calls import list_carriers_of  # noqa: PLC0415 -- needs an HTTP client

    try:
        return CartList(list_carriers_of(settings, engine, shop))
    except (SyncError, NotRunning) as error:
        return CartList(None, str(error))


def chosen(shop: ShopRef, method: str, carrier: str, listed: CartList) -> Choice:
    """Return what is kept: the carrier as its cart calls it, or as it was said, unchecked.

    Raises: BrokenRule: the cart lists no such carrier; names those it does.
    """
    if listed.known is None:
        return Choice(method.strip(), plain(carrier), checked=False)
    return Choice(method.strip(), known_carrier(shop.cart, carrier, listed.known).name, True)


def set_carrier(connection: Connection, actor: Actor, shop: ShopRef, choice: Choice) -> None:
    """Translate a delivery method of a shop to a carrier of its cart (RET-6).

    What was said before of the same method, written otherwise, is forgotten: it could win.
    """
    for same in _written_otherwise(connection, shop, choice.method):
        carriers.remove_carrier(connection, shop.id, same)
    carriers.set_carrier(connection, shop.id, choice.method, choice.carrier, checked=choice.checked)
    actor.did(
        connection,
        "method.set",
        shop.key,
        method=choice.method,
        carrier=choice.carrier,
        checked=choice.checked,
    )


def _written_otherwise(connection: Connection, shop: ShopRef, method: str) -> list[str]:
    known = carriers.carrier_table(connection, shop.id).carriers
    return [other for other in known if other != method and plain(other) == plain(method)]


def remove_carrier(connection: Connection, actor: Actor, shop: ShopRef, method: str) -> bool:
    """Forget a translation; False when there was none."""
    if not carriers.remove_carrier(connection, shop.id, method):
        return False
    actor.did(connection, "method.remove", shop.key, method=method)
    return True


def worth_saying(
    connection: Connection,
    merchant_id: int,
    operation: Operation | type[Operation],
    changed: Sequence[Instruction],
    rows: Sequence[Mapping[str, object]],
) -> dict[int, list[str]]:
    """Return what a person should know of a change, by instruction id.

    That is: a cart that will not hear of it (SHP-1), a delivery method without a carrier (RET-7), a
    parcel of which the cart shows the order cancelled (STS-10).

    Args: rows: the same instructions as `orders list` shows them, after the change.
    """
    said = {one.id: unheard([one]) for one in changed}
    if not (isinstance(operation, Ship) or operation is Ship):
        return said
    tables: dict[object, dict[str, str]] = {}
    for row in list_carriers(connection, merchant_id):
        tables.setdefault(row["shop"], {})[str(row["method"])] = str(row["carrier"])
    for one, after in zip(changed, rows, strict=True):
        method = str(after["shipped_method"])
        if not one.shop_removed and not is_known(method, tables.get(one.shop, {})):
            sentence = f"{no_carrier(method, one.shop)}; its cart is not told of it before that"
            said[one.id].append(sentence)
        if after["cart_cancel"] == CancelInCart.WAITING:
            decide = decide_by(one.number, one.shop)
            said[one.id].append(f"{one.number} is cancelled in the cart: {decide}")
    return said
