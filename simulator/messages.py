"""What passes between the HTTP shell and the carts: a call, its target and its answer."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Document = dict[str, Any]

JSON_TYPE = "application/json; charset=UTF-8"
HTML_TYPE = "text/html; charset=UTF-8"

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request, read completely.

    Attributes:
        method: GET, POST, PUT, PATCH or DELETE.
        path: decoded path below the prefix of the cart or of the control API.
        raw_path: the path as it was on the wire.
        query: first value of each query parameter.
        headers: request headers; look-ups ignore case.
        body: the raw body.
        at: arrival, Unix seconds.
    """

    method: str
    path: str
    raw_path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    at: float


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP response, complete before the first byte is sent."""

    status: int
    body: bytes
    content_type: str = JSON_TYPE
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Target:
    """Where a call goes, as faults, closures and counters see it.

    Attributes:
        cart: `shopserve` or `thebase`.
        endpoint: short name of the call, such as `orders.search`.
        family: `orders`, `stock` or `other`; the unit a closure works on.
        shop: key of the shop that authenticated, empty when nobody did.
        arguments: the variable parts of the path.
    """

    cart: str
    endpoint: str
    family: str
    shop: str
    arguments: tuple[str, ...] = ()


def encode(document: object) -> bytes:
    """Return compact JSON with Japanese text as it is."""
    return _ENCODER.encode(document).encode()
