"""OAuth 2.0 as BASE speaks it."""

from dataclasses import dataclass, field
from urllib.parse import urlencode

from adapters.http.reading import Field

AUTHORIZE = "/1/oauth/authorize"
TOKEN = "/1/oauth/token"  # noqa: S105 - a path
SCOPES = "read_users read_items write_items read_orders write_orders"
DEFAULT_LIFE_S = 3600
_LONGEST_LIFE_S = 10**8


@dataclass(frozen=True, slots=True)
class GrantedTokens:
    """What one authorisation or refresh gives.

    Attributes:
        expires_in_s: life of the access token; an answer without it counts as an hour.
    """

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in_s: int = DEFAULT_LIFE_S


def authorize_query(client_id: str, redirect_uri: str, state: str) -> str:
    """Return the query of the address where a shop's owner consents."""
    return urlencode(
        {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": redirect_uri,
            "scope": SCOPES,
            "state": state,
        }
    )


def by_code(code: str) -> dict[str, str]:
    """Return what exchanges a code of the callback."""
    return {"grant_type": "authorization_code", "code": code}


def by_refresh(refresh_token: str) -> dict[str, str]:
    """Return what exchanges a refresh token."""
    return {"grant_type": "refresh_token", "refresh_token": refresh_token}


def tokens(body: object) -> GrantedTokens:
    """Read a token answer."""
    answer = Field(body, "")
    return GrantedTokens(
        access_token=answer["access_token"].key(),
        refresh_token=answer["refresh_token"].key(),
        expires_in_s=answer["expires_in"].integer_or(DEFAULT_LIFE_S, low=0, high=_LONGEST_LIFE_S),
    )
