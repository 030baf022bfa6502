"""Which carrier of the cart a delivery method of the hub means (RET-6)."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from sqlalchemy import Connection

from adapters.postgres.statement import Statement

_SET = Statement[None]("""
insert into carriers (shop_id, method, carrier, checked)
values (:shop_id, :method, :carrier, :checked)
on conflict (shop_id, method) do update
   set carrier = excluded.carrier, checked = excluded.checked
""")
_REMOVE = Statement[None]("delete from carriers where shop_id = :shop_id and method = :method")
_TABLE = Statement[tuple[str, str, bool]](
    "select method, carrier, checked from carriers where shop_id = :shop_id"
)
_CHECK = Statement[None]("""
update carriers set carrier = :name, checked = true
 where shop_id = :shop_id and carrier = :carrier and not checked
""")


@dataclass(frozen=True, slots=True)
class CarrierTable:
    """A shop's table.

    Attributes:
        carriers: by delivery method.
        unchecked: those the cart's list was not asked about when they were set (RET-7).
    """

    carriers: Mapping[str, str]
    unchecked: AbstractSet[str]


def set_carrier(
    connection: Connection, shop_id: int, method: str, carrier: str, *, checked: bool
) -> None:
    """Translate a delivery method of a shop to a carrier, in place of what was said before.

    Args: checked: the cart's own list has the carrier.
    """
    _SET.run(connection, shop_id=shop_id, method=method, carrier=carrier, checked=checked)


def mark_checked(connection: Connection, shop_id: int, carrier: str, name: str) -> None:
    """Note that the cart's list has a carrier, and what it calls it."""
    _CHECK.run(connection, shop_id=shop_id, carrier=carrier, name=name)


def remove_carrier(connection: Connection, shop_id: int, method: str) -> bool:
    """Forget a translation; False when there was none."""
    return bool(_REMOVE.run(connection, shop_id=shop_id, method=method))


def carrier_table(connection: Connection, shop_id: int) -> CarrierTable:
    """Return which carriers a shop's delivery methods mean (RET-6)."""
    rows = _TABLE.all(connection, shop_id=shop_id)
    return CarrierTable(
        carriers={method: carrier for method, carrier, _ in rows},
        unchecked={carrier for _, carrier, checked in rows if not checked},
    )
