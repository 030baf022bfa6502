"""What this process holds: leases, renewed together by one thread, and the clock they are good by.

A worker checks its own clock against the last successful renewal right before each call to a cart
(docs/decisions/0003-runs-and-items.md), so a process that was paused or cut off stops by itself.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from adapters.postgres.engine.items import LEASE_S
from domain.errors import Transient

_log = logging.getLogger(__name__)

RENEW_EVERY_S = LEASE_S / 4
# Stop this much earlier than the lease ends: a call takes a moment to leave the process.
GUARD_S = 2.0

ITEMS = "items"
RUNS = "runs"

Renewal = Callable[[Sequence[tuple[int, int]]], set[int]]


def claim_name(kind: str, work_id: int, generation: int) -> str:
    """Name one claim of an item or a run among all."""
    return f"{kind}-{work_id}-{generation}"


@dataclass(slots=True, eq=False)
class Lease:
    """One piece of work this process owns.

    Attributes:
        good_until: `time.monotonic()` at which it ends unless renewed.
        lost: a newer owner has the work.
    """

    id: int
    generation: int
    good_until: float
    kind: str
    lost: bool = False

    @property
    def name(self) -> str:
        """Name of the claim, the same for whoever finds it abandoned."""
        return claim_name(self.kind, self.id, self.generation)


class LeaseKeeper:
    """Renews all leases of one kind in one statement."""

    def __init__(self, renew: Renewal, *, kind: str) -> None:
        """Args: renew: takes (id, generation) pairs, returns ids still ours."""
        self._renew = renew
        self._kind = kind
        self._held: dict[int, Lease] = {}
        self._guard = threading.Lock()
        self._thread: threading.Thread | None = None

    @contextmanager
    def hold(self, work_id: int, generation: int, *, claimed_at: float) -> Iterator[Lease]:
        """Keep a claim alive inside the block. Args: claimed_at: monotonic, before the claim."""
        lease = Lease(work_id, generation, claimed_at + LEASE_S, self._kind)
        with self._guard:
            self._held[work_id] = lease
            self._ensure_thread()
        try:
            yield lease
        finally:
            with self._guard:
                if self._held.get(work_id) is lease:
                    del self._held[work_id]

    def count(self) -> int:
        """Return how many pieces of work this process holds."""
        return len(self._held)

    def _ensure_thread(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(
                target=self._keep, name=f"leases-{self._kind}", daemon=True
            )
            self._thread.start()

    def _keep(self) -> None:
        while True:
            time.sleep(RENEW_EVERY_S)
            with self._guard:
                held = list(self._held.values())
            # Young claims are good for a while yet; most end before their first renewal.
            asked_at = time.monotonic()
            old = [one for one in held if one.good_until - asked_at < LEASE_S - RENEW_EVERY_S]
            if old:
                self._renew_now(old, asked_at)

    def _renew_now(self, leases: list[Lease], asked_at: float) -> None:
        try:
            ours = self._renew([(lease.id, lease.generation) for lease in leases])
        except Transient as error:
            _log.warning("leases not renewed: %s", error)
            return
        for lease in leases:
            if lease.id in ours:
                lease.good_until = asked_at + LEASE_S
            else:
                lease.lost = True
