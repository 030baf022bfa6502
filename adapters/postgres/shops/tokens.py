"""The OAuth tokens of BASE shops, encrypted, and the right to refresh them (CLS-6)."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, exists, func, or_, select, update

from adapters.postgres.schema import shops
from adapters.postgres.shops.secrets import SecretBox

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


def load_tokens(connection: Connection, shop_id: int, box: SecretBox) -> Tokens | None:
    """Return the shop's tokens, None while nobody has authorised it. Raises UnreadableSecret."""
    row = connection.execute(
        select(shops.c.tokens, shops.c.access_expires_at, shops.c.refresh_expires_at).where(
            shops.c.id == shop_id
        )
    ).one_or_none()
    if row is None or row.tokens is None:
        return None
    values = box.open(row.tokens)
    return Tokens(
        access_token=values["access_token"],
        refresh_token=values["refresh_token"],
        access_expires_at=row.access_expires_at,
        refresh_expires_at=row.refresh_expires_at,
    )


def store_tokens(
    connection: Connection, shop_id: int, tokens: Tokens, now: datetime, box: SecretBox
) -> None:
    """Replace the shop's tokens; the refresh token is taken as given out at `now`.

    New tokens also end a failed authorisation, since whatever was refused is gone.
    """
    sealed = box.seal({"access_token": tokens.access_token, "refresh_token": tokens.refresh_token})
    connection.execute(
        update(shops)
        .where(shops.c.id == shop_id)
        .values(
            tokens=sealed,
            access_expires_at=tokens.access_expires_at,
            refresh_expires_at=now + REFRESH_TOKEN_LIFE,
            auth_failed_at=None,
        )
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
    connection.execute(select(shops.c.id).where(shops.c.id == shop_id).with_for_update())
    stored = load_tokens(connection, shop_id, box)
    if stored is None or stored.refresh_token != replaces:
        return stored
    store_tokens(connection, shop_id, tokens, now, box)
    return tokens


def claim_refresh(
    connection: Connection, shop_id: int, holder: str, lease_s: int, *, alone: bool = False
) -> bool:
    """Take the right to refresh for some seconds; False while another worker has it.

    Args:
        holder: who asks; asking again prolongs its own lease.
        alone: False as well while any other shop is being refreshed.
    """
    now = func.clock_timestamp()
    free = or_(
        shops.c.refresh_until.is_(None),
        shops.c.refresh_until <= now,
        shops.c.refresh_holder == holder,
    )
    if alone:
        # Otherwise two shops would not see each other's claims.
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtext("refresh alone"))))
        other = shops.alias()
        others = exists().where(other.c.id != shop_id, other.c.refresh_until > now)
        free = and_(free, ~others)
    taken = connection.execute(
        update(shops)
        .where(shops.c.id == shop_id, free)
        .values(refresh_holder=holder, refresh_until=now + timedelta(seconds=lease_s))
    )
    return taken.rowcount == 1


def release_refresh(connection: Connection, shop_id: int, holder: str) -> None:
    """Give the right back; nothing happens when somebody else has it by now."""
    connection.execute(
        update(shops)
        .where(shops.c.id == shop_id, shops.c.refresh_holder == holder)
        .values(refresh_holder=None, refresh_until=None)
    )


# A refresh token ends after 30 days without a refresh: for days nothing of the shop worked.
WARN_AHEAD = timedelta(days=7)


def ending_soon(connection: Connection, *, ahead: timedelta = timedelta(minutes=6)) -> list[int]:
    """Return the shops whose access token ends soon and that nobody is refreshing, in turn.

    Those that end first come first. Those that have ended follow in any order, so that a few
    whose refresh always times out do not always stand in front of the others.
    """
    now = func.now()
    ended = shops.c.access_expires_at <= now
    rows = connection.execute(
        select(shops.c.id)
        .where(
            shops.c.tokens.is_not(None),
            shops.c.removed_at.is_(None),
            shops.c.auth_failed_at.is_(None),
            shops.c.parked.is_(False),
            shops.c.access_expires_at < now + ahead,
            or_(shops.c.refresh_until.is_(None), shops.c.refresh_until <= now),
        )
        .order_by(ended, func.greatest(shops.c.access_expires_at, now), func.random())
    )
    return [row.id for row in rows]


def warn_once_a_day(connection: Connection, failing: Collection[int]) -> list[tuple[int, datetime]]:
    """Return shops nobody refreshes whose refresh token ends within days, each once a day.

    A shop that works is refreshed every hour and needs nobody, however late that begins.

    Args: failing: ids of shops whose refresh was tried and failed.
    """
    now = func.now()
    rows = connection.execute(
        update(shops)
        .where(
            shops.c.tokens.is_not(None),
            shops.c.removed_at.is_(None),
            shops.c.refresh_expires_at < now + WARN_AHEAD,
            or_(shops.c.parked, shops.c.auth_failed_at.is_not(None), shops.c.id.in_(failing)),
            or_(
                shops.c.refresh_warned_at.is_(None),
                shops.c.refresh_warned_at < now - timedelta(days=1),
            ),
        )
        .values(refresh_warned_at=now)
        .returning(shops.c.id, shops.c.refresh_expires_at)
    )
    return [(row.id, row.refresh_expires_at) for row in rows]
