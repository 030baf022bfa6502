"""What instructions do to stock."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.orders.instructions import Payment, Status, secures_stock
from domain.warehouse.moves import Standing
from domain.warehouse.shelf import Shelf, Shortage, StockEffect, stock_effect
from tests.unit.samples import moves_from


def at(status: Status) -> Standing:
    return Standing(status, Payment.PAID)


def effect(before: Status, after: Status, *, restock: bool = True) -> StockEffect:
    return stock_effect(at(before), at(after), restock=restock)


def test_shipping_takes_pieces_off_on_hand_and_secured_together() -> None:
    for before in (Status.AWAITING_SHIPMENT, Status.WORKING, Status.INSPECTED):
        assert effect(before, Status.SHIPPED) == StockEffect(on_hand=-1, secured=-1)


def test_sts_04_cancelling_frees_what_was_secured_and_moves_nothing() -> None:
    assert effect(Status.HOLD, Status.CANCELLED) == StockEffect(secured=-1)


def test_a_return_puts_pieces_back_only_when_they_are_good() -> None:
    assert effect(Status.SHIPPED, Status.RETURNED) == StockEffect(on_hand=1)
    assert not effect(Status.SHIPPED, Status.RETURNED, restock=False)


def test_standing_still_and_moves_inside_the_warehouse_move_no_stock() -> None:
    live = [status for status in Status if secures_stock(status)]

    assert all(not effect(one, other) for one, other in product(live, live))
    assert all(not effect(status, status) for status in Status)


@given(choices=st.lists(st.integers(0, 9), max_size=12))
def test_whatever_happens_secured_stock_follows_the_status(choices: list[int]) -> None:
    status, secured, on_hand = Status.HOLD, 1, 5
    for choice in choices:
        moves = moves_from(status)
        if not moves:
            break
        following = moves[choice % len(moves)]
        moved = effect(status, following)
        status, secured, on_hand = following, secured + moved.secured, on_hand + moved.on_hand

    assert secured == int(secures_stock(status))
    assert on_hand == (4 if status is Status.SHIPPED else 5)


def test_a_shortage_names_each_sku_and_what_is_missing() -> None:
    shelf = Shelf({1: 2, 2: 5}, {2: 4}, {1: "TOTE", 2: "POUCH"})

    with pytest.raises(Shortage, match="TOTE: 3 needed, 2 on hand and") as shortage:
        shelf.set_aside({1: 3, 2: 1})
    assert "POUCH" not in str(shortage.value)
    with pytest.raises(Shortage, match="POUCH: 2 needed, 1 on hand and not allocated"):
        shelf.set_aside({2: 2})
    with pytest.raises(Shortage, match="9: 1 needed, 0 on hand"):
        shelf.set_aside({9: 1})
    assert (shelf.on_hand, shelf.allocated) == ({1: 2, 2: 5}, {2: 4})


def test_pieces_are_counted_while_instructions_are_judged_one_after_the_other() -> None:
    shelf = Shelf({1: 3}, {})

    shelf.set_aside({1: 2})
    with pytest.raises(Shortage):
        shelf.set_aside({1: 2})
    shelf.set_aside({1: 1})
    shelf.take_off({1: 3})
    shelf.put_back({1: 1})

    assert (shelf.on_hand, shelf.allocated) == ({1: 1}, {1: 3})


def test_stk_08_what_nobody_counted_stays_uncounted_and_cannot_be_set_aside() -> None:
    shelf = Shelf({1: None, 2: 5}, {}, {1: "TOTE"})

    shelf.take_off({1: 3})
    shelf.put_back({1: 1})
    with pytest.raises(Shortage, match=r"TOTE: not counted yet \(未カウント\).*stock set"):
        shelf.set_aside({1: 1, 2: 1})

    assert (shelf.on_hand, shelf.allocated) == ({1: None, 2: 5}, {})
