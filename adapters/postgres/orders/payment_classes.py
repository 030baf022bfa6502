"""What the payment methods of the shops mean (PAY-1)."""

from sqlalchemy import Connection

from adapters.postgres.statement import Statement
from domain.orders.cart_order import PaymentClass
from domain.orders.payment_methods import PaymentTable, plain

_READ = Statement[tuple[str, str | None, PaymentClass | None]]("""
select s.key, p.plain, p.means from shops s
  left join payment_classes p on p.shop_id = s.id
 where s.id = :shop_id
""")
_SET = Statement[None]("""
insert into payment_classes (shop_id, method, plain, means)
values (:shop_id, :method, :plain, :means)
on conflict (shop_id, plain) do update set method = excluded.method, means = excluded.means
""")
_OWN = Statement[tuple[str, PaymentClass]]("""
select method, means from payment_classes where shop_id = :shop_id order by method
""")


def payment_table(connection: Connection, shop_id: int) -> PaymentTable:
    """Return what the payment methods of a shop mean."""
    rows = _READ.all(connection, shop_id=shop_id)
    own = {name: PaymentClass(means) for _, name, means in rows if name and means}
    return PaymentTable(rows[0][0], own) if rows else PaymentTable()


def set_payment_class(
    connection: Connection, shop_id: int, method: str, means: PaymentClass
) -> None:
    """Say what a method means, in place of what was said before. Args: method: code or name."""
    _SET.run(connection, shop_id=shop_id, method=method, plain=plain(method), means=means)


def own_classes(connection: Connection, shop_id: int) -> list[tuple[str, PaymentClass]]:
    """Return what people said about methods, as they wrote them."""
    return _OWN.all(connection, shop_id=shop_id)
