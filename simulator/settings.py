"""Everything about the simulated carts that a test may turn."""

from dataclasses import asdict, dataclass

from simulator.messages import Document


@dataclass(slots=True)
class Settings:
    """Durations are in seconds.

    Attributes:
        settlement_requested_after_s: from the request until `Requested`.
        settlement_scheduled_after_s: from the request until `CollectionScheduled`.
        settlement_collected_after_s: from the request until `Collected`.
        settlement_blind_s: how long ShopServe overlooks an accepted settlement request, so that
            a second one is accepted, and charged, too.
        repeat_blind_s: how long the carts overlook a completion, a dispatched line or a deferred
            call, so that a second one is accepted, and logged, too.
        access_token_s: life of a BASE access token.
        refresh_token_s: life of a BASE refresh token.
        code_s: life of a BASE authorisation code.
        hour_limit: BASE calls per shop and Tokyo hour.
        day_limit: BASE calls per shop and Tokyo day.
        clock_ahead_s: how far the clock of both carts is ahead; negative is behind.
        latency_s: added to every answer of both carts.
        log_stock_sets: whether writing stock makes a log entry (it is always counted).
    """

    settlement_requested_after_s: float = 1.0
    settlement_scheduled_after_s: float = 2.0
    settlement_collected_after_s: float = 60.0
    settlement_blind_s: float = 0.0
    repeat_blind_s: float = 0.0
    access_token_s: float = 3600.0
    refresh_token_s: float = 30 * 86_400.0
    code_s: float = 3600.0
    hour_limit: int = 5_000
    day_limit: int = 100_000
    clock_ahead_s: float = 0.0
    latency_s: float = 0.0
    log_stock_sets: bool = True

    def document(self) -> Document:
        """Return every setting with its value."""
        return asdict(self)

    def update(self, changes: Document) -> None:
        """Set some settings; ValueError names an unknown one or one of the wrong type."""
        current = asdict(self)
        for name, value in changes.items():
            if name not in current:
                raise ValueError(f"unknown setting {name}")
            expected: tuple[type, ...] = (type(current[name]),)
            if float in expected:
                expected = (int, float)
            if not isinstance(value, expected) or isinstance(value, bool) != (bool in expected):
                raise ValueError(f"setting {name} has the wrong type")
            setattr(self, name, value)
