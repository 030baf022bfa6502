"""Programs that call the JSON API: their tokens, and requests of theirs that come twice."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from http import HTTPStatus

from sqlalchemy import Connection

from adapters.postgres.access import api_clients, idempotency
from domain.access import Scope
from domain.errors import BrokenRule
from workers.services.actors import Actor


class KeyInUse(BrokenRule):
    """Another request with the same Idempotency-Key is not over yet."""


class KeyReused(BrokenRule):
    """The Idempotency-Key belongs to a request with another content."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The program behind one request."""

    client_id: int
    merchant_id: int
    name: str
    scopes: frozenset[Scope]

    def actor(self, reason: str = "") -> Actor:
        """Return who it is in the audit."""
        return Actor(self.merchant_id, f"api:{self.name}", reason)


@dataclass(frozen=True, slots=True)
class Answered:
    """The JSON text of an answer. `again`: it was given before, and nothing was done now."""

    text: str
    again: bool = False


def add_client(connection: Connection, actor: Actor, name: str, scopes: Collection[Scope]) -> str:
    """Add a program and return its token, which nobody can read again.

    Raises: BrokenRule when the name is taken.
    """
    token = api_clients.add_client(connection, actor.merchant_id, name, scopes)
    actor.did(connection, "api_client.add", name, scopes=sorted(scopes))
    return token


def revoke_client(connection: Connection, actor: Actor, name: str) -> bool:
    """End a program's access at once; False when there is none of that name."""
    if not api_clients.revoke_client(connection, actor.merchant_id, name):
        return False
    actor.did(connection, "api_client.revoke", name)
    return True


def caller_of(connection: Connection, token: str) -> Caller | None:
    """Return whose token it is, None when it is nobody's (any more)."""
    found = api_clients.client_of(connection, token)
    if found is None:
        return None
    return Caller(found.id, found.merchant_id, found.name, found.scopes)


def once(
    connection: Connection, caller: Caller, key: str, request_hash: str, work: Callable[[], str]
) -> Answered:
    """Do the work unless a request of that key did it, and return its answer.

    The answer is kept in the transaction of the work, so it is there exactly if the work was done.

    Raises: KeyInUse, KeyReused.
    """
    kept = idempotency.find(connection, caller.client_id, key)
    if kept is None:
        if not idempotency.claim(connection, caller.client_id, key):
            raise KeyInUse("a request with this Idempotency-Key is being worked on")
        # Somebody may have finished between the look and the claim.
        kept = idempotency.find(connection, caller.client_id, key)
    if kept is None:
        text = work()
        done = idempotency.Kept(request_hash, HTTPStatus.OK.value, text)
        idempotency.keep(connection, caller.client_id, key, done)
        return Answered(text)
    if kept.request_hash != request_hash:
        raise KeyReused("this Idempotency-Key was used for a request with another content")
    return Answered(kept.response, again=True)
