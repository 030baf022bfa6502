"""What a warehouse needs of an order is shown wherever orders are (IMP-19), and shown safely."""

import csv
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from tests.component.command_line import CommandLine
from tests.component.warehouse_samples import Warehouse

OPTIONS = ("名入れ: 結衣", "ラッピング: あり")
WISHES: dict[str, Any] = {
    "wished_date": "2025-01-20",
    "wished_time": "1416",
    "remarks": "玄関先に",
    "gift": "のし: 御祝",
    "methods": ["宅配便60サイズ", "ネコポス"],
}
# A terminal would clear its screen, turn the line round, or believe in a second line.
HOSTILE = "=1+1\x1b[2J\u202e逆\r\n2行目\x07"
SAFE = "=1+1[2J逆  2行目"


@pytest.fixture
def warehouse(engine: Engine) -> Warehouse:
    made = Warehouse.open(engine)
    made.order("1", {"A": 1}, options=OPTIONS, **WISHES)
    return made


@pytest.mark.usefixtures("warehouse")
def test_imp_19_wishes_are_in_the_document_of_an_order(renkei: CommandLine) -> None:
    (order,) = renkei.read("orders", "list")

    assert {name: order[name] for name in WISHES} == WISHES
    assert order["lines"][0]["options"] == list(OPTIONS)
    assert renkei.read("orders", "show", "1") == order


@pytest.mark.usefixtures("warehouse")
def test_imp_19_people_read_them_in_the_list_and_of_one_order(renkei: CommandLine) -> None:
    listed = renkei.ok("orders", "list").out
    shown = renkei.ok("orders", "show", "1").out

    for told in ("2025-01-20", "1416", "玄関先に"):
        assert told in listed
        assert told in shown
    for told in ("のし: 御祝", "ネコポス", "名入れ: 結衣"):
        assert told in shown


def test_imp_19_a_method_nobody_else_named_is_the_only_one(
    renkei: CommandLine, warehouse: Warehouse
) -> None:
    warehouse.order("2", {"A": 1}, delivery_method="")
    warehouse.order("3", {"A": 1})

    told = {order["number"]: order["methods"] for order in renkei.read("orders", "list")}

    assert told["2"] == []
    assert told["3"] == ["宅配便60サイズ"]


@pytest.mark.usefixtures("warehouse")
@pytest.mark.parametrize("options", [(), ("--lines",)])
def test_imp_19_the_file_holds_them(
    renkei: CommandLine, tmp_path: Path, options: tuple[str, ...]
) -> None:
    file = tmp_path / "orders.csv"

    renkei.ok("orders", "export", str(file), *options)

    (row,) = csv.DictReader(file.read_text("utf-8-sig").splitlines())
    assert (row["wished_date"], row["wished_time"]) == ("2025-01-20", "1416")
    assert (row["remarks"], row["gift"]) == ("玄関先に", "のし: 御祝")
    assert row["methods"] == "宅配便60サイズ, ネコポス"
    assert "名入れ: 結衣" in row["line_options" if options else "lines"]


def test_plc_3_what_a_buyer_wrote_steers_neither_terminal_nor_spreadsheet(
    renkei: CommandLine, warehouse: Warehouse, tmp_path: Path
) -> None:
    warehouse.order(
        "2", {"A": 1}, remarks=HOSTILE, gift=HOSTILE, methods=[HOSTILE], options=(HOSTILE,)
    )
    file = tmp_path / "orders.csv"

    document = renkei.ok("orders", "show", "2", "--json")
    printed = renkei.ok("orders", "list").out + renkei.ok("orders", "show", "2").out + document.out
    refused = renkei("orders", "show", HOSTILE).err + renkei("orders", "show", "9\u202e逆").err
    renkei.ok("orders", "export", str(file))

    row = list(csv.DictReader(file.read_text("utf-8-sig").splitlines()))[1]
    assert (row["remarks"], row["gift"], row["methods"]) == (f"'{SAFE}",) * 3
    assert SAFE in printed
    assert "a letter that cannot be kept" in refused
    assert "9逆" in refused
    assert not set("\x1b\u202e\x07\r") & set(printed + refused + "".join(row.values()))
    assert document.json["remarks"] == HOSTILE
