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
    - Unserved           the cart does not serve this shop for now, whatever is asked of it
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
    """Root of all expected failures. Messages never hold credentials or personal data.

    Attributes:
        may_have_happened: what was asked may have happened: a write left this process, and what
            came back, if anything did, is not the cart's own JSON (CLS-9).
    """

    may_have_happened = False

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

    may_have_happened = True


class Postponed(SyncError):
    """Not now, through nobody's fault."""

    def __init__(self, message: str, *, until: datetime | None = None) -> None:
        """Args: until: aware datetime of the first moment worth trying again, if known."""
        super().__init__(message)
        self.until = until


class Closed(Postponed):
    """The cart is closed for maintenance."""

    def __init__(
        self,
        message: str,
        *,
        api: ApiFamily,
        until: datetime | None = None,
        asked_s: float | None = None,
    ) -> None:
        """Args: api: the family of calls that is closed; asked_s: seconds the cart asked for."""
        super().__init__(message, until=until)
        self.api = api
        self.asked_s = asked_s


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


class Unserving(StrEnum):
    """Why a cart does not serve a shop (CLS-9)."""

    NOT_THE_CART = "not_the_cart"
    """What answered is not the cart: a firewall, a proxy, a redirect."""
    UNAVAILABLE = "unavailable"
    """503 without a word of maintenance."""
    TOKEN_REFUSED = "token_refused"  # noqa: S105 - no token
    """An access token the cart gave a moment ago is refused."""
    LONG_WAIT = "long_wait"
    """The cart asked for a wait of more than a quarter of an hour."""


class Unserved(Postponed):
    """The cart does not serve this shop for now: all of its work waits (CLS-9)."""

    def __init__(
        self,
        message: str,
        *,
        why: Unserving,
        api: ApiFamily | None = None,
        asked_s: float | None = None,
    ) -> None:
        """Args: api: of the call, None for that of tokens; asked_s: seconds the cart asked for."""
        super().__init__(message)
        self.why = why
        self.api = api
        self.asked_s = asked_s


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
    """The shop's credentials do not work: stops that shop only, and alerts.

    Attributes:
        own: only this shop can be meant, as its authorisation is over or was never given; else
            several shops refused together are an incident of the cart (CLS-10).
    """

    def __init__(self, message: str, *, own: bool = False) -> None:
        """Args: own: see the class."""
        super().__init__(message)
        self.own = own


class Undecodable(Permanent):
    """The cart's answer does not have the documented shape."""


class BrokenRule(Permanent):
    """Data breaks one of our own rules; the message says which and what to do."""


class AccountTaken(BrokenRule):
    """Another shop of ours is on the same account of the cart: this one must not call it."""


class LeaseLost(SyncError):
    """Somebody else owns this work now; whatever this worker still holds is void."""
