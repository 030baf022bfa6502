"""The carts in memory fail when told to, before or after the effect."""

import pytest

from adapters.memory import MemoryBase, MemoryShopServe
from domain.carts.ports import ItemKey, StockLevel
from domain.errors import OutcomeUnknown, RemoteDown, SyncError

ITEM = ItemKey("7", "1")


@pytest.mark.parametrize("cart", [MemoryShopServe("shop"), MemoryBase("shop")])
@pytest.mark.parametrize(
    ("error", "after", "effects"),
    [(RemoteDown("down"), False, 0), (OutcomeUnknown("lost"), True, 1)],
)
def test_a_change_fails_before_or_after_it_happened(
    cart: MemoryShopServe | MemoryBase, error: SyncError, after: bool, effects: int
) -> None:
    cart.effects.clear()
    cart.offer(ITEM, "シャツ")
    cart.fail_next(error, after=after)

    with pytest.raises(type(error)):
        cart.set_stock(ITEM, StockLevel(3))
    assert len(cart.effects) == effects
    assert cart.stock[ITEM].level.quantity == (3 if after else 0)

    cart.set_stock(ITEM, StockLevel(4))
    assert cart.stock[ITEM].level.quantity == 4
