"""One BASE shop: its app, its tokens, its call budget, orders and items."""

from dataclasses import dataclass, field

from simulator import clock
from simulator.messages import Document
from simulator.order_book import Order, OrderBook


@dataclass(frozen=True, slots=True)
class Token:
    """A code, an access token or a refresh token.

    Attributes:
        shop: key of the shop it belongs to.
        scopes: what it allows.
        ends_at: Unix seconds.
        redirect_uri: the callback it was given for.
    """

    shop: str
    scopes: frozenset[str]
    ends_at: float
    redirect_uri: str = ""


class TokenTable:
    """Every code and token that still exists."""

    def __init__(self) -> None:
        """Start empty."""
        self.codes: dict[str, Token] = {}
        self.access: dict[str, Token] = {}
        self.refresh: dict[str, Token] = {}


@dataclass(slots=True)
class Budget:
    """Calls of one shop in the current Tokyo hour and day.

    Attributes:
        hour_limit: calls an hour, None for the setting of the simulator.
        day_limit: calls a day, None for the setting of the simulator.
    """

    hour: int = -1
    hour_calls: int = 0
    day: int = -1
    day_calls: int = 0
    hour_limit: int | None = None
    day_limit: int | None = None

    def turn(self, at: float) -> None:
        """Start a new hour or day when it has begun."""
        hour, day = clock.hour_of(at), clock.day_of(at)
        if hour != self.hour:
            self.hour, self.hour_calls = hour, 0
        if day != self.day:
            self.day, self.day_calls = day, 0


@dataclass(slots=True)
class BaseShop:
    """One shop with its own registered app.

    Attributes:
        key: the simulator's name of the shop.
        merchant: the merchant (荷主) the shop belongs to.
        shop_id: BASE's id of the shop.
        name: shop name.
        client_id: of the app.
        client_secret: of the app.
        redirect_uri: registered callback of the app.
        consents: whether the shopkeeper agrees when asked to authorise.
        exists: whether the shop still exists.
        access_token: the newest one issued.
        refresh_token: the newest one issued.
        lines: order key of each order line id.
        items: item documents by id, in the shop's own order.
        skus: the hub's product code per (item id, variation id or 0).
    """

    key: str
    merchant: str
    shop_id: str
    name: str
    client_id: str
    client_secret: str
    redirect_uri: str
    consents: bool = True
    exists: bool = True
    access_token: str = ""
    refresh_token: str = ""
    budget: Budget = field(default_factory=Budget)
    orders: OrderBook = field(default_factory=OrderBook)
    lines: dict[int, str] = field(default_factory=dict)
    items: dict[int, Document] = field(default_factory=dict)
    skus: dict[tuple[int, int], str] = field(default_factory=dict)

    cart = "thebase"

    def secrets(self) -> Document:
        """Return what a client needs to sign in."""
        return {
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "redirect_uri": self.redirect_uri,
            "access_token": self.access_token,
            "refresh_token": self.refresh_token,
        }

    def add_order(self, order: Order) -> None:
        """Add an order and make its lines findable."""
        self.orders.add(order)
        for line in order.document["order_items"]:
            self.lines[line["order_item_id"]] = order.key

    def remove_order(self, key: str) -> None:
        """Forget an order and its lines."""
        self.orders.remove(key)
        self.lines = {line: order for line, order in self.lines.items() if order != key}
