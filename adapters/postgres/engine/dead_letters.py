"""Dead letters as people see and decide them (CLS-4)."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from domain.actions import Action
from domain.engine.dead_letters import UNDECIDED, LetterState, UnknownDeadLetter
from domain.errors import BrokenRule

_SELECT = """
select d.id, s.key as shop, d.action, d.key, d.reason, d.attempts, d.first_failed_at,
       d.last_failed_at, d.state, d.run_id as run, d.decided_by, d.decision_reason, d.decided_at
  from dead_letters d join shops s on s.id = d.shop_id
 where s.merchant_id = :merchant_id
   and (cast(:shop as text) is null or s.key = :shop)
   and (cast(:action as text) is null or d.action = :action)
   and (cast(:state as text) is null or d.state = :state)
"""
_LIST = text(_SELECT + " order by d.id")
_PAGE = text(_SELECT + " and d.id > :after order by d.id limit :most")

_CHOOSE = text("""
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

_DECIDE = text("""
update dead_letters
   set state = :state, decided_by = :actor, decision_reason = :reason, decided_at = now()
 where id = any(:ids) and state in ('open', 'replayed')
""")

_SETTLE = text("""
update dead_letters set state = 'closed', decided_at = now()
 where shop_id = :shop_id and action = :action and key = any(:keys)
   and state in ('open', 'replayed')
""")


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One open dead letter, locked for a decision."""

    id: int
    shop_id: int
    shop: str
    action: Action
    key: str


def list_dead(
    connection: Connection,
    merchant_id: int,
    *,
    shop: str | None = None,
    action: str | None = None,
    state: str | None = None,
) -> list[dict[str, object]]:
    """Return dead letters of every state, oldest first."""
    wanted = {"merchant_id": merchant_id, "shop": shop, "action": action, "state": state}
    return [dict(row) for row in connection.execute(_LIST, wanted).mappings()]


def page_dead(  # noqa: PLR0913 -- one per filter
    connection: Connection,
    merchant_id: int,
    *,
    after: int,
    most: int,
    shop: str | None = None,
    action: str | None = None,
    state: str | None = None,
) -> tuple[list[dict[str, object]], int | None]:
    """Return dead letters, oldest first, and where the next page begins.

    Args: after: what the page before returned; 0 = the first page.
    """
    wanted = {"merchant_id": merchant_id, "shop": shop, "action": action, "state": state}
    rows = connection.execute(_PAGE, {**wanted, "after": after, "most": most + 1})
    found = [dict(row) for row in rows.mappings()]
    return found[:most], int(found[most - 1]["id"]) if len(found) > most else None


def choose(
    connection: Connection,
    merchant_id: int,
    *,
    ids: Sequence[int] = (),
    shop: str | None = None,
    action: str | None = None,
) -> list[DeadLetter]:
    """Lock dead letters: those named by id, else all open ones of a shop or an action.

    Raises:
        UnknownDeadLetter: the merchant has no such dead letter.
        BrokenRule: a named one is not open, and no replay that is over has left it undecided.
    """
    rows = connection.execute(
        _CHOOSE,
        {
            "merchant_id": merchant_id,
            "ids": list(ids) or None,
            "shop": shop,
            "action": action,
        },
    ).all()
    missing = sorted(set(ids) - {row.id for row in rows})
    if missing:
        raise UnknownDeadLetter(f"no dead letter {missing[0]}")
    for row in rows:
        if row.state not in UNDECIDED or row.under_way:
            raise BrokenRule(f"dead letter {row.id} is {row.state}, not open")
    return [DeadLetter(row.id, row.shop_id, row.shop, Action(row.action), row.key) for row in rows]


def settle(connection: Connection, shop_id: int, action: Action, keys: Sequence[str]) -> None:
    """Close dead letters about what was looked at again and needs nothing any more (CLS-4)."""
    if keys:
        values = {"shop_id": shop_id, "action": action.value, "keys": list(keys)}
        connection.execute(_SETTLE, values)


def decide(
    connection: Connection, ids: Sequence[int], *, state: LetterState, actor: str, reason: str
) -> None:
    """Record what a person decided. Args: state: `replayed` or `discarded`."""
    connection.execute(
        _DECIDE, {"ids": list(ids), "state": state.value, "actor": actor, "reason": reason}
    )
