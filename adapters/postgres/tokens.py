"""The OAuth tokens of BASE shops, encrypted, and the right to refresh them (CLS-6)."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, func, or_, select, update

from adapters.postgres.schema import shops
from adapters.postgres.secrets import SecretBox

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


def claim_refresh(connection: Connection, shop_id: int, holder: str, lease_s: int) -> bool:
    """Take the right to refresh for some seconds; False while another worker has it.

    Args: holder: who asks; asking again prolongs its own lease.
    """
    now = func.clock_timestamp()
    free = or_(
        shops.c.refresh_until.is_(None),
        shops.c.refresh_until <= now,
        shops.c.refresh_holder == holder,
    )
    taken = connection.execute(
        update(shops)
        .where(and_(shops.c.id == shop_id, free))
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
    """Return the shops whose access token ends soon and may be refreshed."""
    now = func.now()
    rows = connection.execute(
        select(shops.c.id).where(
            shops.c.tokens.is_not(None),
            shops.c.removed_at.is_(None),
            shops.c.auth_failed_at.is_(None),
            shops.c.parked.is_(False),
            shops.c.access_expires_at < now + ahead,
        )
    )
    return [row.id for row in rows]


def warn_once_a_day(connection: Connection) -> list[tuple[int, datetime]]:
    """Return shops whose refresh token ends within days, each once a day."""
    now = func.now()
    rows = connection.execute(
        update(shops)
        .where(
            shops.c.tokens.is_not(None),
            shops.c.removed_at.is_(None),
            shops.c.refresh_expires_at < now + WARN_AHEAD,
            or_(
                shops.c.refresh_warned_at.is_(None),
                shops.c.refresh_warned_at < now - timedelta(days=1),
            ),
        )
        .values(refresh_warned_at=now)
        .returning(shops.c.id, shops.c.refresh_expires_at)
    )
    return [(row.id, row.refresh_expires_at) for row in rows]
