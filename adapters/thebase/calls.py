"""Calls to BASE: the token on the way out, the domain's errors on the way back."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from urllib.parse import urlencode

import httpx

from adapters.http.calls import (
    Answer,
    Call,
    checked_base,
    closed,
    json_of,
    lost,
    send,
    unserved,
)
from adapters.thebase.wire.refusals import Meaning, Refusal, refusal
from domain.carts.cart import Cart, call_deadline_s
from domain.carts.ports import CallGate, TokenStore
from domain.engine.budget import Limit
from domain.errors import (
    AlreadyDone,
    ApiFamily,
    AuthenticationFailed,
    BudgetSpent,
    NotFound,
    OutcomeUnknown,
    Rejected,
    RemoteDown,
    SyncError,
    Unserved,
    Unserving,
)

REMOTE = "BASE"
FORM = "application/x-www-form-urlencoded"
_DEADLINES_S = {api: call_deadline_s(Cart.BASE, api) for api in ApiFamily}

_LIMITS = {Meaning.HOUR_SPENT: Limit.HOUR, Meaning.DAY_SPENT: Limit.DAY}
_REFUSALS: dict[Meaning, type[Rejected]] = {
    Meaning.NOT_FOUND: NotFound,
    Meaning.ALREADY_DONE: AlreadyDone,
}


class TokenEndedError(Exception):
    """The cart does not take the access token any more; never leaves this package.

    Attributes: in_doubt: not the cart's own JSON says so, and the call was a write.
    """

    def __init__(self, *, in_doubt: bool) -> None:
        """Args: see the class."""
        super().__init__()
        self.in_doubt = in_doubt


class BaseCalls:
    """Makes calls for one shop, each admitted by its gate."""

    def __init__(
        self, http: httpx.Client, tokens: TokenStore, gate: CallGate, *, base_url: str
    ) -> None:
        """Args: http: shared by all shops."""
        self._http = http
        self._tokens = tokens
        self._gate = gate
        self._base_url = checked_base(REMOTE, base_url)

    def read(self, api: ApiFamily, path: str, query: Mapping[str, str] | None = None) -> object:
        """Make a call that changes nothing and return its JSON."""
        target = f"{path}?{urlencode(query)}" if query else path
        call = Call(
            remote=REMOTE,
            method="GET",
            path=path,
            url=self._base_url + target,
            headers={"accept": "application/json"},
            deadline_s=_DEADLINES_S[api],
        )
        return self._make(api, call)

    def write(self, api: ApiFamily, path: str, form: Mapping[str, str]) -> object:
        """Make a call that changes the shop and return its JSON."""
        return self._make(api, posted(self._base_url, path, form, _DEADLINES_S[api]))

    def _make(self, api: ApiFamily, call: Call) -> object:
        """Make the call; a token that ended is renewed once.

        A fresh token that is refused too is the cart's trouble and not the shop's, which the
        cart has just given a new one (CLS-10): the shop waits.

        The token comes before the gate: whoever waits 25 s for another worker's refresh must not
        hold the shop's turn meanwhile, nor a probe of a closed cart. The tokens look at the
        closures themselves.
        """
        token = _asked(self._tokens.access_token)
        try:
            return self._once(api, call, token)
        except TokenEndedError as ended:
            if ended.in_doubt:
                with suppress(SyncError):  # found out again by the next call
                    self._tokens.renew(token)
                raise lost(call, "the access token is refused, but not in JSON") from ended
            renewed = _asked(partial(self._tokens.renew, token))
        try:
            return self._once(api, call, renewed)
        except TokenEndedError as error:
            refused = Unserved(
                f"{call}: a fresh access token is refused", why=Unserving.TOKEN_REFUSED, api=api
            )
            refused.may_have_happened = error.in_doubt
            raise refused from error

    def _once(self, api: ApiFamily, call: Call, token: str) -> object:
        if not token.isascii() or not token.isprintable():
            raise AuthenticationFailed(f"{REMOTE}: the stored access token is damaged", own=True)
        call = replace(call, headers={**call.headers, "authorization": f"Bearer {token}"})
        self._gate.admit(api, call.deadline_s)
        try:
            answer = send(self._http, call)
        finally:
            self._gate.done()
        if answer.status != HTTPStatus.OK:
            raise failure(api, call, answer)
        return json_of(call, answer, closes=api)


def _asked(ask: Callable[[], str]) -> str:
    """Return a token. A refresh in doubt leaves no doubt about the call: it was not made."""
    try:
        return ask()
    except OutcomeUnknown as error:
        raise RemoteDown(f"{REMOTE}: no access token: {error}") from error
    except SyncError as error:
        error.may_have_happened = False
        raise


def posted(base_url: str, path: str, form: Mapping[str, str], deadline_s: float) -> Call:
    """Return the call that sends a form; every POST changes the shop or its tokens."""
    return Call(
        remote=REMOTE,
        method="POST",
        path=path,
        url=base_url + path,
        headers={"content-type": FORM, "accept": "application/json"},
        content=urlencode(form, errors="replace").encode("ascii"),
        writes=True,
        deadline_s=deadline_s,
    )


def failure(api: ApiFamily | None, call: Call, answer: Answer) -> Exception:
    """Return what an answer other than 200 means. Args: api: None for the token address."""
    status = answer.status
    where = f"{call} -> {status}"
    said = refusal(answer.body)
    unavailable = status == HTTPStatus.SERVICE_UNAVAILABLE
    if answer.says_maintenance and (unavailable or not said.code):
        return closed(call, answer, api or ApiFamily.ORDERS)
    own_words = bool(said.code)
    if (error := unserved(call, answer, api, own_words=own_words)) is not None:
        return error
    if status == HTTPStatus.UNAUTHORIZED or said.meaning is Meaning.TOKEN_ENDED:
        return TokenEndedError(in_doubt=call.writes and not own_words)
    if status == HTTPStatus.FORBIDDEN:
        return AuthenticationFailed(f"{where}: {said}")
    return _refused(call, f"{where}: {said}", said)


def _refused(call: Call, message: str, said: Refusal) -> SyncError:
    meaning = said.meaning
    if (limit := _LIMITS.get(meaning)) is not None:
        return BudgetSpent(message, limit=limit, by_cart=True)
    if meaning is Meaning.CART_FAILED:
        return lost(call, said.code)
    if meaning is Meaning.NOT_ALLOWED:
        return AuthenticationFailed(message)
    return _REFUSALS.get(meaning, Rejected)(message, code=said.code)
