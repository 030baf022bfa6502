"""What a plan hands to its items: JSON the worker would otherwise read from the cart again."""

from collections.abc import Mapping, Sequence

from adapters.postgres.orders.import_tasks import storable
from domain.engine.runs import RunMode


def pack(values: Mapping[str, object]) -> str:
    """Return the stored form."""
    return storable(values)


def raw_of(payload: Mapping[str, object] | None, name: str) -> dict[str, object] | None:
    """Return a raw object a plan put in, None if it did not."""
    value = (payload or {}).get(name)
    return value if isinstance(value, dict) else None


def keys_of(mode: RunMode, request: Mapping[str, object]) -> list[str] | None:
    """Return the keys a replay is about, None for every other run."""
    if mode is not RunMode.REPLAY:
        return None
    keys = request.get("keys")
    return [str(key) for key in keys] if isinstance(keys, Sequence) else []
