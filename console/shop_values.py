"""The `NAME=VALUE` pairs of `renkei shop set`."""

from collections.abc import Callable, Mapping, Sequence
from urllib.parse import urlsplit

from console.failures import Wrong
from domain.carts.cart import Cart

LARGEST_PACE = 1000
LARGEST_IN_FLIGHT = 64
LARGEST_OVERLAP_S = 7 * 24 * 3600


def read_values(cart: Cart, pairs: Sequence[str]) -> dict[str, object]:
    """Return the new value of each named column. Raises Wrong naming the pair that is."""
    values: dict[str, object] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise Wrong(f"{pair!r} is not NAME=VALUE")
        if name not in READERS:
            raise Wrong(f"unknown name {name}; known are {', '.join(READERS)}")
        if name == "default_method" and cart is not Cart.BASE:
            raise Wrong("default_method is for BASE shops only (IMP-11)")
        values[name] = READERS[name](value.strip())
    return values


def web_address(value: str) -> str:
    """Return an http(s) address without a slash at its end. Raises Wrong."""
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise Wrong(f"{value!r} is not an http or https address")
    return value.rstrip("/")


def _pace(value: str) -> float:
    pace = _number(value)
    if not 0.01 <= pace <= LARGEST_PACE:  # noqa: PLR2004 -- what the column keeps
        raise Wrong(f"calls_per_second is from 0.01 to {LARGEST_PACE}, not {value!r}")
    return pace


def _in_flight(value: str) -> int:
    count = _number(value)
    if not count.is_integer() or not 1 <= count <= LARGEST_IN_FLIGHT:
        raise Wrong(f"in_flight is a whole number from 1 to {LARGEST_IN_FLIGHT}, not {value!r}")
    return int(count)


def _overlap(value: str) -> int:
    seconds = _number(value.removesuffix("s"))
    if not seconds.is_integer() or not 0 <= seconds <= LARGEST_OVERLAP_S:
        raise Wrong(f"overlap_s is whole seconds from 0 to {LARGEST_OVERLAP_S}, not {value!r}")
    return int(seconds)


def _name(value: str) -> str:
    if not value:
        raise Wrong("name is not blank")
    return value


def _number(value: str) -> float:
    """Return a number; what is none becomes one that no range holds."""
    try:
        return float(value)
    except ValueError:
        return float("-inf")


READERS: Mapping[str, Callable[[str], object]] = {
    "calls_per_second": _pace,
    "in_flight": _in_flight,
    "default_method": lambda value: value or None,
    "overlap_s": _overlap,
    "name": _name,
    "api_url": web_address,
    "auth_url": web_address,
}
