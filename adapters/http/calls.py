"""One call to a cart: what is sent, what comes back, and how it can be lost."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from http import HTTPStatus
from urllib.parse import quote

import httpx

from adapters.http.dates import seconds_asked
from adapters.http.deadline import EXTENSION, Attempt, BodyTooLarge
from domain.errors import (
    ApiFamily,
    Closed,
    NotFound,
    OutcomeUnknown,
    Rejected,
    RemoteBusy,
    RemoteDown,
    SyncError,
    Transient,
    Undecodable,
    Unserved,
    Unserving,
)

_USER_AGENT = "renkei/0.1"
_NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
)
_MAINTENANCE_WORDS = ("メンテナンス", "メインテナンス")
_MAINTENANCE = tuple(
    word.encode(encoding)
    for word in _MAINTENANCE_WORDS
    for encoding in ("utf-8", "euc_jp", "shift_jis")
) + tuple(json.dumps(word).strip('"').encode() for word in _MAINTENANCE_WORDS)  # as JSON in ASCII
# Of whoever stands in front of the cart, whatever the body says (CLS-9).
_IN_BETWEEN = frozenset(
    {
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.TOO_EARLY,
    }
)
_ESCAPES = (b"\\u0000", b"\\ud", b"\\uD")


@dataclass(frozen=True, slots=True)
class Call:
    """One request.

    Attributes:
        remote: the cart's name for messages.
        path: for messages; the address without host and query.
        url: where it goes.
        writes: it changes something in the cart, so a lost answer leaves the outcome open.
        deadline_s: seconds for everything together.
    """

    remote: str
    method: str
    path: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    deadline_s: float
    content: bytes = field(repr=False, default=b"")
    writes: bool = False

    def __str__(self) -> str:
        """Name the call without host, query, headers or body."""
        return f"{self.remote}: {self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whatever its status.

    Attributes:
        content_type: in lower case, blank if none is told.
        retry_after_s: seconds the other side asks to wait, from a number or a date.
        challenges: it names how to authenticate (`WWW-Authenticate`).
    """

    status: int
    body: bytes = field(repr=False)
    content_type: str = ""
    retry_after_s: float | None = None
    challenges: bool = False

    @property
    def says_maintenance(self) -> bool:
        """Whether the text speaks of maintenance, in any encoding a Japanese page comes in."""
        return any(word in self.body for word in _MAINTENANCE)

    @property
    def is_page(self) -> bool:
        """Whether it is a page for people: of a firewall, a proxy, a maintenance."""
        begins = self.body[:64].removeprefix(b"\xef\xbb\xbf").lstrip()
        return begins.startswith(b"<") or self.content_type.startswith("text/html")


def send(http: httpx.Client, call: Call) -> Answer:
    """Make the call.

    Raises:
        RemoteDown: nothing was sent, or the call only reads.
        OutcomeUnknown: a write was sent and its answer was lost or unreadable.
        Undecodable: the answer to a read is too large.
    """
    attempt = Attempt(call.deadline_s)
    headers = {"user-agent": _USER_AGENT, "accept-encoding": "identity", **call.headers}
    request = httpx.Request(
        call.method,
        call.url,
        headers=headers,
        content=call.content or None,
        extensions={EXTENSION: attempt},
    )
    try:
        response = http.send(request, follow_redirects=False)
    except BodyTooLarge as error:
        if call.writes:
            raise lost(call, "the answer is too large") from error
        raise Undecodable(f"{call}: the answer is too large") from error
    except httpx.TransportError as error:
        name = type(error).__name__
        if isinstance(error, _NEVER_SENT) or attempt.sent is False:
            raise RemoteDown(f"{call}: {name}, nothing was sent") from error
        raise lost(call, name) from error
    told = response.headers
    return Answer(
        status=response.status_code,
        body=response.content,
        content_type=told.get("content-type", "").strip().lower(),
        retry_after_s=seconds_asked(told.get("retry-after", "").strip(), told.get("date", "")),
        challenges="www-authenticate" in told,
    )


def json_of(call: Call, answer: Answer, *, closes: ApiFamily | None = None) -> object:
    """Return the JSON of an answer that says success.

    Args: closes: what a page about maintenance closes; None where it may be about anything.

    Raises:
        Closed: it is such a page.
        Unserved: it is a page of another kind.
        OutcomeUnknown, RemoteDown: it is no JSON, and broken or empty rather than a page.
    """
    try:
        return parse_json(answer.body)
    except Undecodable as error:
        if closes is not None and answer.says_maintenance:
            raise closed(call, answer, closes) from error
        if answer.is_page:
            raise not_the_cart(call, answer) from error
        raise lost(call, "the answer is not JSON") from error


def parse_json(body: bytes) -> object:
    """Return the JSON value of a body, made storable.

    NUL characters are dropped and halves of surrogate pairs replaced: neither has a place in a
    database or in UTF-8.

    Raises: Undecodable: the body is not JSON.
    """
    try:
        value: object = json.loads(body, parse_constant=_refuse)
        if any(escape in body for escape in _ESCAPES):
            return _storable(value)
    except (ValueError, RecursionError) as error:
        raise Undecodable("the body is not JSON") from error
    return value


def _refuse(name: str) -> object:
    raise ValueError(name)


def _storable(value: object) -> object:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return [_storable(entry) for entry in value]
    if isinstance(value, dict):
        return {clean(str(key)): _storable(entry) for key, entry in value.items()}
    return value


def clean(text: str) -> str:
    """Return text that UTF-8 and a database can hold."""
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def lost(call: Call, why: str) -> Transient:
    """Return the error for a call whose answer cannot be used."""
    if call.writes:
        return OutcomeUnknown(f"{call}: {why}; it may or may not have happened")
    return RemoteDown(f"{call}: {why}")


def closed(call: Call, answer: Answer, api: ApiFamily) -> Closed:
    """Return the error for an answer that speaks of maintenance."""
    error = Closed(
        f"{call} -> {answer.status}: closed for maintenance", api=api, asked_s=answer.retry_after_s
    )
    error.may_have_happened = call.writes  # the page is nobody's word on the call itself
    return error


def not_the_cart(call: Call, answer: Answer, api: ApiFamily | None = None) -> Unserved:
    """Return the error for an answer that is not the cart's own words (CLS-9)."""
    error = Unserved(
        f"{call} -> {answer.status}: not an answer of the cart (a firewall, a proxy, a redirect?)",
        why=Unserving.NOT_THE_CART,
        api=api,
        asked_s=answer.retry_after_s,
    )
    error.may_have_happened = call.writes
    return error


def unserved(
    call: Call, answer: Answer, api: ApiFamily | None, *, own_words: bool
) -> SyncError | None:
    """Return what an answer tells that is not about the request itself, None for any other.

    Args:
        api: see Unserved.
        own_words: the body is the cart's own JSON.
    """
    status = answer.status
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        error: SyncError = Unserved(
            f"{call} -> {status}: not available",
            why=Unserving.UNAVAILABLE,
            api=api,
            asked_s=answer.retry_after_s,
        )
        error.may_have_happened = call.writes
        return error
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return lost(call, f"status {status}")
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        error = RemoteBusy(f"{call} -> {status}", retry_after_s=answer.retry_after_s)
        error.may_have_happened = call.writes and not own_words
        return error
    challenged = status == HTTPStatus.UNAUTHORIZED and answer.challenges
    if status in _IN_BETWEEN or not (own_words or challenged):
        return not_the_cart(call, answer, api)
    return None


def segment(value: str) -> str:
    """Return one part of a path, quoted so that it stays one part.

    Raises: NotFound: no cart has such a key, and sending it would name another address.
    """
    if value.strip() in {"", ".", ".."}:
        raise NotFound(f"{value!r} is not a key a cart can have")
    try:
        return quote(value, safe="")
    except UnicodeEncodeError as error:
        raise NotFound("a key that is not text is none a cart can have") from error


@lru_cache(maxsize=4096)  # asked for every claim, and there are few addresses
def checked_base(remote: str, base_url: str) -> str:
    """Return the address without a slash at its end.

    Raises: Rejected: it is not an http or https address.
    """
    try:
        url = httpx.URL(base_url)
    except httpx.InvalidURL as error:
        raise Rejected(f"{remote}: the shop's address is not a URL") from error
    if url.scheme not in {"http", "https"} or not url.host or url.query or url.fragment:
        raise Rejected(f"{remote}: the shop's address is not an http(s) URL")
    return base_url.rstrip("/")
