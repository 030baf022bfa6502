"""Orders as JSON and back, so that memory carts have raw answers that can be stored."""

import types
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import StrEnum
from typing import Union, cast, get_args, get_origin, get_type_hints

from domain.errors import Undecodable
from domain.orders.cart_order import BaseStatus, CartOrder, ShopServeStatus


def encode(value: object) -> object:
    """Return JSON for a domain value."""
    if is_dataclass(value) and not isinstance(value, type):
        return {entry.name: encode(getattr(value, entry.name)) for entry in fields(value)}
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, tuple):
        return [encode(entry) for entry in value]
    return value


def order_of(raw: dict[str, object]) -> CartOrder:
    """Return the order of its JSON. Raises Undecodable."""
    try:
        return cast(CartOrder, _decode(CartOrder, raw))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise Undecodable(f"memory: not an order: {type(error).__name__} {error}") from error


def _decode(kind: object, value: object) -> object:
    if get_origin(kind) in {Union, types.UnionType}:
        return _decode_either(get_args(kind), value)
    if get_origin(kind) is tuple:
        return tuple(_decode(get_args(kind)[0], entry) for entry in cast(list[object], value))
    if is_dataclass(kind) and isinstance(kind, type):
        hints, told = get_type_hints(kind), cast(dict[str, object], value)
        return kind(**{name: _decode(hint, told[name]) for name, hint in hints.items()})
    if kind is datetime:
        return datetime.fromisoformat(cast(str, value))
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return kind(cast(str, value))
    return _plain(kind, value)


def _decode_either(kinds: tuple[object, ...], value: object) -> object:
    if isinstance(value, dict):
        return _decode(BaseStatus if "dispatch" in value else ShopServeStatus, value)
    return None if value is None else _decode(kinds[0], value)


def _plain(kind: object, value: object) -> object:
    if not isinstance(kind, type) or type(value) is not kind:
        raise TypeError(f"not {kind}")
    return value
