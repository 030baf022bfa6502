"""The settings of a shop: what `renkei shop set` takes and `renkei shop settings` shows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from urllib.parse import urlsplit

from console.failures import Wrong
from domain.carts.accounts import tidy_address
from domain.carts.cart import Cart
from domain.carts.shop_settings import ShipDates, SplitBy
from domain.notation import read_decimal, read_whole

Reader = Callable[[str], object]

LARGEST_PACE = 1000
LARGEST_IN_FLIGHT = 64
LARGEST_OVERLAP_S = 7 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: how it is read, what it means; `of_base`: BASE shops only."""

    read: Reader
    meaning: str
    of_base: bool = False

    def is_of(self, cart: Cart) -> bool:
        """Tell whether shops of the cart have it."""
        return cart is Cart.BASE or not self.of_base


def read_values(cart: Cart, pairs: Sequence[str]) -> dict[str, object]:
    """Return the new value of each named column. Raises Wrong naming the pair that is."""
    values: dict[str, object] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise Wrong(f"{pair!r} is not NAME=VALUE")
        if name not in SETTINGS:
            raise Wrong(f"unknown name {name}; known are {', '.join(SETTINGS)}")
        if not SETTINGS[name].is_of(cart):
            raise Wrong(f"{name} is for BASE shops only")
        values[name] = SETTINGS[name].read(value.strip())
    return values


def describe_values(cart: Cart, row: Mapping[str, object]) -> list[dict[str, object]]:
    """Return each setting of a shop with its value as `shop set` takes it, and its meaning."""
    return [
        {"name": name, "value": as_set(row[name]), "meaning": setting.meaning}
        for name, setting in SETTINGS.items()
        if setting.is_of(cart)
    ]


def as_set(value: object) -> object:
    """Return a value as `shop set` takes it."""
    return ("off", "on")[value] if isinstance(value, bool) else value


def web_address(value: str) -> str:
    """Return an http(s) address in the one form it is kept in. Raises Wrong."""
    try:
        parts, tidy = urlsplit(value.strip()), tidy_address(value)
    except ValueError as error:
        raise Wrong(f"{value!r} is not an http or https address: {error}") from error
    other = parts.query or parts.fragment or parts.username or parts.password
    if parts.scheme not in {"http", "https"} or not parts.hostname or other:
        raise Wrong(f"{value!r} is not an http or https address")
    return tidy


def _number(name: str, read_it: Callable[[str], float], unit: str = "") -> Reader:
    """Return the reader of a number. Args: read_it: raises ValueError, which says the range."""

    def read(value: str) -> float:
        try:
            return read_it(value.removesuffix(unit))
        except ValueError as error:
            raise Wrong(f"{name}: {error}") from error

    return read


def _name(value: str) -> str:
    if not value:
        raise Wrong("name is not blank")
    return value


def _switch(value: str) -> bool:
    if value not in {"on", "off"}:
        raise Wrong(f"on or off, not {value!r}")
    return value == "on"


def _one_of(kind: type[StrEnum]) -> Reader:
    def read(value: str) -> StrEnum:
        if value not in list(kind):
            raise Wrong(f"{' or '.join(kind)}, not {value!r}")
        return kind(value)

    return read


SETTINGS: Mapping[str, Setting] = {
    "name": Setting(_name, "What people call the shop."),
    "api_url": Setting(web_address, "Base address of the cart's API."),
    "auth_url": Setting(web_address, "Base address of the cart's token API."),
    "calls_per_second": Setting(
        _number("calls_per_second", partial(read_decimal, low=0.01, high=LARGEST_PACE)),
        "Most calls a second.",
    ),
    "in_flight": Setting(
        _number("in_flight", partial(read_whole, low=1, high=LARGEST_IN_FLIGHT)),
        "Most calls at a time.",
    ),
    "overlap_s": Setting(
        _number("overlap_s", partial(read_whole, high=LARGEST_OVERLAP_S), "s"),
        "Seconds before the last import that the next one reads again.",
    ),
    "default_method": Setting(
        lambda value: value or None,
        "Fills a delivery method that arrives blank; empty = nothing does.",
        of_base=True,
    ),
    "split_by": Setting(
        _one_of(SplitBy),
        "An order becomes one instruction per company, or per method.",
        of_base=True,
    ),
    "import_partly_cancelled": Setting(
        _switch, "on = orders with cancelled lines are imported too, without them.", of_base=True
    ),
    "ship_dates": Setting(
        _one_of(ShipDates),
        "Shipments a run returns: open = of the last 30 days, today = of its day alone.",
    ),
}
