"""The effect ledger: what must happen at most once in the outside world (RET-5).

planned → sent → confirmed | unknown → (the cart is read) → confirmed | planned. Every move is one
compare-and-set, so of two workers one sends.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from adapters.postgres.statement import Statement
from domain.engine.effects import EffectState, sources


@dataclass(frozen=True, slots=True)
class Effect:
    """One effect of one shop.

    Attributes:
        attempts: how often it was sent; names the sender.
        deadline_s: how long the last call could take.
    """

    id: int
    kind: str
    key: str
    state: EffectState
    attempts: int
    sent_at: datetime | None
    deadline_s: float


_SOURCES = {state: list(sources(state)) for state in EffectState}

_PLAN = Statement[Effect]("""
with made as (
  insert into effects (shop_id, kind, key) values (:shop_id, :kind, :key)
  on conflict (shop_id, kind, key) do nothing
  returning id, kind, key, state, attempts, sent_at, deadline_s
)
select id, kind, key, state, attempts, sent_at, cast(deadline_s as float8) as deadline_s from made
union all
select id, kind, key, state, attempts, sent_at, cast(deadline_s as float8) from effects
 where shop_id = :shop_id and kind = :kind and key = :key
 limit 1
""")


def plan(connection: Connection, shop_id: int, kind: str, key: str) -> Effect:
    """Record the intent, or return what became of it before."""
    return _PLAN.one(connection, shop_id=shop_id, kind=kind, key=key)


_SEND = Statement[None]("""
update effects
   set state = 'sent', sent_at = now(), deadline_s = :deadline_s, attempts = attempts + 1
 where id = :id and attempts = :attempts and state = any(:sources)
""")


def mark_sent(connection: Connection, effect: Effect, deadline_s: float) -> bool:
    """Record that the call leaves now; False when somebody else has moved the effect."""
    return bool(
        _SEND.run(connection, effect, deadline_s=deadline_s, sources=_SOURCES[EffectState.SENT])
    )


_SEND_AGAIN = Statement[None]("""
update effects set sent_at = now() where id = :id and attempts = :attempts and state = 'sent'
""")


def mark_sent_again(connection: Connection, effect: Effect) -> bool:
    """Move the moment of a sending to now: the cart wanted a new token and the call is repeated.

    Returns: False when somebody else has moved the effect.
    """
    return bool(_SEND_AGAIN.run(connection, id=effect.id, attempts=effect.attempts + 1))


_SEEN = Statement[None]("""
update effects set state = 'confirmed', confirmed_at = now()
 where shop_id = :shop_id and kind = :kind and key = any(:keys) and state = any(:sources)
""")


def note_seen(connection: Connection, shop_id: int, kind: str, keys: Sequence[str]) -> None:
    """Confirm effects that a read of the cart shows, whoever sent them and lost the answer."""
    _SEEN.run(
        connection,
        shop_id=shop_id,
        kind=kind,
        keys=list(keys),
        sources=_SOURCES[EffectState.CONFIRMED],
    )


_WAS_SENT = Statement[bool]("""
select exists (select from effects
                where shop_id = :shop_id and kind = :kind and key = :key
                  and state <> 'planned')
""")


def was_sent(connection: Connection, shop_id: int, kind: str, key: str) -> bool:
    """Tell whether an effect happened, or may have; what the cart refused did not."""
    return _WAS_SENT.one(connection, shop_id=shop_id, kind=kind, key=key)


_MOVE = Statement[None]("""
update effects
   set state = :to, confirmed_at = case when :to = 'confirmed' then now() end
 where id = :id and attempts = :attempts and state = any(:sources)
""")


def move(connection: Connection, effect: Effect, to: EffectState, *, attempts: int) -> bool:
    """Move an effect on; False when somebody else has sent it since.

    Args: attempts: of the sending this is about.
    """
    return bool(_MOVE.run(connection, id=effect.id, attempts=attempts, to=to, sources=_SOURCES[to]))
