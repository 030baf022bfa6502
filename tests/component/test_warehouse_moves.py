"""Warehouse operations on shipping instructions (workers/services/warehouse.py)."""

import pytest
from fastapi.routing import APIRoute
from sqlalchemy import Engine, text

from adapters.postgres.stock.sets import set_components
from console.commands.orders import orders
from console.web.api.orders import router
from domain.errors import BrokenRule
from domain.orders.instructions import HoldReason
from domain.warehouse.holds import PutOnHold
from domain.warehouse.moves import (
    Allocate,
    Arrived,
    AwaitArrival,
    BeginWork,
    CancelHere,
    Deallocate,
    Inspect,
    Operation,
    Parcel,
    TakeBack,
)
from domain.warehouse.targets import Target
from tests.component.warehouse_samples import DAY, SHIP, UNPAID, Warehouse, shipped
from workers.services.warehouse import MOVES


@pytest.fixture
def warehouse(engine: Engine) -> Warehouse:
    made = Warehouse.open(engine)
    made.stock(A=5, B=5)
    return made


@pytest.mark.parametrize(
    "before",
    [(), (BeginWork(),), (BeginWork(), Inspect())],
    ids=["awaiting_shipment", "working", "inspected"],
)
def test_shipping_takes_pieces_off_on_hand_and_secured_so_free_stock_stays(
    warehouse: Warehouse, before: tuple[Operation, ...]
) -> None:
    warehouse.order("1", {"A": 2})
    for operation in before:
        warehouse.do(operation, "1")
    free = warehouse.free()

    warehouse.do(SHIP, "1")

    assert warehouse.counts()["A"] == (3, 0)
    assert warehouse.free() == free
    order = warehouse.read("1")
    assert order["status"] == "shipped"
    assert (order["shipped_method"], order["tracking_number"]) == ("宅急便", "4000-0000-0001")
    assert order["shipped_on"] == DAY
    assert order["delivery_method"] == "宅配便60サイズ"


def test_more_may_be_shipped_than_was_counted_and_free_stock_stays_as_it_was(
    warehouse: Warehouse,
) -> None:
    warehouse.order("1", {"A": 7, "B": 1})
    free = warehouse.free()

    warehouse.do(SHIP, "1")

    assert warehouse.counts() == {"A": (-2, 0), "B": (4, 0)}
    assert warehouse.free() == free
    assert warehouse.read("1")["status"] == "shipped"


def test_several_numbers_are_shipped_all_or_none(warehouse: Warehouse) -> None:
    warehouse.order("1", {"A": 3})
    warehouse.order("2", {"A": 3}, holds=(UNPAID,))

    with pytest.raises(BrokenRule, match="2: an instruction that is hold cannot become shipped"):
        warehouse.do(SHIP, "1", "2")

    assert warehouse.read("1")["status"] == "awaiting_shipment"
    assert warehouse.counts()["A"] == (5, 6)


def test_naming_one_instruction_twice_is_refused(warehouse: Warehouse) -> None:
    warehouse.order("1", {"A": 1})

    with pytest.raises(BrokenRule, match="1: named twice"):
        warehouse.do(SHIP, "1", Target("1", "tote"))


@pytest.mark.parametrize(
    "operation", [SHIP, BeginWork(), Allocate(), Arrived()], ids=lambda o: o.name
)
def test_an_instruction_on_hold_is_neither_worked_on_nor_shipped(
    warehouse: Warehouse, operation: Operation
) -> None:
    warehouse.order("1", {"A": 1}, holds=(UNPAID,))

    with pytest.raises(BrokenRule, match=r"^1: .*hold"):
        warehouse.do(operation, "1")

    assert warehouse.read("1")["status"] == "hold"


def test_shipping_twice_is_refused_and_changes_nothing(warehouse: Warehouse) -> None:
    warehouse.order("1", {"A": 1})
    warehouse.do(SHIP, "1")

    with pytest.raises(BrokenRule, match="is shipped cannot become shipped"):
        warehouse.do(shipped("4000-2"), "1")

    assert warehouse.counts()["A"] == (4, 0)
    assert warehouse.read("1")["tracking_number"] == "4000-0000-0001"


@pytest.mark.parametrize(("restock", "on_hand"), [(True, 5), (False, 4)])
def test_a_return_puts_pieces_back_on_hand_unless_told_otherwise(
    warehouse: Warehouse, restock: bool, on_hand: int
) -> None:
    warehouse.order("1", {"A": 1})
    warehouse.do(SHIP, "1")

    warehouse.do(TakeBack(restock), "1")

    assert warehouse.counts()["A"] == (on_hand, 0)
    assert warehouse.read("1")["status"] == "returned"


def test_only_what_was_shipped_can_come_back(warehouse: Warehouse) -> None:
    warehouse.order("1", {"A": 1})

    with pytest.raises(BrokenRule, match="cannot become returned"):
        warehouse.do(TakeBack(), "1")


@pytest.mark.parametrize("begun", [False, True])
def test_cancelling_gives_secured_pieces_back_and_drops_allocation_and_holds(
    warehouse: Warehouse, begun: bool
) -> None:
    warehouse.order("1", {"A": 2})
    warehouse.do(Allocate(), "1")
    if begun:
        warehouse.do(BeginWork(), "1")

    warehouse.do(CancelHere(), "1")

    order = warehouse.read("1")
    assert (order["status"], order["allocated"], order["holds"]) == ("cancelled", False, [])
    assert warehouse.counts()["A"] == (5, 0)


def test_a_held_instruction_can_be_cancelled(warehouse: Warehouse) -> None:
    warehouse.order("1", {"A": 2}, holds=(UNPAID,))

    warehouse.do(CancelHere(), "1")

    assert warehouse.read("1")["hold_reasons"] == []
    assert warehouse.counts()["A"] == (5, 0)


def test_a_cancelled_instruction_stays_cancelled(warehouse: Warehouse) -> None:
    warehouse.order("1", {"A": 1})
    warehouse.do(CancelHere(), "1")

    with pytest.raises(BrokenRule, match="it is final"):
        warehouse.do(SHIP, "1")


def test_allocation_sets_pieces_aside_that_others_cannot_have(warehouse: Warehouse) -> None:
    warehouse.order("1", {"A": 3})
    warehouse.order("2", {"A": 3})
    warehouse.do(Allocate(), "1")

    with pytest.raises(
        BrokenRule, match=r"2: A: 3 needed, 2 on hand and not allocated to others, 1 missing"
    ):
        warehouse.do(Allocate(), "2")

    assert warehouse.read("1")["allocated"]
    assert not warehouse.read("2")["allocated"]


def test_allocating_again_changes_nothing_and_is_not_audited_twice(warehouse: Warehouse) -> None:
    warehouse.order("1", {"A": 3})
    warehouse.do(Allocate(), "1")

    warehouse.do(Allocate(), "1")

    assert len(warehouse.audit("1")) == 1


@pytest.mark.parametrize(
    "giving_up",
    [Deallocate(), CancelHere(), AwaitArrival(), PutOnHold((HoldReason.CHECK,)), SHIP],
    ids=lambda o: o.name,
)
def test_pieces_no_longer_set_aside_can_be_allocated_to_others(
    warehouse: Warehouse, giving_up: Operation
) -> None:
    warehouse.order("1", {"A": 1, "B": 3})
    warehouse.order("2", {"B": 2})
    warehouse.order("3", {"B": 3})
    warehouse.do(Allocate(), "1", "2")

    warehouse.do(giving_up, "1")

    if giving_up is SHIP:
        with pytest.raises(BrokenRule, match="B: 3 needed, 0 on hand and not allocated"):
            warehouse.do(Allocate(), "3")
    else:
        warehouse.do(Allocate(), "3")


def test_a_set_product_claims_allocates_and_ships_its_components(warehouse: Warehouse) -> None:
    with warehouse.engine.begin() as connection:
        set_components(connection, warehouse.merchant_id, "SET", {"A": 2, "B": 1})
    warehouse.order("1", {"SET": 2, "B": 1})
    assert warehouse.counts() == {"A": (5, 4), "B": (5, 3), "SET": (None, 0)}
    warehouse.do(Allocate(), "1")
    warehouse.order("2", {"A": 2})

    with pytest.raises(BrokenRule, match="A: 2 needed, 1 on hand and not allocated"):
        warehouse.do(Allocate(), "2")
    warehouse.do(SHIP, "1")

    assert warehouse.counts() == {"A": (1, 2), "B": (2, 0), "SET": (None, 0)}


@pytest.mark.parametrize(
    ("method", "tracking"),
    [("", "4000"), (" ", "4000"), ("宅急便", " "), ("宅急便", "4000\n4001"), ("m", "9" * 65)],
)
def test_a_parcel_needs_a_method_and_a_tracking_number(method: str, tracking: str) -> None:
    with pytest.raises(BrokenRule):
        Parcel(method, tracking, DAY)


def test_every_move_is_audited_with_actor_and_what_changed(warehouse: Warehouse) -> None:
    warehouse.order("1", {"A": 1})

    warehouse.do(SHIP, "1", actor="mika")

    (entry,) = warehouse.audit("1")
    assert (entry.actor, entry.did, entry.merchant_id) == ("mika", "orders.ship", 1)
    assert entry.detail["from"] == "awaiting_shipment"
    assert entry.detail["to"] == "shipped"
    assert entry.detail["shipped_on"] == "2025-01-16"


def test_a_refused_move_leaves_no_audit(warehouse: Warehouse) -> None:
    warehouse.order("1", {"A": 9}, holds=(UNPAID,))

    with pytest.raises(BrokenRule):
        warehouse.do(SHIP, "1")

    assert warehouse.audit("1") == []


def test_a_move_that_changes_stock_makes_the_shops_want_a_push(warehouse: Warehouse) -> None:
    """STK-1, STK-5."""
    warehouse.order("1", {"A": 1})
    with warehouse.engine.begin() as connection:
        before = connection.execute(text("select version from skus where code = 'A'")).scalar_one()
    warehouse.do(CancelHere(), "1")

    with warehouse.engine.begin() as connection:
        after = connection.execute(text("select version from skus where code = 'A'")).scalar_one()
    assert after == before + 1


def test_every_move_of_the_table_is_a_command_and_an_endpoint() -> None:
    endpoints = {
        route.path.removeprefix("/orders/{shop}/{number}/")
        for route in router.routes
        if isinstance(route, APIRoute) and route.methods == {"POST"}
    }

    names = {move.name for move in MOVES}

    assert endpoints == names
    assert names <= orders.commands.keys()
