"""Keys of ours at which somebody else put another kind of value: dropped at a start (SEC-1).

Redis answers WRONGTYPE to whoever uses such a key, and to kombu that is a reason to end: left
where it stands, it would end every worker and beat again and again.
"""

import logging
from collections.abc import Iterable
from typing import cast

from redis import Redis
from redis.exceptions import ResponseError

_log = logging.getLogger(__name__)

# What kombu keeps beside the queues (kombu.transport.redis): the end of the name, and its kind.
_OF_KOMBU = {
    "_kombu.binding_deadlines": b"zset",
    "unacked": b"hash",
    "unacked_index": b"zset",
    "unacked_mutex": b"string",
}
_BINDINGS = ("_kombu.binding.", "_kombu.binding_permanent.")


def drop_foreign(
    redis: Redis, *, prefix: str, queues: Iterable[str], exchanges: Iterable[str]
) -> None:
    """Delete every key of the broker that is of another kind than the broker's, and say so.

    Nothing is lost: messages only name rows, and what they named is sent again by the sweep.

    Args: prefix: what each key begins with; queues, exchanges: their names.
    Raises redis.RedisError.
    """
    kinds = {
        **dict.fromkeys(queues, b"list"),
        **dict.fromkeys((b + e for b in _BINDINGS for e in exchanges), b"set"),
        **_OF_KOMBU,
    }
    for name, kind in kinds.items():
        found = cast("bytes", redis.type(prefix + name))
        if found not in {kind, b"none"}:
            redis.delete(prefix + name)
            _log.warning(
                "%s in Redis was not ours (%s): dropped; does another program use this Redis?",
                prefix + name,
                found.decode(),
            )


def is_of_another_kind(error: ResponseError) -> bool:
    """Tell whether Redis refused a command because the key holds another kind of value."""
    return str(error).startswith("WRONGTYPE")
