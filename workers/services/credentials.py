"""Credentials as people hand them over: one JSON object, checked."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from adapters.postgres.shops.tokens import ACCESS_TOKEN_LIFE, Tokens
from domain.carts.cart import Cart
from domain.errors import BrokenRule

NEEDED: Mapping[Cart, tuple[str, ...]] = {
    Cart.SHOPSERVE: ("shop_id", "manager_key"),
    Cart.BASE: ("client_id", "client_secret", "redirect_uri"),
}
TOKENS = ("access_token", "refresh_token")
# As in BASE's own token answer: seconds the access token still lives.
EXPIRES = "expires_in"


@dataclass(frozen=True, slots=True)
class Secrets:
    """What a shop's cart asks for, and what it was authorised with, if it was."""

    credentials: dict[str, str] = field(repr=False)
    tokens: Tokens | None = None


def checked(cart: Cart, raw: bytes, now: datetime) -> Secrets:
    """Return the secrets of a JSON object. Raises BrokenRule naming every problem, but no value."""
    values = _object(raw)
    problems = _problems(cart, values)
    if problems:
        raise BrokenRule(f"secrets: {'; '.join(problems)}")
    credentials = {name: str(values[name]).strip() for name in NEEDED[cart]}
    return Secrets(credentials, _tokens(values, now) if TOKENS[0] in values else None)


def _object(raw: bytes) -> dict[str, object]:
    try:
        values = json.loads(raw.decode("utf-8-sig"))
    except ValueError:  # UnicodeDecodeError and JSONDecodeError; their texts quote the input
        raise BrokenRule("secrets: standard input is not one JSON object") from None
    if not isinstance(values, dict):
        raise BrokenRule("secrets: standard input is not one JSON object")
    return values


def _problems(cart: Cart, values: Mapping[str, object]) -> list[str]:
    optional = (*TOKENS, EXPIRES) if cart is Cart.BASE else ()
    known = (*NEEDED[cart], *optional)
    problems = [f"{name} is missing" for name in NEEDED[cart] if name not in values]
    problems += [f"{name} is unknown" for name in sorted(values.keys() - set(known))]
    if cart is Cart.BASE and (TOKENS[0] in values) != (TOKENS[1] in values):
        problems.append(f"{TOKENS[0]} and {TOKENS[1]} come together")
    problems += [
        f"{name} is not a text of at least one character"
        for name in (*NEEDED[cart], *TOKENS)
        if name in values and name in known and not _is_text(values[name])
    ]
    if EXPIRES in values and EXPIRES in known and not _is_seconds(values[EXPIRES]):
        problems.append(f"{EXPIRES} is not a number of seconds")
    return problems


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_seconds(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _tokens(values: Mapping[str, object], now: datetime) -> Tokens:
    life = values.get(EXPIRES)
    lasts = timedelta(seconds=life) if isinstance(life, int) else ACCESS_TOKEN_LIFE
    return Tokens(
        access_token=str(values[TOKENS[0]]).strip(),
        refresh_token=str(values[TOKENS[1]]).strip(),
        access_expires_at=now + lasts,
    )
