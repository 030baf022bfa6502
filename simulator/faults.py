"""The fault switchboard: which calls go wrong, how, and how often."""

import random
import re
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from simulator.messages import Document, Target
from simulator.mutations import MUTATIONS, SPOILINGS

RESPOND = "respond"
DELAY = "delay"
DROP = "drop"
MALFORMED = "malformed"
MUTATE = "mutate"
ACTIONS = frozenset({RESPOND, DELAY, DROP, MALFORMED, MUTATE})
BEFORE = "before"
AFTER = "after"


@dataclass(slots=True)
class Fault:
    """One rule of the switchboard.

    Attributes:
        action: `respond`, `delay`, `drop`, `malformed` or `mutate`.
        when: `before` or `after` the cart has done what the call asks for.
        cart: only calls of this cart, empty for both.
        shop: only calls of this shop, empty for all.
        method: regular expression the whole method matches.
        path: regular expression found in the path (`/shopserve/v2/…`, `/base/1/…`).
        endpoint: only this endpoint, empty for all.
        probability: chance of each matching call, 0 to 1.
        count: how many calls it hits at most, None for no end.
        skip: how many matching calls pass first.
        status: `respond`: the HTTP status.
        body: `respond`: the body.
        content_type: `respond`: the type of the body.
        headers: `respond`: more headers, such as Retry-After.
        seconds: `delay`: how long.
        form: `malformed`: one of `SPOILINGS`; `mutate`: one of `MUTATIONS`.
        hits: how many calls it has hit.
    """

    action: str
    when: str = BEFORE
    cart: str = ""
    shop: str = ""
    method: str = ".*"
    path: str = ".*"
    endpoint: str = ""
    probability: float = 1.0
    count: int | None = None
    skip: int = 0
    status: int = 500
    body: str = ""
    content_type: str = "application/json; charset=UTF-8"
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    form: str = ""
    hits: int = 0

    def __post_init__(self) -> None:
        """Reject a rule that could never do anything."""
        if self.action not in ACTIONS:
            raise ValueError(f"unknown action {self.action}")
        if self.when not in (BEFORE, AFTER):
            raise ValueError(f"when is {BEFORE} or {AFTER}, not {self.when}")
        forms = {MALFORMED: set(SPOILINGS), MUTATE: set(MUTATIONS)}.get(self.action)
        if forms is not None and self.form not in forms:
            raise ValueError(f"{self.action} needs a form: {', '.join(sorted(forms))}")
        re.compile(self.method)
        re.compile(self.path)

    def fits(self, target: Target, method: str, path: str) -> bool:
        """Tell whether a call is one this rule is about."""
        return (
            self.cart in ("", target.cart)
            and self.shop in ("", target.shop)
            and self.endpoint in ("", target.endpoint)
            and re.fullmatch(self.method, method) is not None
            and re.search(self.path, path) is not None
        )


@dataclass(slots=True)
class Trouble:
    """What the switchboard has in store for one call.

    Attributes:
        delay_before_s: wait before the effect, seconds.
        delay_after_s: wait after the effect, seconds.
        fault: what else goes wrong.
    """

    delay_before_s: float = 0.0
    delay_after_s: float = 0.0
    fault: Fault | None = None


class Switchboard:
    """The rules in force, tried in the order in which they were added."""

    def __init__(self, chance: random.Random) -> None:
        """Start without rules; the same chances give the same faults for the same calls."""
        self._chance = chance
        self._numbers = count(1)
        self.rules: dict[int, Fault] = {}

    def add(self, document: dict[str, Any]) -> int:
        """Add a rule given as JSON and return its number; ValueError when it makes no sense."""
        try:
            fault = Fault(**document)
        except (TypeError, re.error) as error:
            raise ValueError(str(error)) from error
        number = next(self._numbers)
        self.rules[number] = fault
        return number

    def trouble_for(self, target: Target, method: str, path: str) -> Trouble | None:
        """Return what happens to a call: every delay that fits and the first other rule."""
        trouble = None
        for fault in self.rules.values():
            taken = trouble is not None and trouble.fault is not None and fault.action != DELAY
            if taken or not fault.fits(target, method, path) or not self._strikes(fault):
                continue
            trouble = trouble or Trouble()
            if fault.action != DELAY:
                trouble.fault = fault
            elif fault.when == BEFORE:
                trouble.delay_before_s += fault.seconds
            else:
                trouble.delay_after_s += fault.seconds
        return trouble

    def _strikes(self, fault: Fault) -> bool:
        """Tell whether a fitting rule hits this time, and keep its counts."""
        if fault.skip > 0:
            fault.skip -= 1
            return False
        if fault.count is not None and fault.hits >= fault.count:
            return False
        if fault.probability < 1 and self._chance.random() >= fault.probability:
            return False
        fault.hits += 1
        return True

    def documents(self) -> list[Document]:
        """Return the rules for the control API."""
        return [
            {"id": number, **{name: getattr(fault, name) for name in Fault.__slots__}}
            for number, fault in self.rules.items()
        ]
