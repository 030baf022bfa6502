"""OAuth 2.0 as BASE speaks it: authorising a shop and keeping it authorised."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlencode

import httpx

from adapters.http.calls import checked_base, json_of, send
from adapters.http.reading import Key, Told, read, whole_or_none
from adapters.thebase.calls import REMOTE, TokenEndedError, failure, posted
from adapters.thebase.wire.refusals import INVALID_REQUEST, refusal
from domain.carts.cart import Cart, call_deadline_s
from domain.errors import ApiFamily, AuthenticationFailed, Closed, Postponed, Rejected

AUTHORIZE = "/1/oauth/authorize"
TOKEN = "/1/oauth/token"  # noqa: S105 - a path
SCOPES = "read_users read_items write_items read_orders write_orders"
DEFAULT_LIFE_S = 3600
_LONGEST_LIFE_S = 10**8


@dataclass(frozen=True, slots=True)
class GrantedTokens:
    """What one authorisation or refresh gives.

    Attributes: expires_in_s: life of the access token; an answer without it counts as an hour.
    """

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in_s: int


class _Granted(Told):
    access_token: Key
    refresh_token: Key
    expires_in: Annotated[int | None, whole_or_none(0, _LONGEST_LIFE_S)]


class OAuthClient:
    """Speaks for one registered application (client id and secret)."""

    def __init__(
        self,
        http: httpx.Client,
        *,
        base_url: str,
        client_id: str,
        client_secret: str,
        redirect_uri: str,
    ) -> None:
        """Args: redirect_uri: as registered; the cart wants it with every exchange."""
        self._http = http
        self._base_url = checked_base(REMOTE, base_url)
        self._client = {
            "client_id": client_id,
            "client_secret": client_secret,
            "redirect_uri": redirect_uri,
        }

    def authorize_url(self, state: str) -> str:
        """Return where the shop's owner consents; `state` comes back with the code."""
        query = {
            "response_type": "code",
            "client_id": self._client["client_id"],
            "redirect_uri": self._client["redirect_uri"],
            "scope": SCOPES,
            "state": state,
        }
        return f"{self._base_url}{AUTHORIZE}?{urlencode(query)}"

    def exchange_code(self, code: str) -> GrantedTokens:
        """Return tokens for the code of the callback; a code works once.

        Raises:
            Rejected: the code is wrong, used or too old.
            Postponed: the cart is closed for maintenance.
        """
        return self._exchange({"grant_type": "authorization_code", "code": code})

    def refresh(self, refresh_token: str) -> GrantedTokens:
        """Return new tokens; the given refresh token is dead from then on.

        Raises:
            AuthenticationFailed: the shop has to be authorised again.
            OutcomeUnknown: the answer was lost, so the token may be dead already.
            Unserved: something else than the cart answered; likewise.
            Postponed: the cart is closed for maintenance; the token was not used.
        """
        try:
            return self._exchange({"grant_type": "refresh_token", "refresh_token": refresh_token})
        except Rejected as error:
            # A dead refresh token and a wrong redirect address have the same code, and need the
            # same: a person. The texts that tell them apart are not documented.
            if error.code != INVALID_REQUEST:
                raise
            raise AuthenticationFailed(str(error), own=True) from error

    def _exchange(self, grant: Mapping[str, str]) -> GrantedTokens:
        form = {**grant, **self._client}
        deadline_s = call_deadline_s(Cart.BASE, ApiFamily.ORDERS)
        call = posted(self._base_url, TOKEN, form, deadline_s)
        answer = send(self._http, call)
        try:
            if answer.status == HTTPStatus.OK:
                return granted(json_of(call, answer, closes=ApiFamily.ORDERS))
            raise failure(None, call, answer)
        except Closed as error:
            # The token address belongs to no family of calls: what it says of maintenance is no
            # closure of the orders API, only a reason to leave this shop alone for a while.
            raise Postponed(str(error)) from error
        except TokenEndedError as error:
            said = refusal(answer.body)
            raise AuthenticationFailed(f"{call} -> {answer.status}: {said}") from error


def granted(body: object) -> GrantedTokens:
    """Read a token answer."""
    told = read(_Granted, body)
    life_s = DEFAULT_LIFE_S if told.expires_in is None else told.expires_in
    return GrantedTokens(told.access_token, told.refresh_token, life_s)
