"""`renkei orders …` of the warehouse: the operations (interfaces.md)."""

from datetime import datetime

import pytest
from sqlalchemy import Engine

from domain.engine.cadence import TOKYO
from tests.component.command_line import CommandLine
from tests.component.warehouse_samples import UNPAID, Warehouse

PARCEL = ("--method", "m", "--tracking", "4000")
WRONG_NUMBERS = ("4.1E+11", "4123.0", "未定", "4000-1 4000-2", "123")
WRONG_DAYS = ("tomorrow", "2025/01/16", "20250116", "2025-W03-4", "1999-01-16", "2099-01-16")
DAY = datetime.now(TOKYO).date().isoformat()


@pytest.fixture
def warehouse(engine: Engine) -> Warehouse:
    made = Warehouse.open(engine)
    made.stock(A=5, B=5)
    return made


def stock(renkei: CommandLine) -> dict[str, tuple[int, int, int]]:
    return {
        row["sku"]: (row["on_hand"], row["secured"], row["free"])
        for row in renkei.read("stock", "list")
    }


def test_ship_prints_the_instruction_and_leaves_free_stock_as_it_was(
    renkei: CommandLine, warehouse: Warehouse
) -> None:
    warehouse.order("1", {"A": 2})
    assert stock(renkei)["A"] == (5, 2, 3)

    order = renkei.read(
        *(
            "orders",
            "ship",
            "1",
            "--method",
            "宅急便",
            "--tracking",
            "4000-1",
            "--date",
            DAY,
        )
    )

    assert (order["status"], order["shipped_on"]) == ("shipped", DAY)
    assert (order["shipped_method"], order["tracking_number"]) == ("宅急便", "4000-1")
    assert stock(renkei)["A"] == (3, 0, 3)


def test_ship_without_a_date_is_today_in_tokyo(renkei: CommandLine, warehouse: Warehouse) -> None:
    warehouse.order("1", {"A": 1})
    days = {datetime.now(TOKYO).date().isoformat()}

    order = renkei.read("orders", "ship", "1", "--method", "m", "--tracking", "4000")

    days.add(datetime.now(TOKYO).date().isoformat())
    assert order["shipped_on"] in days


def test_a_shortage_is_one_line_that_names_sku_and_missing_pieces(
    renkei: CommandLine, warehouse: Warehouse
) -> None:
    warehouse.order("1", {"A": 7})

    answer = renkei("orders", "allocate", "1")

    assert answer.code == 1
    assert answer.err == (
        "renkei: 1: A: 7 needed, 5 on hand and not allocated to others, 2 missing\n"
    )


def test_several_numbers_are_allocated_all_or_none(
    renkei: CommandLine, warehouse: Warehouse
) -> None:
    warehouse.order("1", {"A": 3})
    warehouse.order("2", {"A": 3})

    answer = renkei("orders", "allocate", "1", "2")

    assert answer.code == 1
    assert "1 missing" in answer.err
    assert not any(order["allocated"] for order in renkei.read("orders", "list"))


def test_allocate_work_inspect_and_ship_go_through_the_life_of_an_instruction(
    renkei: CommandLine, warehouse: Warehouse
) -> None:
    for number in ("1", "2"):
        warehouse.order(number, {"A": 1})
    moves = ("allocate", "work", "inspect")

    seen = [[order["status"] for order in renkei.read("orders", move, "1", "2")] for move in moves]
    renkei.ok("orders", "ship", "1", "--method", "m", "--tracking", "4000")

    assert seen == [[status] * 2 for status in ("awaiting_shipment", "working", "inspected")]
    assert [order["status"] for order in renkei.read("orders", "list")] == ["shipped", "inspected"]


def test_hold_and_release_speak_the_operators_words(
    renkei: CommandLine, warehouse: Warehouse
) -> None:
    warehouse.order("1", {"A": 1})

    (held,) = renkei.read("orders", "hold", "1", "--reason", "住所不備", "--reason", "note")
    (left,) = renkei.read("orders", "release", "1", "--reason", "住所不備")
    (free,) = renkei.read("orders", "release", "1")

    assert (held["status"], held["hold_reasons"]) == ("hold", ["住所不備", "備考確認"])
    assert (left["status"], left["hold_reasons"]) == ("hold", ["備考確認"])
    assert (free["status"], free["hold_reasons"]) == ("awaiting_shipment", [])


def test_hold_without_a_reason_is_for_checking(renkei: CommandLine, warehouse: Warehouse) -> None:
    warehouse.order("1", {"A": 1})

    (held,) = renkei.read("orders", "hold", "1")

    assert held["hold_reasons"] == ["要確認"]


def test_an_unknown_hold_reason_is_wrong_usage(renkei: CommandLine, warehouse: Warehouse) -> None:
    warehouse.order("1", {"A": 1})

    answer = renkei("orders", "hold", "1", "--reason", "気分")

    assert answer.code == 2
    assert "入金確認" in answer.err


def test_cancel_and_return_give_pieces_back(renkei: CommandLine, warehouse: Warehouse) -> None:
    for number in ("1", "2", "3"):
        warehouse.order(number, {"A": 1}, holds=(UNPAID,) if number == "1" else ())
    for number in ("2", "3"):
        renkei.ok("orders", "ship", number, "--method", "m", "--tracking", "4000")
    assert stock(renkei)["A"] == (3, 1, 2)

    renkei.ok("orders", "cancel", "1")
    renkei.ok("orders", "return", "2")
    renkei.ok("orders", "return", "3", "--no-restock")

    assert stock(renkei)["A"] == (4, 0, 4)


def test_an_unknown_number_is_one_line(renkei: CommandLine, warehouse: Warehouse) -> None:
    warehouse.order("1", {"A": 1})

    answer = renkei("orders", "cancel", "1", "77")

    assert (answer.code, answer.err) == (1, "renkei: no shipping instruction 77\n")
    assert renkei.read("orders", "show", "1")["status"] == "awaiting_shipment"


def test_a_shared_number_names_both_shops_and_shop_settles_it(
    renkei: CommandLine, warehouse: Warehouse
) -> None:
    warehouse.order("100", {"A": 1}, shop="tote")
    warehouse.order("100", {"A": 1}, shop="kasa")

    answer = renkei("orders", "cancel", "100")
    (order,) = renkei.read("orders", "cancel", "100", "--shop", "kasa")

    assert answer.code == 1
    assert "kasa and tote" in answer.err
    assert "--shop" in answer.err
    assert (order["shop"], order["status"]) == ("kasa", "cancelled")


def test_a_repeated_number_names_the_keys_and_key_settles_it(
    renkei: CommandLine, warehouse: Warehouse
) -> None:
    warehouse.order("100", {"A": 1}, key="SC-1")
    warehouse.order("100", {"A": 1}, key="SC-2")
    words = ("orders", "ship", "100", "--method", "m", "--tracking", "4000")

    answer = renkei(*words)
    order = renkei.read(*words, "--key", "SC-2")

    assert answer.code == 1
    assert "SC-1 and SC-2" in answer.err
    assert "--key" in answer.err
    assert (order["cart_order_key"], order["status"]) == ("SC-2", "shipped")


@pytest.mark.parametrize(
    "words",
    [
        ("ship", "1", "--tracking", "4000"),
        ("ship", "1", "--method", "m"),
        ("ship", "1", "--method", "m", "--tracking", " "),
        *(("ship", "1", "--method", "m", "--tracking", number) for number in WRONG_NUMBERS),
        *(("ship", "1", *PARCEL, "--date", day) for day in WRONG_DAYS),
        ("cancel",),
        ("cancel", "1", "2", "--key", "SC-1"),
    ],
    ids=" ".join,
)
def test_ret_7_and_ret_1_what_can_never_work_is_wrong_usage(
    renkei: CommandLine, words: tuple[str, ...]
) -> None:
    answer = renkei("orders", *words)

    assert answer.code == 2
    assert answer.err.count("\n") == 1


def test_another_merchants_orders_are_out_of_reach(
    renkei: CommandLine, warehouse: Warehouse
) -> None:
    warehouse.order("1", {"A": 1})
    renkei.ok("merchant", "add", "other", "--name", "other")

    answer = renkei("orders", "cancel", "1", "--merchant", "other")

    assert (answer.code, answer.err) == (1, "renkei: no shipping instruction 1\n")


def test_people_read_the_status_in_japanese(renkei: CommandLine, warehouse: Warehouse) -> None:
    warehouse.order("1", {"A": 1})

    answer = renkei.ok("orders", "allocate", "1")

    assert answer.out == "1: awaiting_shipment 出荷待ち  allocated 引当済み\n"
