"""Every failure this system reasons about, in one tree.

* SyncError
  + Transient        try again soon; counts against the attempt budget
    - RemoteBusy         the cart said "slow down", maybe for how long
    - RemoteDown         no usable answer (time-out, reset, 5xx)
    - OutcomeUnknown     a write was sent and its answer was lost: read before sending again
  + Postponed        not a failure: spends no attempt, makes no dead letter
    - Closed             the cart's API is closed for maintenance
    - BudgetSpent        the shop's calls of this hour or day are used up, or its pace says wait
    - Stopping           this worker was asked to stop; another one goes on
    - SwitchedOff        the kill switch of the shop or of this action is on
    - LostTime           the database was set back; the shop's cart is to be read first
  + Permanent        trying again cannot help; goes to the dead letters now
    - Rejected           the cart understood the request and refused it
      . NotFound             the cart does not know the order, line or item
      . AlreadyDone          the cart says the wished state was reached before
    - AuthenticationFailed  credentials or tokens do not work: stops that shop only
    - Undecodable        the cart's answer does not have the documented shape
    - BrokenRule         data breaks one of our own rules
      . AccountTaken         another shop of ours is on the same account of the cart
  + LeaseLost        this worker no longer owns the work: stop, record nothing

Anything else that is raised is a bug: a dead letter at once, with its traceback.
"""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum


class ApiFamily(StrEnum):
    """The parts of a cart's API that close and are budgeted separately."""

    ORDERS = "orders"
    STOCK = "stock"


class SyncError(Exception):
    """Root of all expected failures. Messages never hold credentials or personal data."""

    def __reduce__(self) -> tuple[Callable[..., "SyncError"], tuple[object, ...]]:
        """Survive pickling although subclasses take keyword-only arguments."""
        return _rebuild, (type(self), self.args, dict(self.__dict__))


def _rebuild(
    kind: type[SyncError], args: tuple[object, ...], state: dict[str, object]
) -> SyncError:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(state)
    return error


class Transient(SyncError):
    """Worth trying again soon."""


class RemoteBusy(Transient):
    """The cart asked us to slow down."""

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        """Args: retry_after_s: seconds the cart asked for, if it named any."""
        super().__init__(message)
        self.retry_after_s = retry_after_s


class RemoteDown(Transient):
    """No usable answer; the request had no effect or repeating it is harmless."""


class OutcomeUnknown(Transient):
    """A write left this process and its answer was lost: it may or may not have happened."""


class Postponed(SyncError):
    """Not now, through nobody's fault."""

    def __init__(self, message: str, *, until: datetime | None = None) -> None:
        """Args: until: aware datetime of the first moment worth trying again, if known."""
        super().__init__(message)
        self.until = until


class Closed(Postponed):
    """The cart is closed for maintenance."""

    def __init__(self, message: str, *, api: ApiFamily, until: datetime | None = None) -> None:
        """Args: api: the family of calls that is closed."""
        super().__init__(message, until=until)
        self.api = api


class BudgetSpent(Postponed):
    """The shop may not call now.

    Attributes:
        limit: `pace`, `hour` or `day`.
        by_cart: the cart itself said so, so our own count was too low; it tells no end.
    """

    def __init__(
        self, message: str, *, limit: str, until: datetime | None = None, by_cart: bool = False
    ) -> None:
        """Args: see the class."""
        super().__init__(message, until=until)
        self.limit = limit
        self.by_cart = by_cart


class Stopping(Postponed):
    """This worker is stopping; another one goes on at once, in the same place of the queue."""


class SwitchedOff(Postponed):
    """A person parked the shop or the action."""


class LostTime(Postponed):
    """The database was set back to an earlier time, and the shop's cart was not read since."""


class Permanent(SyncError):
    """Trying the same again cannot help."""


class Rejected(Permanent):
    """The cart understood the request and refused it.

    Attributes:
        code: the cart's own error code, empty if it named none.
    """

    def __init__(self, message: str, *, code: str = "") -> None:
        """Args: code: the cart's own error code."""
        super().__init__(message)
        self.code = code


class NotFound(Rejected):
    """The cart does not know the order, line or item."""


class AlreadyDone(Rejected):
    """The cart says its state was reached before, or does not allow the change any more."""


class AuthenticationFailed(Permanent):
    """The shop's credentials do not work: stops that shop only, and alerts."""


class Undecodable(Permanent):
    """The cart's answer does not have the documented shape."""


class BrokenRule(Permanent):
    """Data breaks one of our own rules; the message says which and what to do."""


class AccountTaken(BrokenRule):
    """Another shop of ours is on the same account of the cart: this one must not call it."""


class LeaseLost(SyncError):
    """Somebody else owns this work now; whatever this worker still holds is void."""
