"""Dead letters as people and programs see them (CLS-4)."""

from sqlalchemy import Connection

from adapters.postgres.statement import Statement

_SELECT = """
select d.id, s.key as shop, d.action, d.key, d.reason, d.attempts, d.first_failed_at,
       d.last_failed_at, d.state, d.run_id as run, d.decided_by, d.decision_reason, d.decided_at
  from dead_letters d join shops s on s.id = d.shop_id
 where s.merchant_id = :merchant_id
   and (cast(:shop as text) is null or s.key = :shop)
   and (cast(:action as text) is null or d.action = :action)
   and (cast(:state as text) is null or d.state = :state)
"""
_LIST = Statement[dict[str, object]](_SELECT + " order by d.id")
_PAGE = Statement[dict[str, object]](_SELECT + " and d.id > :after order by d.id limit :most")


def list_dead(
    connection: Connection,
    merchant_id: int,
    *,
    shop: str | None = None,
    action: str | None = None,
    state: str | None = None,
) -> list[dict[str, object]]:
    """Return dead letters of every state, oldest first."""
    return _LIST.all(connection, merchant_id=merchant_id, shop=shop, action=action, state=state)


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
    found = _PAGE.all(
        connection,
        merchant_id=merchant_id,
        shop=shop,
        action=action,
        state=state,
        after=after,
        most=most + 1,
    )
    return found[:most], int(str(found[most - 1]["id"])) if len(found) > most else None
