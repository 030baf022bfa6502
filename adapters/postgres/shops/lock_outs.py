"""Shops whose credentials the cart refuses, and the calls that find out when it takes them again.

States, and what each crash leaves: docs/decisions/0018-shops-that-are-not-served.md (CLS-10).
"""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection

from adapters.postgres.statement import Statement

PROBE_EVERY_S = 15 * 60.0
FIRST_INCIDENT_PROBE_S = 30.0
"""An incident of a cart stops many shops: it is asked sooner, then ever more rarely."""
SAME_INCIDENT_S = 120.0
MOST_AT_ONCE = 5


class RefusalKind(StrEnum):
    """What kind of refusal locked a shop out."""

    ALONE = "alone"
    """No other shop of the cart was refused about then."""
    INCIDENT = "incident"
    """Several were, so it is the cart that is in trouble."""
    OWN = "own"
    """Only the shop itself can be meant: its authorisation is over, or was never given."""


@dataclass(frozen=True, slots=True)
class LockOut:
    """A shop that was locked out just now.

    Attributes: joined: other shops that were locked out alone until now, and are of an incident.
    """

    refusal: RefusalKind
    joined: tuple[int, ...] = ()


# Two shops of a cart that are refused together see each other.
_ONE_AT_A_TIME = Statement[None]("""
select pg_advisory_xact_lock(hashtext('lock-out ' || cart || api_url))
  from shops where id = :shop_id
""")
_MARK = Statement[None]("""
update shops set auth_failed_at = now() where id = :shop_id and auth_failed_at is null
""")
_OTHERS = Statement[int]("""
select o.id
  from shops s
  join shops o on o.cart = s.cart and o.api_url = s.api_url and o.id <> s.id
  join lock_outs l on l.shop_id = o.id
 where s.id = :shop_id and o.auth_failed_at is not null and o.removed_at is null
   and (l.refusal = 'incident'
        or l.refusal = 'alone' and o.auth_failed_at > now() - make_interval(secs => :same_s))
""")
_NOTE = Statement[None]("""
insert into lock_outs (shop_id, refusal, probe_at)
values (:shop_id, :refusal, now() + make_interval(secs => :wait_s))
on conflict (shop_id) do update
   set refusal = excluded.refusal, probe_at = excluded.probe_at, probes = 0
""")
_JOIN = Statement[int]("""
update lock_outs
   set refusal = 'incident', probe_at = least(probe_at, now() + make_interval(secs => :wait_s))
 where shop_id = any(:ids) and refusal = 'alone'
returning shop_id
""")


def lock_out(connection: Connection, shop_id: int, *, own: bool) -> LockOut | None:
    """Stop a shop whose credentials were refused (CLS-3); None when it is stopped already.

    Args: own: see RefusalKind.OWN.
    """
    _ONE_AT_A_TIME.run(connection, shop_id=shop_id)
    if not _MARK.run(connection, shop_id=shop_id):
        return None
    others = [] if own else _OTHERS.all(connection, shop_id=shop_id, same_s=SAME_INCIDENT_S)
    refusal = RefusalKind.OWN if own else RefusalKind.INCIDENT if others else RefusalKind.ALONE
    wait_s = FIRST_INCIDENT_PROBE_S if others else PROBE_EVERY_S
    _NOTE.run(connection, shop_id=shop_id, refusal=refusal, wait_s=wait_s)
    return LockOut(refusal, tuple(_JOIN.all(connection, ids=others, wait_s=wait_s)))


_DUE_AGAIN = Statement[None]("""
update robots b set next_due_at = least(b.next_due_at, now())
  from runs r
 where r.id = :run_id and r.mode = 'scheduled'
   and b.shop_id = r.shop_id and b.action = r.action and b.at is not null
""")


def owe_daily_run(connection: Connection, run_id: int) -> None:
    """Have a daily robot whose run was stopped run as soon as its shop is back, not tomorrow."""
    _DUE_AGAIN.run(connection, run_id=run_id)


_PROBED_ONE_BY_ONE = Statement[None]("select pg_advisory_xact_lock(hashtext('lock-out probes'))")
_LOCKED = """
  from lock_outs l
  join shops s on s.id = l.shop_id and s.auth_failed_at is not null and s.removed_at is null
   and not s.parked
"""
_CLAIM = Statement[int](f"""
update lock_outs set probe_at = now() + make_interval(secs => :every_s), probes = probes + 1
 where shop_id in (select l.shop_id {_LOCKED}
                    where l.refusal <> 'incident' and l.probe_at <= now()
                    order by l.probe_at limit :most)
returning shop_id
""")
# One for all shops of an incident, another one each time: the first may be refused for good.
_CLAIM_INCIDENTS = Statement[int](f"""
with members as (
  select l.shop_id, l.probes, l.probe_at, s.cart, s.api_url {_LOCKED} where l.refusal = 'incident'
), due as (
  select cart, api_url, sum(probes) as made from members group by cart, api_url
  having min(probe_at) <= now()
), chosen as (
  select distinct on (cart, api_url) shop_id
    from members join due using (cart, api_url)
   order by cart, api_url, probes, shop_id
), moved as (
  update lock_outs l
     set probes = l.probes + case when l.shop_id in (select shop_id from chosen) then 1 else 0 end,
         probe_at = now() + make_interval(secs =>
           least(cast(:every_s as float8), :first_s * 2 ^ least(d.made + 1, 10)))
    from members m join due d using (cart, api_url)
   where l.shop_id = m.shop_id
)
select shop_id from chosen
""")


def claim_probes(connection: Connection) -> list[int]:
    """Return the shops to be probed now, by this caller alone; unheard of, again at the next time.

    Of an incident one shop stands for all.
    """
    _PROBED_ONE_BY_ONE.run(connection)
    alone = _CLAIM.all(connection, every_s=PROBE_EVERY_S, most=MOST_AT_ONCE)
    first_s = FIRST_INCIDENT_PROBE_S
    return _CLAIM_INCIDENTS.all(connection, every_s=PROBE_EVERY_S, first_s=first_s) + alone


_READMIT = Statement[int]("""
update shops b set auth_failed_at = null
  from shops s left join lock_outs l on l.shop_id = s.id
 where s.id = :shop_id and b.auth_failed_at is not null
   and (b.id = s.id
        or l.refusal = 'incident' and b.cart = s.cart and b.api_url = s.api_url
           and exists (select from lock_outs o where o.shop_id = b.id and o.refusal = 'incident'))
returning b.id
""")


def readmit(connection: Connection, shop_id: int) -> list[int]:
    """Let a shop work whose credentials the cart took again, and all others of its incident.

    One of them that is refused all the same is then locked out by itself, with an alarm.

    Returns: the shops that were locked out.
    """
    return _READMIT.all(connection, shop_id=shop_id)


_NOW = Statement[None]("update lock_outs set probe_at = now() where shop_id = :shop_id")


def probe_now(connection: Connection, shop_id: int) -> None:
    """Have a locked-out shop probed by the next tick: a person wants it."""
    _NOW.run(connection, shop_id=shop_id)
