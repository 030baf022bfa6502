"""Calls to BASE: the token on the way out, the domain's errors on the way back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from http import HTTPStatus
from urllib.parse import urlencode

import httpx

from adapters.http.calls import Answer, Call, checked_base, json_of, lost, send
from adapters.thebase.wire.refusals import Meaning, Refusal, refusal
from domain.carts.cart import Cart, call_deadline_s
from domain.carts.ports import CallGate, TokenStore
from domain.engine.budget import Limit, resumes_at
from domain.errors import (
    AlreadyDone,
    ApiFamily,
    AuthenticationFailed,
    BudgetSpent,
    Closed,
    NotFound,
    OutcomeUnknown,
    Rejected,
    RemoteBusy,
    RemoteDown,
    SyncError,
)

REMOTE = "BASE"
FORM = "application/x-www-form-urlencoded"
_DEADLINES_S = {api: call_deadline_s(Cart.BASE, api) for api in ApiFamily}

_REFUSALS: dict[Meaning, type[Rejected]] = {
    Meaning.NOT_FOUND: NotFound,
    Meaning.ALREADY_DONE: AlreadyDone,
}


class TokenEndedError(Exception):
    """The cart does not take the access token any more; never leaves this package."""


@dataclass(frozen=True, slots=True)
class _Request:
    """One call before a token is put on it.

    Attributes: form: a POST with these fields if given, else a GET; every POST changes the shop.
    """

    api: ApiFamily
    path: str
    query: Mapping[str, str] | None = None
    form: Mapping[str, str] | None = None


class BaseCalls:
    """Makes calls for one shop, each admitted by its gate."""

    def __init__(
        self,
        http: httpx.Client,
        tokens: TokenStore,
        gate: CallGate,
        *,
        base_url: str,
        clock: Callable[[], datetime],
    ) -> None:
        """Args: clock: the time now, aware; tells when spent limits start again."""
        self._http = http
        self._tokens = tokens
        self._gate = gate
        self._base_url = checked_base(REMOTE, base_url)
        self._clock = clock

    def read(self, api: ApiFamily, path: str, query: Mapping[str, str] | None = None) -> object:
        """Make a call that changes nothing and return its JSON."""
        return self._make(_Request(api, path, query=query))

    def write(self, api: ApiFamily, path: str, form: Mapping[str, str]) -> object:
        """Make a call that changes the shop and return its JSON."""
        return self._make(_Request(api, path, form=form))

    def _make(self, request: _Request) -> object:
        """Make the call; a token that ended is renewed once.

        The token comes before the gate: whoever waits 25 s for another worker's refresh must not
        hold the shop's turn meanwhile, nor a probe of a closed cart. The tokens look at the
        closures themselves.
        """
        token = _asked(self._tokens.access_token)
        try:
            return self._once(request, token)
        except TokenEndedError:
            renewed = _asked(partial(self._tokens.renew, token))
        try:
            return self._once(request, renewed)
        except TokenEndedError as error:
            raise AuthenticationFailed(
                f"{REMOTE}: {request.path}: a fresh access token is refused"
            ) from error

    def _once(self, request: _Request, token: str) -> object:
        call = self._call(request, token)
        self._gate.admit(request.api, call.deadline_s)
        try:
            answer = send(self._http, call)
        finally:
            self._gate.done()
        if answer.status != HTTPStatus.OK:
            raise failure(request.api, call, answer, self._clock)
        return json_of(call, answer, closes=request.api)

    def _call(self, request: _Request, token: str) -> Call:
        if not token.isascii() or not token.isprintable():
            raise AuthenticationFailed(f"{REMOTE}: the stored access token is damaged")
        headers = {"authorization": f"Bearer {token}", "accept": "application/json"}
        if request.form is not None:
            headers["content-type"] = FORM
        query = f"?{urlencode(request.query)}" if request.query else ""
        return Call(
            remote=REMOTE,
            method="GET" if request.form is None else "POST",
            path=request.path,
            url=f"{self._base_url}{request.path}{query}",
            headers=headers,
            content=b"" if request.form is None else encoded(request.form),
            writes=request.form is not None,
            deadline_s=_DEADLINES_S[request.api],
        )


def _asked(ask: Callable[[], str]) -> str:
    """Return a token. A refresh in doubt leaves no doubt about the call: it was not made."""
    try:
        return ask()
    except OutcomeUnknown as error:
        raise RemoteDown(f"{REMOTE}: no access token: {error}") from error


def encoded(form: Mapping[str, str]) -> bytes:
    """Return a form's body."""
    return urlencode(form, errors="replace").encode("ascii")


def failure(api: ApiFamily, call: Call, answer: Answer, clock: Callable[[], datetime]) -> Exception:
    """Return what an answer other than 200 means."""
    status = answer.status
    where = f"{call} -> {status}"
    said = refusal(answer.body)
    if status == HTTPStatus.SERVICE_UNAVAILABLE or (not said.code and answer.says_maintenance):
        return Closed(f"{where}: closed for maintenance", api=api)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.REQUEST_TIMEOUT:
        return lost(call, f"status {status}")
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return RemoteBusy(where, retry_after_s=answer.retry_after_s)
    if status == HTTPStatus.UNAUTHORIZED or said.meaning is Meaning.TOKEN_ENDED:
        return TokenEndedError()
    if status == HTTPStatus.FORBIDDEN:
        return AuthenticationFailed(f"{where}: {said}")
    return _refused(call, f"{where}: {said}", said, clock)


def _refused(call: Call, message: str, said: Refusal, clock: Callable[[], datetime]) -> SyncError:
    meaning = said.meaning
    if meaning is Meaning.HOUR_SPENT:
        return _spent(message, Limit.HOUR, clock())
    if meaning is Meaning.DAY_SPENT:
        return _spent(message, Limit.DAY, clock())
    if meaning is Meaning.CART_FAILED:
        return lost(call, said.code)
    if meaning is Meaning.NOT_ALLOWED:
        return AuthenticationFailed(message)
    return _REFUSALS.get(meaning, Rejected)(message, code=said.code)


def _spent(message: str, limit: Limit, now: datetime) -> BudgetSpent:
    return BudgetSpent(message, until=resumes_at(limit, now), limit=limit, by_cart=True)
