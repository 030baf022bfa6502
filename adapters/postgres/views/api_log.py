"""The API log (APIログ) and the audit as people read them."""

from datetime import datetime

from sqlalchemy import Connection

from adapters.postgres.statement import Statement

_LOG = Statement[dict[str, object]]("""
select l.at, s.key as shop, l.type, l.category, l.level, l.needs_person, l.message,
       l.run_id as run, s.removed_at is not null as shop_removed
  from api_log l join shops s on s.id = l.shop_id
 where s.merchant_id = :merchant_id
   and (cast(:shop as text) is null or s.key = :shop)
   and (cast(:since as timestamptz) is null or l.at >= :since)
   and (cast(:run_id as bigint) is null or l.run_id = :run_id)
 order by l.at, l.id
""")


def list_log(
    connection: Connection,
    merchant_id: int,
    *,
    shop: str | None = None,
    since: datetime | None = None,
    run_id: int | None = None,
) -> list[dict[str, object]]:
    """Return lines of the API log, oldest first."""
    return _LOG.all(connection, merchant_id=merchant_id, shop=shop, since=since, run_id=run_id)
