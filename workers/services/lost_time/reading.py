"""What a shop's cart shows of the time the database has lost."""

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import Engine

from adapters.postgres.clock import clock
from adapters.postgres.orders import import_tasks, lost_time
from adapters.postgres.orders.import_tasks import Seen
from adapters.postgres.shops import cart_clocks
from adapters.postgres.shops.shops import Shop
from adapters.shopserve.client import ShopServeCart
from adapters.shopserve.wire.orders import MOST_KEYS
from adapters.thebase.client import TheBaseCart
from domain.actions import Action
from domain.errors import Rejected, Undecodable
from domain.orders.eligibility import TaskState
from domain.orders.windows import Clocks, believed, difference_window, slices
from workers.actions.order_lists import OrderList
from workers.calls.cart_clocks import address_of
from workers.calls.work import ShopCart

Raw = dict[str, object]
# What a cart tells of one order: all of it, nothing, or why it tells nothing.
Told = Raw | Rejected | Undecodable | None


def listed_orders(database: Engine, shop: Shop, cart: ShopCart) -> OrderList:
    """Read the list from the cursor as it was, less its overlap, until now."""
    with database.begin() as connection:
        stored = import_tasks.read_cursor(connection, shop.id, Action.IMPORT_ORDERS)
        ahead_s = cart_clocks.ahead_s(connection, address_of(shop.api_url)) or 0.0
        clocks = Clocks(clock(connection), timedelta(seconds=ahead_s))
    cursor = None if stored is None else believed(stored, clocks)
    overlap = timedelta(seconds=shop.overlap_s)
    window = difference_window(shop.cart, cursor=cursor, clocks=clocks, overlap=overlap)
    found = OrderList()
    for part in slices(window, shop.cart, clocks.later):
        found.read(cart, part)
    return found


def register(database: Engine, shop: Shop, found: OrderList) -> list[str]:
    """Make the orders tasks of a lost time, and return every key that is to be read whole.

    Listed are those that are no instructions yet; the others are open or not returned here.
    """
    with database.begin() as connection:
        known = import_tasks.known(connection, shop.id, found.rows)
        new = [
            Seen(row.key, row.ordered_at, TaskState.LISTED)
            for key, row in found.rows.items()
            if key not in known or known[key].state is not TaskState.CONVERTED
        ]
        import_tasks.register(connection, shop.id, new)
        lost_time.note_tasks(connection, shop.id, [one.key for one in new])
        unreturned = lost_time.unreturned(connection, shop.id)
    return list(dict.fromkeys([*(one.key for one in new), *unreturned]))


def whole_orders(cart: ShopCart, keys: list[str], found: OrderList) -> Iterator[tuple[str, Told]]:
    """Yield each order as the cart tells it; None: the cart does not know it.

    One the cart refuses to tell keeps nobody from the others.

    ShopServe's list holds whole orders, and others are read a hundred at a time.
    """
    if isinstance(cart, TheBaseCart):
        for key in keys:
            yield key, _told(cart, key)
        return
    listed = {key: row.raw for key, row in found.rows.items() if row.whole}
    yield from ((key, listed[key]) for key in keys if key in listed)
    yield from _in_batches(cart, [key for key in keys if key not in listed])


def _told(cart: TheBaseCart, key: str) -> Told:
    try:
        return cart.read_order(key)
    except (Rejected, Undecodable) as error:
        return error


def _in_batches(cart: ShopServeCart, keys: list[str]) -> Iterator[tuple[str, Told]]:
    for start in range(0, len(keys), MOST_KEYS):
        batch = keys[start : start + MOST_KEYS]
        answer = cart.read_orders(batch)
        for key in batch:
            yield key, answer.get(key)
