"""The `NAME=VALUE` pairs of `renkei shop set`."""

from collections.abc import Callable, Mapping, Sequence
from urllib.parse import urlsplit

from console.failures import Wrong
from domain.carts.cart import Cart

Reader = Callable[[str], object]

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


def _number(
    what: str, low: float, high: int, kind: Callable[[float], float], unit: str = ""
) -> Reader:
    """Return a reader of numbers in a range. Args: kind: int takes whole ones only."""

    def read(value: str) -> float:
        try:
            number = float(value.removesuffix(unit))
        except ValueError:
            number = float("-inf")
        if not low <= number <= high or kind(number) != number:
            raise Wrong(f"{what} from {low} to {high}, not {value!r}")
        return kind(number)

    return read


def _name(value: str) -> str:
    if not value:
        raise Wrong("name is not blank")
    return value


READERS: Mapping[str, Reader] = {
    "calls_per_second": _number("calls_per_second is", 0.01, LARGEST_PACE, float),
    "in_flight": _number("in_flight is a whole number", 1, LARGEST_IN_FLIGHT, int),
    "default_method": lambda value: value or None,
    "overlap_s": _number("overlap_s is whole seconds", 0, LARGEST_OVERLAP_S, int, "s"),
    "name": _name,
    "api_url": web_address,
    "auth_url": web_address,
}
