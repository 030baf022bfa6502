"""Dead letters as people and programs see them (CLS-4)."""

from sqlalchemy import Connection

from adapters.postgres.statement import Statement

_LETTERS = Statement[dict[str, object]]("""
select d.id, s.key as shop, d.action, d.key, d.reason, d.attempts, d.first_failed_at,
       d.last_failed_at, d.state, d.run_id as run, d.decided_by, d.decision_reason, d.decided_at,
       s.removed_at is not null as shop_removed
  from dead_letters d join shops s on s.id = d.shop_id
 where s.merchant_id = :merchant_id and d.id > :after
   and (cast(:shop as text) is null or s.key = :shop)
   and (cast(:action as text) is null or d.action = :action)
   and (cast(:state as text) is null or d.state = :state)
 order by d.id limit :most
""")


def list_dead(  # noqa: PLR0913 -- one per filter
    connection: Connection,
    merchant_id: int,
    *,
    shop: str | None = None,
    action: str | None = None,
    state: str | None = None,
    after: int = 0,
    most: int | None = None,
) -> list[dict[str, object]]:
    """Return dead letters of every state, oldest first. Args: after: only those of a larger id."""
    filters = {"shop": shop, "action": action, "state": state}
    return _LETTERS.all(connection, merchant_id=merchant_id, after=after, most=most, **filters)
