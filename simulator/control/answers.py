"""Answers of the control API: JSON, and refusals that say what was wrong."""

import json

from simulator.messages import Answer, Call, Document, encode
from simulator.order_book import Order
from simulator.world import Shop, World

Arguments = tuple[str, ...]


class ControlError(Exception):
    """The control API cannot do what was asked.

    Attributes:
        status: HTTP status.
    """

    def __init__(self, message: str, status: int = 400) -> None:
        """Args: message: what is wrong. status: HTTP status."""
        super().__init__(message)
        self.status = status


def done(document: object) -> Answer:
    """Return a 200 with a JSON body."""
    return Answer(200, encode(document))


def read_object(call: Call) -> Document:
    """Return the JSON object of a request, an empty one when it has no body."""
    try:
        document = json.loads(call.body or b"{}")
    except ValueError as error:
        raise ControlError("the body is not JSON") from error
    if not isinstance(document, dict):
        raise ControlError("the body is not a JSON object")
    return document


def find_shop(world: World, key: str) -> Shop:
    """Return a shop by its key."""
    shop = world.shops.get(key)
    if shop is None:
        raise ControlError(f"no shop {key}", 404)
    return shop


def find_order(shop: Shop, key: str) -> Order:
    """Return an order by its key."""
    order = shop.orders.get(key)
    if order is None:
        raise ControlError(f"no order {key} in {shop.key}", 404)
    return order
