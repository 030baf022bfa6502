"""Words on the command line: shops, actions, carts, keys."""

import re

import click
from sqlalchemy import Connection

from adapters.postgres.views.shops import ShopRef, known, refer
from console.failures import Failed, Wrong
from domain.actions import Action, actions_of
from domain.carts.cart import Cart

ACTION = click.Choice([action.value for action in Action])
CART = click.Choice([cart.value for cart in Cart])
LARGEST_COUNT = 2_147_483_647
COUNT = click.IntRange(0, LARGEST_COUNT)
ID = click.IntRange(1, 9_223_372_036_854_775_807)
_KEY = re.compile(r"[^\s/,]{1,64}")


class KeyType(click.ParamType[str]):
    """A short name without blanks, for merchants and shops."""

    name = "key"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Return the key."""
        key = str(value)
        if not _KEY.fullmatch(key):
            self.fail("a key is 1 to 64 characters without blanks, `/` and `,`", param, ctx)
        return key


KEY = KeyType()


def shop_of(connection: Connection, merchant_id: int, key: str) -> ShopRef:
    """Return the shop a person named. Raises Failed when there is none."""
    found = refer(connection, merchant_id, key)
    if found is None:
        raise Failed(f"no shop {key}: see `renkei shop list`")
    return found


def known_shop(connection: Connection, merchant_id: int, key: str | None) -> str | None:
    """Return the key of a shop that is or was there, None for all. Raises Failed."""
    if key is not None and not known(connection, merchant_id, key):
        raise Failed(f"no shop {key}: see `renkei shop list`")
    return key


def action_for(cart: Cart, word: str) -> Action:
    """Return the action a person named for a shop of that cart. Raises Wrong if it has none."""
    action = Action(word)
    if action not in actions_of(cart):
        actions = ", ".join(actions_of(cart))
        raise Wrong(f"{cart} has no {action}; it has {actions}")
    return action
