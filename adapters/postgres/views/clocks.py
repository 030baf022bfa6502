"""Which clocks differ from this database's: of our processes, and of the carts (CLK-1, CLK-2)."""

from dataclasses import dataclass

from sqlalchemy import Connection

from adapters.postgres.statement import Statement


@dataclass(frozen=True, slots=True)
class ClockOff:
    """One clock.

    Attributes:
        name: of a process, or the address of a cart.
        ahead_s: of the database's; negative is behind.
    """

    name: str
    cart: bool
    ahead_s: float


_OFF = Statement[ClockOff]("""
select name, false as cart, clock_ahead_s as ahead_s from processes
 where beat_at > now() - interval '1 minute' and abs(clock_ahead_s) > :tolerance_s
 union all
select address, true, ahead_s from cart_clocks
 where measured_at > now() - interval '1 day' and abs(ahead_s) > :tolerance_s
 order by 2, 1
""")


def clocks_off(connection: Connection, tolerance_s: float) -> list[ClockOff]:
    """Return each clock that differs by more than so many seconds."""
    return _OFF.all(connection, tolerance_s=tolerance_s)
