"""Shops that go: what is open in them, what stops with them, what stays (SHP-1)."""

from dataclasses import astuple, dataclass

from sqlalchemy import Connection

from adapters.postgres.engine import dead_letters
from adapters.postgres.engine.runs import UNFINISHED_RUNS
from adapters.postgres.orders.statuses import SECURING, UNRETURNED
from adapters.postgres.shops.secrets import SecretBox
from adapters.postgres.statement import Statement

REMOVED = "店舗が削除されました。"


@dataclass(frozen=True, slots=True)
class OpenWork:
    """What a removal would give up.

    Attributes:
        runs: not over.
        waiting: orders that are neither shipped nor cancelled; their pieces stay secured.
        unreturned: orders that left, and the cart does not know.
        effects: calls that happen at most once and whose answer is not known.
    """

    runs: int
    waiting: int
    unreturned: int
    effects: int

    def __bool__(self) -> bool:
        """Tell whether there is any."""
        return any(astuple(self))


# In the order in which workers lock: a robot before the run of its slot, a claim before the shop.
_LOCK_ROBOTS = Statement[None](
    "select id from robots where shop_id = :shop_id order by id for update"
)
_RUNS = Statement[int](
    f"select count(*) from runs where shop_id = :shop_id and state in {UNFINISHED_RUNS}"
)
_LOCK = Statement[bool](
    "select removed_at is null from shops where id = :shop_id for no key update"
)
_OPEN = Statement[OpenWork](f"""
select cast(:runs as bigint) as runs,
       (select count(*) from instructions
         where shop_id = :shop_id and status in {SECURING}) as waiting,
       (select count(*) from instructions i
         where i.shop_id = :shop_id and {UNRETURNED}) as unreturned,
       (select count(*) from effects
         where shop_id = :shop_id and state in ('sent', 'unknown')) as effects
""")

# Items out with a worker get a new generation: what it still holds is void.
_STOP_ITEMS = Statement[None]("""
update run_items set state = 'failed', generation = generation + 1, lease_until = null,
                     finished_at = now(), reason = :reason
 where shop_id = :shop_id and finished_at is null
""")
_STOP_RUNS = Statement[None](f"""
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
         where u.shop_id = :shop_id and u.state in {UNFINISHED_RUNS}
         group by u.id) c
 where r.id = c.id and r.state in {UNFINISHED_RUNS}
""")
_REMOVE = Statement[None]("""
update shops set removed_at = now(), credentials = :nothing, tokens = null where id = :shop_id
""")
# A start of a slot that waited for the robot looks again, and finds the shop gone.
_TOUCH = Statement[None]("update robots set next_due_at = next_due_at where shop_id = :shop_id")


def stop_and_count(connection: Connection, shop_id: int) -> OpenWork | None:
    """End the runs of a shop and count what is open in it; rolled back where that is too much.

    Counted once the claims are void: what a worker was about to record is recorded or refused by
    then, so that no order slips in behind the count.

    Returns: None when somebody removed the shop meanwhile.
    """
    _LOCK_ROBOTS.run(connection, shop_id=shop_id)
    runs = _RUNS.one(connection, shop_id=shop_id)
    stop_work(connection, shop_id)
    if not _LOCK.first(connection, shop_id=shop_id):
        return None
    if late := _RUNS.one(connection, shop_id=shop_id):  # asked for before the shop was locked
        stop_work(connection, shop_id)
        runs += late
    return _OPEN.one(connection, shop_id=shop_id, runs=runs)


def remove_shop(connection: Connection, shop_id: int, box: SecretBox) -> None:
    """Remove a shop whose work was stopped: its secrets go; orders, cursor and mappings stay.

    Workers that are in the middle of a call finish it; what they would record is refused, but for
    what the ledger of effects says of that call.
    """
    _REMOVE.run(connection, shop_id=shop_id, nothing=box.seal({}))
    _TOUCH.run(connection, shop_id=shop_id)
    dead_letters.withdraw(connection, shop_id, why=REMOVED)


def stop_work(connection: Connection, shop_id: int) -> None:
    """End the runs of a removed shop, and whatever workers still hold of them."""
    for stop in (_STOP_ITEMS, _STOP_RUNS):
        stop.run(connection, shop_id=shop_id, reason=REMOVED)
