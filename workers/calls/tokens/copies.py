"""What a copy of new tokens in Redis holds: sealed, and read as what anybody may have written."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime

from adapters.postgres.shops.secrets import SecretBox, UnreadableSecret
from adapters.postgres.shops.tokens import Tokens


@dataclass(frozen=True, slots=True)
class Copy:
    """Tokens that were given out in place of others.

    Attributes:
        replaces: the refresh token they replace.
    """

    tokens: Tokens
    replaces: str


def seal_copy(box: SecretBox, tokens: Tokens, *, replaces: str) -> bytes:
    """Return the copy as it is kept."""
    return box.seal(
        {
            "replaces": replaces,
            "access_token": tokens.access_token,
            "refresh_token": tokens.refresh_token,
            "access_expires_at": tokens.access_expires_at.isoformat(),
        }
    )


def open_copy(box: SecretBox, sealed: bytes) -> Copy | None:
    """Return what a copy says, None for what nothing of ours wrote (SEC-1)."""
    try:
        values: object = box.open(sealed)
    except (UnreadableSecret, json.JSONDecodeError, UnicodeDecodeError):
        return None
    if not isinstance(values, dict):
        return None
    access, refresh = _text(values, "access_token"), _text(values, "refresh_token")
    ends_at, replaces = _moment(_text(values, "access_expires_at")), _text(values, "replaces")
    if access is None or refresh is None or ends_at is None or replaces is None:
        return None
    return Copy(Tokens(access, refresh, ends_at), replaces)


def _text(values: dict[object, object], name: str) -> str | None:
    found = values.get(name)
    return found if isinstance(found, str) and found else None


def _moment(text: str | None) -> datetime | None:
    """Return an aware moment; one without its offset is nothing of ours."""
    try:
        found = datetime.fromisoformat(text) if text else None
        return found.astimezone(UTC) if found is not None and found.tzinfo else None
    except (ValueError, OverflowError):
        return None
