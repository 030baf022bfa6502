"""One call to a cart: what is sent, what comes back, and how it can be lost."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from http import HTTPStatus
from urllib.parse import quote

import httpx

from adapters.http.deadline import EXTENSION, Attempt, BodyTooLarge
from domain.errors import (
    ApiFamily,
    Closed,
    NotFound,
    OutcomeUnknown,
    Rejected,
    RemoteBusy,
    RemoteDown,
    Transient,
    Undecodable,
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
    """What came back, whatever its status."""

    status: int
    body: bytes = field(repr=False)
    retry_after_s: float | None = None

    @property
    def says_maintenance(self) -> bool:
        """Whether the text speaks of maintenance, in any encoding a Japanese page comes in."""
        return any(word in self.body for word in _MAINTENANCE)


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
    asked = response.headers.get("retry-after", "")
    return Answer(response.status_code, response.content, _seconds(asked.strip()))


def json_of(call: Call, answer: Answer, *, closes: ApiFamily | None = None) -> object:
    """Return the JSON of an answer that says success.

    Args: closes: what a page about maintenance closes; None where it may be about anything.

    Raises:
        Closed: it is such a page.
        OutcomeUnknown, RemoteDown: it is no JSON.
    """
    try:
        return parse_json(answer.body)
    except Undecodable as error:
        if closes is not None and answer.says_maintenance:
            raise Closed(f"{call}: closed for maintenance", api=closes) from error
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


def unserved(call: Call, answer: Answer) -> Transient | None:
    """Return what a status tells that is not about the request itself, None for any other."""
    status = answer.status
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.REQUEST_TIMEOUT:
        return lost(call, f"status {status}")
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return RemoteBusy(f"{call} -> {status}", retry_after_s=answer.retry_after_s)
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


def _seconds(asked: str) -> float | None:
    """Return the seconds asked for; dates are not used by either cart and count as none."""
    return float(asked) if asked.isascii() and asked.isdigit() and len(asked) <= 6 else None  # noqa: PLR2004 - days at most
