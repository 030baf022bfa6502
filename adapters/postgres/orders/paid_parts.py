"""Instructions by their payment method, and what is decided anew about them (PAY-1)."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from adapters.postgres.orders.instructions import stored_holds
from adapters.postgres.statement import Statement
from domain.orders.instructions import ApiStatus, Hold, Payment, Status
from domain.orders.payments import PaymentStanding


@dataclass(frozen=True, slots=True)
class PayingPart:
    """One instruction the cart has not seen completed, and how it is paid."""

    id: int
    key: str
    number: str
    status: Status
    payment: Payment
    api_status: ApiStatus
    holds: tuple[Hold, ...]
    payment_method: str
    payment_name: str

    @property
    def standing(self) -> PaymentStanding:
        """What deciding about its payment reads and changes."""
        return PaymentStanding(self.status, self.payment, self.holds)


# What is over needs no payment method any more.
_LIVE = """
 where shop_id = :shop_id and completed_at is null and status not in ('cancelled', 'returned')
"""
_METHODS = Statement[tuple[str, str]](
    f"select distinct payment_method, payment_name from instructions {_LIVE} order by 1, 2"
)
_PARTS = f"""
select id, cart_order_key as key, number, status, payment, api_status, holds, payment_method,
       payment_name
  from instructions {_LIVE}
   and (payment_method, payment_name) in (
         select n.method, n.name from unnest(cast(:methods as text[]), cast(:names as text[]))
           as n(method, name))
 order by id
"""
_PAID_BY = Statement[PayingPart](_PARTS)
_LOCK_PAID_BY = Statement[PayingPart](f"{_PARTS} for no key update")


def methods_in_use(connection: Connection, shop_id: int) -> list[tuple[str, str]]:
    """Return code and name of every method that orders not completed yet are paid by."""
    return _METHODS.all(connection, shop_id=shop_id)


def paid_by(
    connection: Connection, shop_id: int, methods: Sequence[tuple[str, str]], *, lock: bool = False
) -> list[PayingPart]:
    """Return the instructions, not completed yet, that are paid by one of these methods.

    Args: lock: keep others from changing them until the transaction ends.
    """
    statement = _LOCK_PAID_BY if lock else _PAID_BY
    return statement.all(
        connection,
        shop_id=shop_id,
        methods=[method for method, _ in methods],
        names=[name for _, name in methods],
    )


_RAWS = Statement[tuple[str, dict[str, object]]]("""
select cart_order_key, raw from import_tasks
 where shop_id = :shop_id and cart_order_key = any(:keys) and raw is not null
""")


def raw_answers(
    connection: Connection, shop_id: int, keys: Sequence[str]
) -> dict[str, dict[str, object]]:
    """Return the stored answers of these orders by key, where there is one."""
    return dict(_RAWS.all(connection, shop_id=shop_id, keys=list(keys)))


_DECIDE = Statement[None]("""
update instructions
   set status = :status, payment = :payment, holds = cast(:holds as jsonb), changed_at = now()
 where id = :id
""")


def write_decision(connection: Connection, instruction_id: int, standing: PaymentStanding) -> None:
    """Store what was decided anew about an instruction's payment."""
    _DECIDE.run(
        connection,
        id=instruction_id,
        status=standing.status,
        payment=standing.payment,
        holds=stored_holds(standing.holds),
    )
