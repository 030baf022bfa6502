"""How far each cart's clock is ahead of PostgreSQL's, by the Date header of its answers (CLK-2).

Each process measures what it hears; the last measurement of any of them is in the database, for
those that heard nothing yet.
"""

import logging
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from statistics import median

import httpx
from sqlalchemy import Engine

from adapters.http.dates import http_date
from adapters.postgres.shops import cart_clocks
from domain.errors import Transient
from domain.orders.windows import CLOCKS_AGREE
from workers.engine.context import Clock

_log = logging.getLogger(__name__)

# One answer may have lain somewhere; of three the one in the middle is believed.
KEPT = 3
WRITE_EVERY_S = 60.0
# So long goes what another process heard; it is asked for before each call.
READ_EVERY_S = 60.0
TELL_EVERY_S = 3600.0
# A header tells whole seconds, cut off.
_HALF_A_SECOND = timedelta(seconds=0.5)
# Clocks are off by a day at most (CLK-1); a header that says more is no clock.
FURTHEST = timedelta(hours=26)


@dataclass(slots=True)
class _Heard:
    """What was heard of one address: seconds ahead, and when it was written and told."""

    ahead_s: deque[float] = field(default_factory=lambda: deque(maxlen=KEPT))
    written_at: float = float("-inf")
    told_at: float = float("-inf")


class CartClocks:
    """The carts' clocks as this process knows them."""

    def __init__(self, database: Engine, now: Clock) -> None:
        """Args: database: every statement commits by itself; now: PostgreSQL's time."""
        self._database = database
        self._now = now
        self._guard = threading.Lock()
        self._known: dict[str, _Heard] = {}
        # Read at, and seconds ahead; no lock, two threads may well read the same.
        self._told: dict[str, tuple[float, float]] = {}

    def heard(self, response: httpx.Response) -> None:
        """Take what an answer tells; a hook of the HTTP client. Never fails the call."""
        try:
            ahead = _ahead(response.headers, self._now())
        except Transient:  # nobody knows the time yet
            return
        if ahead is None:
            return
        address = _address(response.url)
        with self._guard:
            known = self._known.get(address) or _Heard()
            known.ahead_s.append(ahead.total_seconds())
            self._known[address] = known
            ahead_s = float(median(known.ahead_s))
            now = time.monotonic()
            write = now - known.written_at > WRITE_EVERY_S
            tell = now - known.told_at > TELL_EVERY_S and abs(ahead_s) > _AGREE_S
            known.written_at = now if write else known.written_at
            known.told_at = now if tell else known.told_at
        if tell:
            _log.error(
                "the cart's clock differs from PostgreSQL's",
                extra={"fields": {"address": address, "ahead_s": round(ahead_s)}},
            )
        if write or tell:
            self._write(address, ahead_s)

    def ahead(self, api_url: str) -> timedelta:
        """Return how far the cart at this address is ahead; zero while nobody measured."""
        address = address_of(api_url)
        known = self._known.get(address)
        ahead_s = self._read(address) if known is None else float(median(known.ahead_s))
        # A header tells whole seconds: less is no difference.
        return timedelta(seconds=ahead_s if abs(ahead_s) >= 1 else 0.0)

    def _read(self, address: str) -> float:
        """Return what another process heard, which is all there is of a cart that tells no time."""
        now = time.monotonic()
        read_at, ahead_s = self._told.get(address, (float("-inf"), 0.0))
        if now - read_at < READ_EVERY_S:
            return ahead_s
        with self._database.connect() as connection:
            ahead_s = cart_clocks.ahead_s(connection, address) or 0.0
        self._told[address] = now, ahead_s
        return ahead_s

    def _write(self, address: str, ahead_s: float) -> None:
        try:
            with self._database.connect() as connection:
                cart_clocks.note(connection, address, ahead_s)
        except Transient as error:
            _log.warning("a cart's clock was not written down: %s", error)


_AGREE_S = CLOCKS_AGREE.total_seconds()


@lru_cache(maxsize=4096)  # asked before each call, and there are few addresses
def address_of(url: str) -> str:
    """Return the part of an address that has one clock: scheme, host and port."""
    return _address(httpx.URL(url))


def _address(url: httpx.URL) -> str:
    return f"{url.scheme}://{url.netloc.decode('ascii')}"


def _ahead(headers: httpx.Headers, now: datetime) -> timedelta | None:
    """Return how far the clock behind an answer is ahead, None where the answer does not tell."""
    if "age" in headers:  # it lay in a cache
        return None
    shown = http_date(headers.get("date", ""))
    if shown is None:
        return None
    ahead = shown - now + _HALF_A_SECOND
    return ahead if abs(ahead) <= FURTHEST else None
