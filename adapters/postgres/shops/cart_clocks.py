"""How far the carts' clocks were ahead of this database's when they were last heard (CLK-2)."""

from sqlalchemy import Connection

from adapters.postgres.statement import Statement

_NOTE = Statement[None]("""
insert into cart_clocks (address, ahead_s) values (:address, :ahead_s)
on conflict (address) do update set ahead_s = excluded.ahead_s, measured_at = now()
""")
_AHEAD = Statement[float]("""
select ahead_s from cart_clocks
 where address = :address and measured_at > now() - interval '1 day'
""")


def note(connection: Connection, address: str, ahead_s: float) -> None:
    """Write a measurement down. Args: ahead_s: seconds; negative is behind."""
    _NOTE.run(connection, address=address, ahead_s=ahead_s)


def ahead_s(connection: Connection, address: str) -> float | None:
    """Return the measurement of the last day, None if there is none."""
    return _AHEAD.first(connection, address=address)
