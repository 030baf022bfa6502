"""What people change about a shop after adding it."""

from collections.abc import Mapping

from sqlalchemy import Connection, select, text, update

from adapters.postgres.schema import shops
from adapters.postgres.shops.secrets import SecretBox, UnreadableSecret

REMOVED = "店舗が削除されました。"

# Items out with a worker get a new generation: what it still holds is void.
_STOP_ITEMS = text("""
update run_items set state = 'failed', generation = generation + 1, lease_until = null,
                     finished_at = now(), reason = :reason
 where shop_id = :shop_id and finished_at is null
""")
_STOP_RUNS = text("""
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
_CLOSE_DEAD = text(
    "update dead_letters set state = 'closed', decided_at = now(), decision_reason = :reason"
    " where shop_id = :shop_id and state = 'open'"
)
_UNMAP = text("delete from mappings where shop_id = :shop_id")


def set_values(connection: Connection, shop_id: int, values: Mapping[str, object]) -> None:
    """Change columns of a shop; the caller has checked names and values."""
    if values:
        connection.execute(update(shops).where(shops.c.id == shop_id).values(**dict(values)))


def replace_credentials(
    connection: Connection, shop_id: int, credentials: Mapping[str, str], box: SecretBox
) -> None:
    """Store new credentials; whatever the cart refused before is forgotten."""
    set_values(
        connection,
        shop_id,
        {"credentials": box.seal(credentials), "auth_failed_at": None},
    )


def remove_shop(connection: Connection, shop_id: int, box: SecretBox) -> None:
    """Remove a shop: its secrets go, its runs stop, its orders stay.

    Workers that are in the middle of a call finish it; what they would record is refused.
    """
    set_values(
        connection,
        shop_id,
        {"removed_at": text("now()"), "credentials": box.seal({}), "tokens": None},
    )
    stop = {"shop_id": shop_id, "reason": REMOVED}
    connection.execute(_STOP_ITEMS, stop)
    connection.execute(_STOP_RUNS, stop)
    connection.execute(_CLOSE_DEAD, stop)
    connection.execute(_UNMAP, {"shop_id": shop_id})


def reseal(connection: Connection, box: SecretBox) -> int:
    """Encrypt everything stored with the first key. Raises UnreadableSecret.

    Returns: shops whose secrets were written again.
    """
    rows = connection.execute(
        select(shops.c.id, shops.c.credentials, shops.c.tokens).with_for_update()
    ).all()
    for row in rows:
        values = {
            "credentials": box.reseal(row.credentials),
            "tokens": box.reseal(row.tokens) if row.tokens is not None else None,
        }
        set_values(connection, row.id, values)
    return len(rows)


def unreadable(connection: Connection, box: SecretBox) -> int:
    """Return how many shops' secrets no configured key opens."""
    failures = 0
    for row in connection.execute(select(shops.c.credentials, shops.c.tokens)):
        try:
            box.open(row.credentials)
            if row.tokens is not None:
                box.open(row.tokens)
        except UnreadableSecret:
            failures += 1
    return failures
