"""Calls to ShopServe: credentials on the way out, the domain's errors on the way back."""

import base64
import json
from http import HTTPStatus

import httpx

from adapters.http.calls import (
    Answer,
    Call,
    checked_base,
    closed,
    json_of,
    lost,
    not_the_cart,
    send,
    unserved,
)
from adapters.shopserve.wire.refusals import refusal
from domain.carts.cart import Cart, call_deadline_s
from domain.carts.ports import CallGate
from domain.errors import (
    AlreadyDone,
    ApiFamily,
    AuthenticationFailed,
    NotFound,
    Rejected,
    SyncError,
)

REMOTE = "ShopServe"
_DEADLINES_S = {api: call_deadline_s(Cart.SHOPSERVE, api) for api in ApiFamily}

_REFUSALS: dict[int, type[Rejected]] = {
    HTTPStatus.NOT_FOUND: NotFound,
    HTTPStatus.CONFLICT: AlreadyDone,
}


class ShopServeCalls:
    """Makes calls for one shop, each admitted by its gate."""

    def __init__(
        self, http: httpx.Client, gate: CallGate, *, base_url: str, credentials: tuple[str, str]
    ) -> None:
        """Args: credentials: shop id and manager key (マネージャー認証キー)."""
        self._http = http
        self._gate = gate
        self._base_url = checked_base(REMOTE, base_url)
        token = base64.b64encode(":".join(credentials).encode()).decode("ascii")
        self._headers = {
            "authorization": f"Basic {token}",
            "accept": "application/json",
            "content-type": "application/json",
        }

    def read(
        self, api: ApiFamily, method: str, path: str, body: dict[str, object] | None = None
    ) -> object:
        """Make a call that changes nothing and return its JSON.

        Raises: RemoteDown: among others when the answer is not JSON.
        """
        return json_of(*self._make(api, method, path, body))

    def write(self, api: ApiFamily, method: str, path: str, body: dict[str, object]) -> None:
        """Make a call that changes the cart; its answer is only looked at for who it is from.

        Raises: Unserved: a page, so it is not the cart that says it was done.
        """
        call, answer = self._make(api, method, path, body, writes=True)
        if answer.is_page:
            raise not_the_cart(call, answer, api)

    def change(self, api: ApiFamily, method: str, path: str, body: dict[str, object]) -> None:
        """Make a call that changes the cart and answers with a JSON object.

        Raises: OutcomeUnknown: among others when the answer is none.
        """
        call, answer = self._make(api, method, path, body, writes=True)
        told = json_of(call, answer)
        if not isinstance(told, dict) and told != []:  # an empty object, as PHP writes it
            raise lost(call, "the answer is not an object")

    def _make(
        self,
        api: ApiFamily,
        method: str,
        path: str,
        body: dict[str, object] | None,
        *,
        writes: bool = False,
    ) -> tuple[Call, Answer]:
        call = Call(
            remote=REMOTE,
            method=method,
            path=path,
            url=self._base_url + path,
            headers=self._headers,
            content=b"" if body is None else _encoded(body),
            writes=writes,
            deadline_s=_DEADLINES_S[api],
        )
        self._gate.admit(api, call.deadline_s)
        try:
            answer = send(self._http, call)
        finally:
            self._gate.done()
        if not HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
            raise _failure(api, call, answer)
        return call, answer


def _encoded(body: dict[str, object]) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _failure(api: ApiFamily, call: Call, answer: Answer) -> SyncError:
    """Return what an answer other than 2xx means."""
    status = answer.status
    where = f"{call} -> {status}"
    if status == HTTPStatus.SERVICE_UNAVAILABLE and answer.says_maintenance:
        return closed(call, answer, api)
    said = refusal(answer.body)
    refuses_shop = status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
    # The shape of errors is not published, but what stops a whole shop has to name one.
    own_words = said is not None and (any(said) or not refuses_shop)
    if (error := unserved(call, answer, api, own_words=own_words)) is not None:
        return error
    code, text = said or ("", "")
    if refuses_shop:
        refused = AuthenticationFailed(f"{where}: shop id or manager key refused")
        refused.may_have_happened = call.writes and said is None
        return refused
    return _REFUSALS.get(status, Rejected)(f"{where}: {text or 'no reason given'}", code=code)
