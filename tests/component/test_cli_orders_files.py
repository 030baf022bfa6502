"""`renkei orders import-shipments` and `export`: CSV in UTF-8 and Shift-JIS."""

import csv
import io
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from domain.engine.cadence import TOKYO
from domain.orders.instructions import HoldReason
from domain.warehouse.holds import PutOnHold
from tests.component.command_line import CommandLine
from tests.component.warehouse_samples import Warehouse

TODAY = datetime.now(TOKYO).date()
HEADER = "number,method,tracking,date\r\n"


@pytest.fixture
def warehouse(engine: Engine) -> Warehouse:
    made = Warehouse.open(engine)
    made.stock(A=5)
    for number in ("1", "2"):
        made.order(number, {"A": 1})
    return made


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
def test_shipments_are_read_in_utf8_and_shift_jis(
    renkei: CommandLine, warehouse: Warehouse, tmp_path: Path, encoding: str
) -> None:
    file = tmp_path / "ships.csv"
    content = HEADER + f"1,宅急便①,4000-1,{TODAY}\r\n2,ゆうパック,4000ー2,\r\n"
    file.write_bytes(content.encode(encoding))

    answer = renkei.read("orders", "import-shipments", str(file))

    assert (answer["file"], answer["shipped"], len(answer["warnings"])) == (str(file), 2, 2)
    first, second = warehouse.read("1"), warehouse.read("2")
    assert (first["shipped_method"], first["shipped_on"]) == ("宅急便①", TODAY)
    assert second["tracking_number"] == "4000-2"
    assert warehouse.counts()["A"] == (3, 0)


WRONG = {
    "77,m,4000-2,": "number: no shipping instruction 77",
    "1,m,4000-2,": "number 1 was given on line 2 already",
    "2,m,,": "tracking is blank",
    "2,,4000-2,": "method is blank",
    ",m,4000-2,": "number is blank",
    "2,m,4000-2,16.1.2025": "date is no day like 2025-01-31: '16.1.2025'",
    "2,m,4000-2,2025/1/16": "date is no day like 2025-01-31: '2025/1/16'",
    "2,m,4000-2,1999-01-16": "the ship date 1999-01-16 is more than 30 days away",
    "2,m,4000-2,2099-01-16": "the ship date 2099-01-16 is more than 30 days away",
    "2,m,4.1E+11,": "'4.1E+11' is a number a spreadsheet has rounded",
    "2,m,4123.0,": "'4123.0' is a number a spreadsheet has rounded",
    "2,m,未定,": "'未定' is no tracking number",
    "2,m,4000-2 4000-3,": "'4000-2 4000-3' is more than one tracking number",
    "2,m,4000-2": "3 columns instead of 4 (number,method,tracking,date)",
    "H,m,4000-2,": "number: H: an instruction that is hold cannot become shipped",
}


@pytest.mark.parametrize(("line", "said"), WRONG.items())
def test_ret_7_and_ret_1_one_bad_line_ships_nothing_and_is_named(
    renkei: CommandLine, warehouse: Warehouse, tmp_path: Path, line: str, said: str
) -> None:
    on_hold(warehouse, "H")
    file = tmp_path / "ships.csv"
    file.write_text(HEADER + f"1,m,4000-1,{TODAY}\r\n{line}\r\n")

    answer = renkei("orders", "import-shipments", str(file))

    assert answer.code == 1
    assert answer.err.startswith(f"renkei: {file} line 3: {said}")
    assert warehouse.read("1")["status"] == "awaiting_shipment"
    assert warehouse.counts()["A"] == (5, 3)


def test_all_wrong_lines_are_named_at_once_in_their_order(
    renkei: CommandLine, warehouse: Warehouse, tmp_path: Path
) -> None:
    """What is wrong by itself, and what does not fit the orders that are stored."""
    on_hold(warehouse, "H")
    file = tmp_path / "ships.csv"
    wrong = [f"x{at}{line[1:]}" if line[0] == "2" else line for at, line in enumerate(WRONG)]
    file.write_text(HEADER + f"1,m,4000-1,{TODAY}\r\n" + "\r\n".join(wrong))

    answer = renkei("orders", "import-shipments", str(file), "--json")

    lines = answer.err.splitlines()
    starts = [f"renkei: {file} line {at}: " for at in range(3, 3 + len(wrong))]
    assert (answer.code, answer.out) == (1, "")
    assert all(line.startswith(start) for line, start in zip(lines, starts, strict=True))
    assert warehouse.read("1")["status"] == "awaiting_shipment"
    assert warehouse.counts()["A"] == (5, 3)


def on_hold(warehouse: Warehouse, number: str) -> None:
    warehouse.order(number, {"A": 1})
    warehouse.do(PutOnHold((HoldReason.CHECK,)), number)


def test_shared_numbers_in_a_file_need_the_shop(
    renkei: CommandLine, warehouse: Warehouse, tmp_path: Path
) -> None:
    warehouse.order("1", {"A": 1}, shop="kasa")
    file = tmp_path / "ships.csv"
    file.write_text(HEADER + "1,m,4000-1,\r\n")

    answer = renkei("orders", "import-shipments", str(file))
    renkei.ok("orders", "import-shipments", str(file), "--shop", "kasa")

    assert answer.code == 1
    assert "line 2: number: kasa and tote both have an order 1" in answer.err
    assert warehouse.read("1", shop="kasa")["status"] == "shipped"


def test_a_file_is_audited_order_by_order_with_its_name(
    renkei: CommandLine, warehouse: Warehouse, tmp_path: Path
) -> None:
    file = tmp_path / "ships.csv"
    file.write_text(HEADER + "1,m,4000-1,\r\n")

    renkei.ok("orders", "import-shipments", str(file))

    (entry,) = warehouse.audit("1")
    assert (entry.did, entry.reason) == ("orders.ship", "file ships.csv")


def rows_of(file: Path, encoding: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(file.read_bytes().decode(encoding), newline="")))


@pytest.mark.parametrize(
    ("options", "encoding"), [((), "utf-8-sig"), (("--encoding", "cp932"), "cp932")]
)
def test_export_writes_every_order_in_the_encoding_asked_for(
    renkei: CommandLine,
    warehouse: Warehouse,
    tmp_path: Path,
    options: tuple[str, ...],
    encoding: str,
) -> None:
    warehouse.order("3", {"A": 1, "B": 2}, shop="kasa")
    file = tmp_path / "orders.csv"

    answer = renkei.read("orders", "export", str(file), *options)

    rows = rows_of(file, encoding)
    assert answer == {"file": str(file), "orders": 3, "replaced": 0}
    assert [row["number"] for row in rows] == ["1", "2", "3"]
    assert rows[2]["buyer_name"] == "佐伯 結衣"
    assert rows[2]["lines"] == "A x 1 / B x 2"
    assert rows[2]["ordered_at"] == "2025-01-15T12:00:00+09:00"
    assert file.read_bytes().startswith(b"\xef\xbb\xbf") == (encoding == "utf-8-sig")


def test_export_by_lines_has_a_row_per_line(
    renkei: CommandLine, warehouse: Warehouse, tmp_path: Path
) -> None:
    warehouse.order("3", {"A": 1, "B": 2})
    file = tmp_path / "orders.csv"

    renkei.ok("orders", "export", str(file), "--lines")

    rows = [row for row in rows_of(file, "utf-8-sig") if row["number"] == "3"]
    assert [(row["line_sku"], row["line_quantity"]) for row in rows] == [("A", "1"), ("B", "2")]


def test_letters_shift_jis_lacks_become_a_mark_and_are_counted(
    renkei: CommandLine, warehouse: Warehouse, tmp_path: Path
) -> None:
    warehouse.order("𠮷-〜", {"A": 1})
    file = tmp_path / "orders.csv"

    answer = renkei.read("orders", "export", str(file), "--encoding", "cp932")

    assert answer["replaced"] == 2  # the number is also the cart order key
    assert rows_of(file, "cp932")[2]["number"] == "〓-～"


def test_a_cell_a_spreadsheet_would_run_is_written_as_text(
    renkei: CommandLine, warehouse: Warehouse, tmp_path: Path
) -> None:
    for number in ("=1+1", "-5", "+81-3"):
        warehouse.order(number, {"A": 1})
    file = tmp_path / "orders.csv"

    renkei.ok("orders", "export", str(file))

    assert [row["number"] for row in rows_of(file, "utf-8-sig")][2:] == ["'=1+1", "-5", "+81-3"]
