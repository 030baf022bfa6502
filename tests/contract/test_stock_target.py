"""What telling and reading stock must do, on both carts, told by what the shop then offers."""

import pytest

from domain.carts.ports import ItemKey, StockLevel
from domain.errors import NotFound, Rejected
from tests.contract.benches import BaseBench, Bench, Offered, ShopServeBench


def listed(shop: Bench, item: ItemKey) -> tuple[int | None, bool]:
    rows = [row for page in shop.cart.list_stock() for row in page if row.key == item]
    assert len(rows) == 1
    return rows[0].quantity, rows[0].unlimited


@pytest.mark.parametrize("kind", ["item", "variation"])
@pytest.mark.parametrize("quantity", [0, 1, 9999])
def test_the_shop_offers_what_it_was_told(shop: Bench, kind: str, quantity: int) -> None:
    item = shop.item() if kind == "item" else shop.variation()

    answer = shop.cart.set_stock(item, StockLevel(quantity, low_stock=4))

    assert answer in {quantity, None}
    assert shop.offered(item).quantity == quantity
    assert listed(shop, item) == (quantity, False)


def test_setting_the_same_number_twice_changes_nothing(shop: Bench) -> None:
    item = shop.variation()
    for _ in range(2):
        shop.cart.set_stock(item, StockLevel(7))

    assert shop.offered(item).quantity == 7


def test_an_unknown_item_is_not_found(shop: Bench) -> None:
    known = shop.variation()
    for item in (ItemKey("99999"), ItemKey("nothing"), ItemKey(known.item, "99999")):
        for level in (StockLevel(5), StockLevel(5, low_stock=1)):
            with pytest.raises(NotFound):
                shop.cart.set_stock(item, level)
    assert shop.effects() == []


def test_base_tells_the_number_it_holds(thebase: BaseBench) -> None:
    assert thebase.cart.set_stock(thebase.variation(), StockLevel(12)) == 12
    assert thebase.cart.set_stock(thebase.item(), StockLevel(13)) == 13


def test_base_always_counts(thebase: BaseBench) -> None:
    item = thebase.item()

    with pytest.raises(Rejected):
        thebase.cart.set_stock(item, StockLevel(3, unlimited=True))
    assert thebase.effects() == []


@pytest.mark.parametrize("kind", ["item", "variation"])
def test_without_a_notice_number_the_carts_own_stays(shopserve: ShopServeBench, kind: str) -> None:
    item = shopserve.item() if kind == "item" else shopserve.variation()
    shopserve.set_notice(item, 6)

    shopserve.cart.set_stock(item, StockLevel(40))
    assert shopserve.offered(item) == Offered(40, low_stock=6)

    shopserve.cart.set_stock(item, StockLevel(41, low_stock=2))
    assert shopserve.offered(item) == Offered(41, low_stock=2)


@pytest.mark.parametrize("kind", ["item", "variation"])
def test_an_item_can_be_sold_without_counting(shopserve: ShopServeBench, kind: str) -> None:
    item = shopserve.item() if kind == "item" else shopserve.variation()

    shopserve.cart.set_stock(item, StockLevel(0, unlimited=True, low_stock=3))
    assert shopserve.offered(item).unlimited
    assert listed(shopserve, item) == (None, True)

    shopserve.cart.set_stock(item, StockLevel(5, low_stock=3))
    assert shopserve.offered(item) == Offered(5, low_stock=3)


def test_more_than_the_highest_number_is_refused(shopserve: ShopServeBench) -> None:
    item = shopserve.item()

    with pytest.raises(Rejected):
        shopserve.cart.set_stock(item, StockLevel(10_000, low_stock=1))
    assert shopserve.effects() == []


@pytest.mark.parametrize("kind", ["item", "variation"])
def test_some_items_are_read_as_the_list_shows_them(shop: Bench, kind: str) -> None:
    item = shop.item() if kind == "item" else shop.variation()
    shop.cart.set_stock(item, StockLevel(8, low_stock=4))

    found = [row for page in shop.cart.read_stock({item.item, "99999"}) for row in page]

    assert {row.key.item for row in found} == {item.item}
    assert [row.quantity for row in found if row.key == item] == [8]
