"""Words on the command line: shops, actions, carts, keys, moments and days, shared options."""

import re
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, TypeVar

import click
from sqlalchemy import Connection

from adapters.postgres.views.shops import ShopRef, known, refer
from console.failures import CommandFailed, Wrong
from domain.actions import Action, actions_of
from domain.carts.cart import Cart
from domain.notation import LARGEST_COUNT, read_day, read_decimal, read_moment, read_whole
from domain.warehouse.shelf import NOT_COUNTED

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])

ACTION = click.Choice([action.value for action in Action])
CART = click.Choice([cart.value for cart in Cart])
DEFAULT_TIMEOUT_S = 600.0
LONGEST_TIMEOUT_S = 7 * 24 * 3600
_KEY = re.compile(r"[^\s/,]{1,64}")


class Word(click.ParamType[T]):
    """A kind of value: what it is called, and how a word of it is read."""

    def __init__(self, name: str, read: Callable[[str], T]) -> None:
        """Args: read: raises ValueError with what is wrong with the word."""
        self.name = name
        self._read = read

    def convert(
        self, value: str | T, param: click.Parameter | None, ctx: click.Context | None
    ) -> T:
        """Return the value; a default is one already."""
        if not isinstance(value, str):
            return value
        try:
            return self._read(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


def _key(word: str) -> str:
    if not _KEY.fullmatch(word):
        raise ValueError("a key is 1 to 64 characters without blanks, `/` and `,`")
    return word


def whole(low: int, high: int = LARGEST_COUNT) -> Word[int]:
    """Return the kind of whole numbers of a range. Args: low, high: both allowed."""
    return Word("number", partial(read_whole, low=low, high=high))


KEY = Word("key", _key)
"""A short name without blanks, for merchants, shops and programs."""
MOMENT = Word("time", read_moment)
"""ISO 8601, without an offset in Tokyo."""
DAY = Word("day", read_day)
"""A day of Tokyo's calendar."""
COUNT = whole(0)
ID = whole(1, 9_223_372_036_854_775_807)
SECONDS = Word("seconds", partial(read_decimal, low=0, high=LONGEST_TIMEOUT_S))
"""Seconds, whole or with a decimal point."""

ONLY_SHOP = click.option("--shop", metavar="KEY", help="Only this shop.")
ONLY_ACTION = click.option("--action", type=ACTION, metavar="A", help="Only this action.")
WAIT = click.option("--wait", is_flag=True, help="Wait until it is done.")
TIMEOUT = click.option("--timeout", type=SECONDS, default=DEFAULT_TIMEOUT_S, metavar="S")


def only_state(words: Iterable[str]) -> Callable[[F], F]:
    """Return the option that filters a list by state."""
    return click.option("--state", type=click.Choice(list(words)), help="Only in this state.")


def sku_code(word: str) -> str:
    """Return a SKU code as it is kept. Raises Wrong for a blank one."""
    if not word.strip():
        raise Wrong("a SKU is not blank")
    return word.strip()


def created_skus(codes: Iterable[str]) -> list[str]:
    """Return what is said about SKUs that a command had to create."""
    return [f"SKU {code} was unknown: created, {NOT_COUNTED}" for code in codes]


def shop_of(connection: Connection, merchant_id: int, key: str) -> ShopRef:
    """Return the shop a person named. Raises CommandFailed when there is none."""
    found = refer(connection, merchant_id, key)
    if found is None and known(connection, merchant_id, key):
        how = "`renkei shop add` of the same account brings it back"
        raise CommandFailed(f"shop {key} was removed: {how}; see `renkei shop list --removed`")
    if found is None:
        raise CommandFailed(f"no shop {key}: see `renkei shop list`")
    return found


def known_shop(connection: Connection, merchant_id: int, key: str | None) -> None:
    """Refuse the key of a shop that neither is nor was there. Raises CommandFailed."""
    if key is not None and not known(connection, merchant_id, key):
        raise CommandFailed(f"no shop {key}: see `renkei shop list`")


def action_for(cart: Cart, word: str) -> Action:
    """Return the action a person named for a shop of that cart. Raises Wrong if it has none."""
    action = Action(word)
    if action not in actions_of(cart):
        actions = ", ".join(actions_of(cart))
        raise Wrong(f"{cart} has no {action}; it has {actions}")
    return action
