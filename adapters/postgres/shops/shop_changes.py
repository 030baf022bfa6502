"""What people change about a shop after adding it."""

from collections.abc import Mapping
from functools import cache

from sqlalchemy import Connection

from adapters.postgres.engine import dead_letters
from adapters.postgres.shops.secrets import SecretBox
from adapters.postgres.statement import Statement

REMOVED = "店舗が削除されました。"

# Items out with a worker get a new generation: what it still holds is void.
_STOP_ITEMS = Statement[None]("""
update run_items set state = 'failed', generation = generation + 1, lease_until = null,
                     finished_at = now(), reason = :reason
 where shop_id = :shop_id and finished_at is null
""")
_STOP_RUNS = Statement[None]("""
update runs r
   set state = 'failed', generation = r.generation + 1, lease_until = null, finished_at = now(),
       reason = :reason, calls = r.calls + c.calls, succeeded = c.succeeded, failed = c.failed,
       skipped = c.skipped, carried_over = c.carried
  from (select u.id, coalesce(sum(i.calls), 0) as calls,
               count(*) filter (where i.state = 'succeeded') as succeeded,
               count(*) filter (where i.state = 'failed') as failed,
               count(*) filter (where i.state = 'skipped') as skipped,
               count(*) filter (where i.state = 'carried') as carried
          from runs u left join run_items i on i.run_id = u.id
         where u.shop_id = :shop_id and u.state in ('pending', 'planning', 'open')
         group by u.id) c
 where r.id = c.id and r.state in ('pending', 'planning', 'open')
""")
_UNMAP = Statement[None]("delete from mappings where shop_id = :shop_id")
_REMOVE = Statement[None]("""
update shops set removed_at = now(), credentials = :nothing, tokens = null where id = :shop_id
""")
_REPLACE = Statement[None]("""
update shops set credentials = :credentials, auth_failed_at = null where id = :shop_id
""")
_LOCK_SECRETS = Statement[tuple[int, bytes, bytes | None]](
    "select id, credentials, tokens from shops for update"
)
_RESEAL = Statement[None]("""
update shops set credentials = :credentials, tokens = :tokens where id = :id
""")


@cache
def _set(names: tuple[str, ...]) -> Statement[None]:
    columns = ", ".join(f"{name} = :{name}" for name in names)
    return Statement[None](f"update shops set {columns} where id = :shop_id")


def set_values(connection: Connection, shop_id: int, values: Mapping[str, object]) -> None:
    """Change columns of a shop; the caller has checked names and values."""
    if values:
        _set(tuple(values)).run(connection, shop_id=shop_id, **values)


def replace_credentials(
    connection: Connection, shop_id: int, credentials: Mapping[str, str], box: SecretBox
) -> None:
    """Store new credentials; whatever the cart refused before is forgotten."""
    _REPLACE.run(connection, shop_id=shop_id, credentials=box.seal(credentials))


def remove_shop(connection: Connection, shop_id: int, box: SecretBox) -> None:
    """Remove a shop: its secrets go, its runs stop, its orders stay.

    Workers that are in the middle of a call finish it; what they would record is refused.
    """
    _REMOVE.run(connection, shop_id=shop_id, nothing=box.seal({}))
    for stop in (_STOP_ITEMS, _STOP_RUNS):
        stop.run(connection, shop_id=shop_id, reason=REMOVED)
    dead_letters.withdraw(connection, shop_id, why=REMOVED)
    _UNMAP.run(connection, shop_id=shop_id)


def reseal(connection: Connection, box: SecretBox) -> int:
    """Encrypt everything stored with the first key. Raises UnreadableSecret.

    Returns: shops whose secrets were written again.
    """
    rows = _LOCK_SECRETS.all(connection)
    for shop_id, credentials, tokens in rows:
        resealed = None if tokens is None else box.reseal(tokens)
        _RESEAL.run(connection, id=shop_id, credentials=box.reseal(credentials), tokens=resealed)
    return len(rows)
