"""One ShopServe shop: credentials, orders and items."""

from dataclasses import dataclass, field

from simulator.messages import Document
from simulator.order_book import Order, OrderBook
from simulator.shopserve.wire import UNLIMITED, YES, Management

Choices = tuple[str, ...]


@dataclass(slots=True)
class StockRow:
    """One stock figure.

    Attributes:
        sku: the hub's product code this row stands for (known to the simulator only).
        quantity: pieces; 99,999,999 means unlimited.
        alert_threshold: low-stock notice level, pieces.
    """

    sku: str
    quantity: int
    alert_threshold: int


@dataclass(slots=True)
class Item:
    """One item.

    Attributes:
        code: item code (商品番号).
        name: item name.
        price_yen: price, tax included.
        tax_rate: 8 or 10.
        rows: stock per combination of choices; the empty tuple for an item without choices.
        is_open: Yes or No, whether buyers see it.
        created_at: Unix seconds.
    """

    code: str
    name: str
    price_yen: int
    tax_rate: int
    rows: dict[Choices, StockRow]
    is_open: str = YES
    created_at: int = 0

    @property
    def management(self) -> Management:
        """Whether stock is kept per item or per combination."""
        return Management.ITEM if () in self.rows else Management.VARIATION

    @property
    def quantity(self) -> int:
        """All pieces of the item."""
        return min(UNLIMITED, sum(row.quantity for row in self.rows.values()))


@dataclass(slots=True)
class ShopServeShop:
    """One shop.

    Attributes:
        key: the simulator's name of the shop.
        merchant: the merchant (荷主) the shop belongs to.
        shop_id: user name of HTTP Basic.
        manager_key: password of HTTP Basic.
        orders: its orders.
        items: its items by code.
        orders_made: orders numbered so far.
    """

    key: str
    merchant: str
    shop_id: str
    manager_key: str
    orders: OrderBook = field(default_factory=OrderBook)
    items: dict[str, Item] = field(default_factory=dict)
    orders_made: int = 0

    cart = "shopserve"

    def secrets(self) -> Document:
        """Return what a client needs to sign in."""
        return {"shop_id": self.shop_id, "manager_key": self.manager_key}

    def add_order(self, order: Order) -> None:
        """Add an order."""
        self.orders.add(order)

    def remove_order(self, key: str) -> None:
        """Forget an order."""
        self.orders.remove(key)

    def sku_of(self, item_code: str, choices: Choices) -> str:
        """Return the product code of an item or combination, empty when unknown."""
        item = self.items.get(item_code)
        row = None if item is None else item.rows.get(choices)
        return "" if row is None else row.sku
