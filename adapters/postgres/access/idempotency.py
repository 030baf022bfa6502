"""Requests that may come twice: what was answered, kept in the transaction of the work itself."""

import hashlib
from dataclasses import dataclass

from sqlalchemy import Connection

from adapters.postgres.statement import Statement

KEPT_HOURS = 24


@dataclass(frozen=True, slots=True)
class Kept:
    """What was answered to a request."""

    request_hash: str
    status: int
    response: str


_FIND = Statement[Kept]("""
select request_hash, status, response from idempotency_keys
 where client_id = :client_id and key = :key and expires_at > now()
""")
_CLAIM = Statement[bool]("select pg_try_advisory_xact_lock(:lock)")
_KEEP = Statement[None]("""
insert into idempotency_keys (client_id, key, request_hash, status, response, expires_at)
values (:client_id, :key, :request_hash, :status, :response,
        now() + make_interval(hours => :hours))
on conflict (client_id, key) do update
   set request_hash = excluded.request_hash, status = excluded.status,
       response = excluded.response, created_at = now(), expires_at = excluded.expires_at
""")
# A few at a time, by whoever writes next; what somebody else deletes now is left to them.
_FORGET = Statement[None]("""
delete from idempotency_keys where id in
       (select id from idempotency_keys where expires_at < now()
         order by expires_at limit 50 for update skip locked)
""")


def find(connection: Connection, client_id: int, key: str) -> Kept | None:
    """Return what was answered to a client's request of that key in the last 24 hours."""
    return _FIND.first(connection, client_id=client_id, key=key)


def claim(connection: Connection, client_id: int, key: str) -> bool:
    """Keep others from the same key until the transaction ends; False when somebody has it."""
    digest = hashlib.sha256(f"idempotency:{client_id}:{key}".encode()).digest()
    lock = int.from_bytes(digest[:8], signed=True)
    return _CLAIM.one(connection, lock=lock)


def keep(connection: Connection, client_id: int, key: str, answer: Kept) -> None:
    """Remember an answer; it is there exactly if the work is."""
    _FORGET.run(connection)
    _KEEP.run(connection, answer, client_id=client_id, key=key, hours=KEPT_HOURS)
