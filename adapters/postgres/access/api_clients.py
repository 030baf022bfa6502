"""Programs that may call the JSON API, by token. A token is shown once; only its hash is kept."""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection

from adapters.postgres.statement import Statement
from domain.access import Scope
from domain.errors import BrokenRule

# Recognisable in a log or a repository by tools that look for leaked secrets.
PREFIX = "renkei_"
_TOKEN_BYTES = 32
LONGEST_TOKEN = 200


@dataclass(frozen=True, slots=True)
class ApiClient:
    """One program of one merchant."""

    id: int
    merchant_id: int
    name: str
    scopes: frozenset[Scope]


_ADD = Statement[int]("""
insert into api_clients (merchant_id, name, token_hash, scopes)
values (:merchant_id, :name, :token_hash, :scopes)
on conflict (merchant_id, name) where revoked_at is null do nothing
returning id
""")
# A scope that a later version dropped gives no right.
_FIND = Statement[ApiClient](
    """
select c.id, c.merchant_id, c.name,
       array(select unnest(c.scopes) intersect select unnest(cast(:known as text[]))) as scopes
  from api_clients c
 where c.token_hash = :token_hash and c.revoked_at is null
"""
)
# Once a minute at most, so that reading does not become writing.
_TOUCH = Statement[None]("""
update api_clients set last_used_at = now()
 where id = :id and (last_used_at is null or last_used_at < now() - interval '1 minute')
""")
_REVOKE = Statement[None]("""
update api_clients set revoked_at = now()
 where merchant_id = :merchant_id and name = :name and revoked_at is null
""")


def add_client(connection: Connection, merchant_id: int, name: str, scopes: Iterable[Scope]) -> str:
    """Add a client and return its token, which nobody can read again.

    Raises: BrokenRule when the name is taken.
    """
    token = PREFIX + secrets.token_urlsafe(_TOKEN_BYTES)
    made = _ADD.first(
        connection,
        merchant_id=merchant_id,
        name=name,
        token_hash=_hash(token),
        scopes=sorted(set(scopes)),
    )
    if made is None:
        raise BrokenRule(f"an API client {name} exists already: revoke it first")
    return token


def client_of(connection: Connection, token: str) -> ApiClient | None:
    """Return the client a token belongs to, None when it belongs to nobody (any more)."""
    if len(token) > LONGEST_TOKEN:
        return None
    client = _FIND.first(connection, token_hash=_hash(token), known=list(Scope))
    if client is not None:
        _TOUCH.run(connection, id=client.id)
    return client


def revoke_client(connection: Connection, merchant_id: int, name: str) -> bool:
    """End a client's access at once; False when there is none of that name."""
    return bool(_REVOKE.run(connection, merchant_id=merchant_id, name=name))


def _hash(token: str) -> str:
    """Return what is kept. Tokens are random, so a fast hash without salt is enough."""
    return hashlib.sha256(token.encode()).hexdigest()
