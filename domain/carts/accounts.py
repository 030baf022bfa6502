"""Which shop of a cart a set of credentials is for (STK-8): the same one is never kept twice.

Two shops of the hub on one account would both import its orders and both tell it stock.
"""

from dataclasses import dataclass
from unicodedata import normalize
from urllib.parse import urlsplit, urlunsplit

from domain.carts.cart import Cart
from domain.errors import AccountTaken, BrokenRule

_PORTS = {"http": 80, "https": 443}
_LOOPBACK = frozenset({"localhost", "::1"})


@dataclass(frozen=True, slots=True)
class CartAccount:
    """One account of a cart (アカウント).

    Attributes:
        place: the API it is at, as `place_of` writes it.
        name: ShopServe's or BASE's own id of the shop, as `account_name` writes it.
    """

    cart: Cart
    place: str
    name: str

    def __str__(self) -> str:
        """Return all of it in one text, the same for the same account."""
        return f"{self.cart} {self.place} {self.name}"


@dataclass(frozen=True, slots=True)
class AccountHolder:
    """A shop of the hub that has or had an account. `removed`: it had."""

    id: int
    merchant_id: int
    key: str
    removed: bool


def account_at(cart: Cart, api_url: str, told: str) -> CartAccount:
    """Return the account of an id as a person or the cart tells it.

    Raises: BrokenRule for a blank one.
    """
    name = normalize("NFKC", told).strip().casefold()
    if not name:
        raise BrokenRule(f"{cart} told no shop id")
    return CartAccount(cart, place_of(api_url), name)


def tidy_address(api_url: str) -> str:
    """Return an address in the one form it is kept in: `HTTP://Host:80/v2//` is `http://host/v2`.

    Raises: ValueError for a port that is no number.
    """
    parts = urlsplit(api_url.strip())
    host, port = (parts.hostname or "").rstrip("."), parts.port
    shown = f"[{host}]" if ":" in host else host
    netloc = shown if port in {None, _PORTS.get(parts.scheme)} else f"{shown}:{port}"
    path = "/".join(part for part in parts.path.split("/") if part)
    return urlunsplit((parts.scheme, netloc, f"/{path}" if path else "", "", ""))


def place_of(api_url: str) -> str:
    """Return what two addresses of one API have in common: neither scheme nor a loopback's name."""
    parts = urlsplit(tidy_address(api_url))
    host = parts.hostname or ""
    port = parts.port or _PORTS.get(parts.scheme, 0)
    # Whether it is spoken to in the clear or not, it is the same cart.
    known = "" if port in _PORTS.values() else f":{port}"
    return f"{'127.0.0.1' if host in _LOOPBACK else host}{known}{parts.path}"


def refuse_taken(account: CartAccount, holder: AccountHolder | None, *, merchant_id: int) -> None:
    """Refuse an account that a shop has.

    Args: merchant_id: of whoever asks; another merchant's shop is not named to it.
    Raises: AccountTaken.
    """
    if holder is None:
        return
    if holder.merchant_id == merchant_id:
        raise AccountTaken(
            f"the {account.cart} shop {account.name} is added already, as {holder.key}:"
            " a second one would import its orders twice"
        )
    raise AccountTaken(
        f"the {account.cart} shop {account.name} is added to this installation already"
    )
