"""Which instruction a number means, also where shops came and went (SHP-1)."""

import pytest

from domain.warehouse.targets import (
    AmbiguousNumber,
    Named,
    Target,
    UnknownInstruction,
    the_one,
    unheard,
)


def named(
    instruction_id: int, shop: str, *, shop_id: int, removed: bool = False, key: str = "K"
) -> Named:
    return Named(instruction_id, "100", shop_id, shop, removed, key, 1)


LIVE = named(1, "tote", shop_id=2)
REMOVED = named(2, "tote", shop_id=1, removed=True)
OTHER_REMOVED = named(3, "kasa", shop_id=3, removed=True, key="L")


@pytest.mark.parametrize("target", [Target("100"), Target("100", "tote"), Target("100", key="K")])
def test_shp_01_a_shop_that_was_not_removed_comes_first(target: Target) -> None:
    assert the_one(target, [REMOVED, LIVE, OTHER_REMOVED]) is LIVE


def test_shp_01_what_only_a_removed_shop_has_is_found() -> None:
    assert the_one(Target("100", "kasa"), [LIVE, OTHER_REMOVED]) is OTHER_REMOVED
    assert the_one(Target("100", key="L"), [LIVE, OTHER_REMOVED]) is OTHER_REMOVED


def test_shp_01_an_ambiguous_number_names_things_that_differ() -> None:
    with pytest.raises(AmbiguousNumber, match=r"kasa \(removed\) and tote \(removed\) both have"):
        the_one(Target("100"), [REMOVED, OTHER_REMOVED])


def test_shp_01_two_removed_shops_of_one_key_are_told_apart_by_the_cart_order_key() -> None:
    twin = named(4, "tote", shop_id=4, removed=True, key="M")

    with pytest.raises(AmbiguousNumber, match="as K and M: name the key"):
        the_one(Target("100", "tote"), [REMOVED, twin])
    assert the_one(Target("100", key="M"), [REMOVED, twin]) is twin


def test_a_number_nobody_has_is_unknown() -> None:
    with pytest.raises(UnknownInstruction, match="no shipping instruction 100 in shop kasa"):
        the_one(Target("100", "kasa"), [LIVE])


def test_shp_01_a_change_says_which_carts_will_not_hear_of_it() -> None:
    assert unheard([LIVE]) == []
    assert unheard([LIVE, REMOVED, OTHER_REMOVED]) == [
        "shop tote was removed: its cart will not hear of 100",
        "shop kasa was removed: its cart will not hear of 100",
    ]
