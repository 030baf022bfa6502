"""What a shop's tables and settings say about its orders (domain.orders.conversion.ShopTables)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from adapters.postgres.orders.payment_classes import payment_table
from adapters.postgres.statement import Statement
from domain.carts.cart import Cart
from domain.carts.shop_settings import SplitBy
from domain.orders.cart_order import CartOrder
from domain.orders.conversion import ShopTables
from domain.orders.splitting import Splitting


@dataclass(frozen=True, slots=True)
class _OfBase:
    split_by: SplitBy
    import_partly_cancelled: bool
    default_method: str | None
    companies: Mapping[str, str]


# Read with every order, not with the shop: what a person sets holds for the next run (IMP-5).
_SETTINGS = Statement[_OfBase]("""
select split_by, import_partly_cancelled, default_method, coalesce(
         (select jsonb_object_agg(c.method, c.carrier) from carriers c where c.shop_id = s.id),
         '{}'::jsonb) as companies
  from shops s where id = :shop_id
""")
_LOOKUP = Statement[tuple[str, str, str]]("""
select e.item, e.variation, s.code
  from mappings m
  join external_items e on e.id = m.external_item_id
  join skus s on s.id = m.sku_id
 where m.shop_id = :shop_id and e.item = any(:items)
""")


def shop_tables(connection: Connection, shop_id: int, order: CartOrder) -> ShopTables:
    """Return what converting an order of a shop needs to know; a BASE line tells its SKU itself."""
    if order.cart is Cart.SHOPSERVE:
        codes = {line.item_code for line in order.lines}
        return ShopTables(
            skus=mapped_skus(connection, shop_id, codes),
            payments=payment_table(connection, shop_id),
        )
    told = _SETTINGS.one(connection, shop_id=shop_id)
    return ShopTables(
        default_method=told.default_method,
        splitting=Splitting(told.split_by, told.companies),
        import_partly_cancelled=told.import_partly_cancelled,
    )


def mapped_skus(
    connection: Connection, shop_id: int, items: Collection[str]
) -> dict[tuple[str, tuple[str, ...]], str]:
    """Return SKU codes by (item code, choices) for the mapped items of a shop (IMP-18)."""
    found = _LOOKUP.all(connection, shop_id=shop_id, items=list(items))
    return {
        (item, tuple(variation.split("/")) if variation else ()): code
        for item, variation, code in found
    }
