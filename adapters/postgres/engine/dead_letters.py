"""Dead letters: the one place that buries items, reopens them, and closes what was buried (CLS-4).

open -> replayed | discarded (a person); open, replayed -> closed (healed, or about nothing)
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from adapters.postgres.statement import Statement
from domain.engine.runs import UNDECIDED, LetterState, UnknownDeadLetter
from domain.errors import BrokenRule

CLOSE = "update dead_letters d set state = 'closed', decided_at = now()"
"""The beginning of every statement that closes dead letters d; the rest says which."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an item is buried. `detail` is for developers: a traceback or the cart's last answer."""

    shop_id: int
    run_id: int
    action: str
    key: str
    reason: str
    attempts: int
    detail: str = ""


_BURY = Statement[None]("""
insert into dead_letters (shop_id, action, key, run_id, reason, detail, attempts)
values (:shop_id, :action, :key, :run_id, :reason, :detail, :attempts)
on conflict (shop_id, action, key) where state = 'open'
do update set run_id = excluded.run_id, reason = excluded.reason, detail = excluded.detail,
              attempts = dead_letters.attempts + excluded.attempts, last_failed_at = now()
""")


def bury(connection: Connection, failure: Failure) -> None:
    """Keep a failed item as an open dead letter; a second failure updates the first's row."""
    reason, detail = failure.reason[:2000], failure.detail[:8000]
    _BURY.run(connection, failure, reason=reason, detail=detail)


_CLOSE = Statement[None](f"""
{CLOSE}
 where shop_id = :shop_id and action = :action and key = any(:keys)
   and state in ('open', 'replayed')
""")


def close(connection: Connection, shop_id: int, action: str, keys: Sequence[str]) -> None:
    """Close dead letters about what was looked at again and needs nothing any more (CLS-4)."""
    if keys:
        _CLOSE.run(connection, shop_id=shop_id, action=action, keys=list(keys))


_WITHDRAW = Statement[None](f"""
{CLOSE}, decision_reason = :why
 where shop_id = :shop_id and state = 'open'
   and (cast(:actions as text[]) is null or action = any(:actions))
   and (cast(:keys as text[]) is null or key = any(:keys))
""")


def withdraw(
    connection: Connection,
    shop_id: int,
    *,
    why: str,
    actions: Sequence[str] | None = None,
    keys: Sequence[str] | None = None,
) -> None:
    """Close open dead letters whose subject is gone.

    Args:
        why: what became of it, in a word.
        actions, keys: None = all of the shop's.
    """
    _WITHDRAW.run(
        connection,
        shop_id=shop_id,
        why=why,
        actions=None if actions is None else list(actions),
        keys=None if keys is None else list(keys),
    )


@dataclass(frozen=True, slots=True)
class LockedLetter:
    """One dead letter, locked for a decision.

    Attributes: under_way: a replay of it is not over yet.
    """

    id: int
    shop_id: int
    shop: str
    action: str
    key: str
    state: LetterState
    under_way: bool


_CHOOSE = Statement[LockedLetter]("""
select d.id, s.id as shop_id, s.key as shop, d.action, d.key, d.state,
       d.state = 'replayed' and exists (
         select 1 from runs r
          where r.shop_id = d.shop_id and r.action = d.action and r.mode = 'replay'
            and r.finished_at is null) as under_way
  from dead_letters d join shops s on s.id = d.shop_id
 where s.merchant_id = :merchant_id
   and (cast(:ids as bigint[]) is null or d.id = any(:ids))
   and (cast(:shop as text) is null or s.key = :shop)
   and (cast(:action as text) is null or d.action = :action)
   and (cast(:ids as bigint[]) is not null or d.state = 'open')
 order by d.id
   for update of d
""")


def choose(
    connection: Connection,
    merchant_id: int,
    *,
    ids: Sequence[int] = (),
    shop: str | None = None,
    action: str | None = None,
) -> list[LockedLetter]:
    """Lock dead letters: those named by id, else all open ones of a shop or an action.

    Raises:
        UnknownDeadLetter: the merchant has no such dead letter.
        BrokenRule: a named one is not open, and no replay that is over has left it undecided.
    """
    found = _CHOOSE.all(
        connection, merchant_id=merchant_id, ids=list(ids) or None, shop=shop, action=action
    )
    missing = sorted(set(ids) - {letter.id for letter in found})
    if missing:
        raise UnknownDeadLetter(f"no dead letter {missing[0]}")
    for letter in found:
        if letter.state not in UNDECIDED or letter.under_way:
            raise BrokenRule(f"dead letter {letter.id} is {letter.state}, not open")
    return found


_DECIDE = Statement[None]("""
update dead_letters
   set state = :state, decided_by = :actor, decision_reason = :reason, decided_at = now()
 where id = any(:ids) and state in ('open', 'replayed')
""")


def decide(
    connection: Connection, ids: Sequence[int], *, state: LetterState, actor: str, reason: str
) -> None:
    """Record what a person decided. Args: state: `replayed` or `discarded`."""
    _DECIDE.run(connection, ids=list(ids), state=state, actor=actor, reason=reason)
