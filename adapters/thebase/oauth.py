"""Authorising a shop at BASE and keeping it authorised."""

from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus

import httpx

from adapters.http.calls import Call, checked_base, send
from adapters.thebase.calls import (
    DEADLINE_S,
    FORM,
    REMOTE,
    TokenEndedError,
    encoded,
    failure,
    json_of,
)
from adapters.thebase.wire import tokens
from adapters.thebase.wire.refusals import refusal
from adapters.thebase.wire.tokens import Tokens
from domain.errors import ApiFamily, AuthenticationFailed

__all__ = ["OAuthClient", "Tokens"]


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
        query = tokens.authorize_query(
            self._client["client_id"], self._client["redirect_uri"], state
        )
        return f"{self._base_url}{tokens.AUTHORIZE}?{query}"

    def exchange_code(self, code: str) -> Tokens:
        """Return tokens for the code of the callback; a code works once.

        Raises: Rejected: the code is wrong, used or too old.
        """
        return self._exchange(tokens.by_code(code))

    def refresh(self, refresh_token: str) -> Tokens:
        """Return new tokens; the given refresh token is dead from then on.

        Raises:
            AuthenticationFailed: the shop has to be authorised again.
            OutcomeUnknown: the answer was lost, so the token may be dead already.
        """
        return self._exchange(tokens.by_refresh(refresh_token))

    def _exchange(self, grant: Mapping[str, str]) -> Tokens:
        call = Call(
            remote=REMOTE,
            method="POST",
            path=tokens.TOKEN,
            url=self._base_url + tokens.TOKEN,
            headers={"content-type": FORM, "accept": "application/json"},
            content=encoded({**grant, **self._client}),
            writes=True,
            deadline_s=DEADLINE_S,
        )
        answer = send(self._http, call)
        if answer.status == HTTPStatus.OK:
            return tokens.tokens(json_of(ApiFamily.ORDERS, call, answer))
        said = refusal(answer.body)
        error = failure(ApiFamily.ORDERS, call, answer, lambda: datetime.now(UTC))
        if said.refresh_token_refused or isinstance(error, TokenEndedError):
            raise AuthenticationFailed(f"{call} -> {answer.status}: {said}")
        raise error
