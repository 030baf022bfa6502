"""The OAuth tokens of BASE shops, encrypted, and the right to refresh them (CLS-6)."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection

from adapters.postgres.engine.lanes import WORKING_SHOP
from adapters.postgres.shops.secrets import SecretBox
from adapters.postgres.statement import Statement

# A refresh token lives 30 days from the moment it was given; each refresh gives a new one.
REFRESH_TOKEN_LIFE = timedelta(days=30)
# contract_decisions: a token given without its expiry counts as fresh for 3,600 s.
ACCESS_TOKEN_LIFE = timedelta(seconds=3600)


@dataclass(frozen=True, slots=True)
class Tokens:
    """What one BASE shop is authorised with.

    Attributes:
        access_expires_at: aware.
        refresh_expires_at: as stored; `store_tokens` sets it itself and ignores this one.
    """

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    access_expires_at: datetime
    refresh_expires_at: datetime | None = None


_LOAD = Statement[tuple[bytes, datetime, datetime]]("""
select tokens, access_expires_at, refresh_expires_at from shops
 where id = :shop_id and tokens is not null
""")
_STORE = Statement[None]("""
update shops
   set tokens = :sealed, access_expires_at = :access_expires_at,
       refresh_expires_at = :refresh_expires_at,
       auth_failed_at = case when cast(:by_person as boolean) then null else auth_failed_at end
 where id = :shop_id
""")
_LOCK = Statement[None]("select id from shops where id = :shop_id for update")


def load_tokens(connection: Connection, shop_id: int, box: SecretBox) -> Tokens | None:
    """Return the shop's tokens, None while nobody has authorised it. Raises UnreadableSecret."""
    row = _LOAD.first(connection, shop_id=shop_id)
    if row is None:
        return None
    sealed, access_expires_at, refresh_expires_at = row
    return Tokens(
        **box.open(sealed),
        access_expires_at=access_expires_at,
        refresh_expires_at=refresh_expires_at,
    )


def store_tokens(
    connection: Connection,
    shop_id: int,
    tokens: Tokens,
    now: datetime,
    box: SecretBox,
    *,
    by_person: bool = True,
) -> None:
    """Replace the shop's tokens; the refresh token is taken as given out at `now`.

    Those of a person also end a failed authorisation, since whatever was refused is gone. A
    refresh does not: the call that the fresh token is for tells whether it is over (CLS-10).
    """
    sealed = box.seal({"access_token": tokens.access_token, "refresh_token": tokens.refresh_token})
    ends = now + REFRESH_TOKEN_LIFE
    _STORE.run(
        connection,
        tokens,
        shop_id=shop_id,
        sealed=sealed,
        refresh_expires_at=ends,
        by_person=by_person,
    )


def replace_tokens(
    connection: Connection,
    shop_id: int,
    tokens: Tokens,
    now: datetime,
    box: SecretBox,
    *,
    replaces: str,
) -> Tokens | None:
    """Store what a refresh gave, and return what is stored now.

    A person may have authorised the shop anew while the refresh was under way: then those tokens
    stay, and the given ones are dropped. The row is locked, so that neither overwrites the other.

    Args: replaces: the refresh token that was exchanged for the new ones.
    """
    _LOCK.run(connection, shop_id=shop_id)
    stored = load_tokens(connection, shop_id, box)
    if stored is None or stored.refresh_token != replaces:
        return stored
    store_tokens(connection, shop_id, tokens, now, box, by_person=False)
    return tokens


# Otherwise two shops would not see each other's claims.
_ALONE = Statement[None]("select pg_advisory_xact_lock(hashtext('refresh alone'))")
_CLAIM = Statement[None]("""
update shops s
   set refresh_holder = :holder,
       refresh_until = clock_timestamp() + make_interval(secs => :lease_s)
 where s.id = :shop_id
   and (s.refresh_until is null or s.refresh_until <= clock_timestamp()
        or s.refresh_holder = :holder)
   and not (:alone and exists (select 1 from shops o
                                where o.id <> s.id and o.refresh_until > clock_timestamp()))
""")
_RELEASE = Statement[None]("""
update shops set refresh_holder = null, refresh_until = null
 where id = :shop_id and refresh_holder = :holder
""")


def claim_refresh(
    connection: Connection, shop_id: int, holder: str, lease_s: int, *, alone: bool = False
) -> bool:
    """Take the right to refresh for some seconds; False while another worker has it.

    Args:
        holder: who asks; asking again prolongs its own lease.
        alone: False as well while any other shop is being refreshed.
    """
    if alone:
        _ALONE.run(connection)
    taken = _CLAIM.run(connection, shop_id=shop_id, holder=holder, lease_s=lease_s, alone=alone)
    return taken == 1


def release_refresh(connection: Connection, shop_id: int, holder: str) -> None:
    """Give the right back; nothing happens when somebody else has it by now."""
    _RELEASE.run(connection, shop_id=shop_id, holder=holder)


# A refresh token ends after 30 days without a refresh: for days nothing of the shop worked.
WARN_AHEAD = timedelta(days=7)

_ENDING = Statement[int](f"""
select s.id from shops s
 where s.tokens is not null and {WORKING_SHOP} and s.access_expires_at < now() + :ahead
   and (s.refresh_until is null or s.refresh_until <= now())
 order by s.access_expires_at <= now(), greatest(s.access_expires_at, now()), random()
""")
_WARN = Statement[tuple[int, datetime]]("""
update shops set refresh_warned_at = now()
 where tokens is not null and removed_at is null and refresh_expires_at < now() + :ahead
   and (parked or auth_failed_at is not null or id = any(:failing))
   and (refresh_warned_at is null or refresh_warned_at < now() - interval '1 day')
returning id, refresh_expires_at
""")


def ending_soon(connection: Connection, *, ahead: timedelta = timedelta(minutes=6)) -> list[int]:
    """Return the shops whose access token ends soon and that nobody is refreshing, in turn.

    Those that end first come first. Those that have ended follow in any order, so that a few
    whose refresh always times out do not always stand in front of the others.
    """
    return _ENDING.all(connection, ahead=ahead)


def warn_once_a_day(connection: Connection, failing: Collection[int]) -> list[tuple[int, datetime]]:
    """Return shops nobody refreshes whose refresh token ends within days, each once a day.

    A shop that works is refreshed every hour and needs nobody, however late that begins.

    Args: failing: ids of shops whose refresh was tried and failed.
    """
    return _WARN.all(connection, ahead=WARN_AHEAD, failing=list(failing))
