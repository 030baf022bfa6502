"""`renkei orders import-shipments` and `export`: CSV in UTF-8 and Shift-JIS."""

import csv
import io
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine

from domain.orders.instructions import HoldReason
from domain.warehouse.moves import PutOnHold
from tests.component.command_line import CommandLine
from tests.component.warehouse_samples import Warehouse

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
    content = HEADER + "1,宅急便①,4000-1,2025-01-16\r\n2,ゆうパック,4000-2,2025/1/17\r\n"
    file.write_bytes(content.encode(encoding))

    answer = renkei.read("orders", "import-shipments", str(file))

    assert answer == {"file": str(file), "shipped": 2}
    first, second = warehouse.read("1"), warehouse.read("2")
    assert (first["shipped_method"], first["shipped_on"]) == ("宅急便①", date(2025, 1, 16))
    assert (second["tracking_number"], second["shipped_on"]) == ("4000-2", date(2025, 1, 17))
    assert warehouse.counts()["A"] == (3, 0)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("77,m,1,", "line 3: number: no shipping instruction 77"),
        ("1,m,1,", "line 3: number 1 was given on line 2 already"),
        ("2,m,,", "line 3: tracking is blank"),
        ("2,,1,", "line 3: method is blank"),
        (",m,1,", "line 3: number is blank"),
        ("2,m,1,16.1.2025", "line 3: date is no day like 2025-01-31: '16.1.2025'"),
        ("2,m,1", "line 3: 3 columns instead of 4 (number,method,tracking,date)"),
        ("H,m,1,", "line 3: number: H: an instruction that is hold cannot become shipped"),
    ],
)
def test_one_bad_line_ships_nothing_and_is_named_with_file_line_and_column(
    renkei: CommandLine, warehouse: Warehouse, tmp_path: Path, line: str, said: str
) -> None:
    warehouse.order("H", {"A": 1})
    warehouse.do(PutOnHold((HoldReason.CHECK,)), "H")
    file = tmp_path / "ships.csv"
    file.write_text(HEADER + f"1,m,1,2025-01-16\r\n{line}\r\n")

    answer = renkei("orders", "import-shipments", str(file))

    assert answer.code == 1
    assert answer.err.startswith(f"renkei: {file} {said}")
    assert warehouse.read("1")["status"] == "awaiting_shipment"
    assert warehouse.counts()["A"] == (5, 3)


def test_shared_numbers_in_a_file_need_the_shop(
    renkei: CommandLine, warehouse: Warehouse, tmp_path: Path
) -> None:
    warehouse.order("1", {"A": 1}, shop="kasa")
    file = tmp_path / "ships.csv"
    file.write_text(HEADER + "1,m,1,\r\n")

    answer = renkei("orders", "import-shipments", str(file))
    renkei.ok("orders", "import-shipments", str(file), "--shop", "kasa")

    assert answer.code == 1
    assert "line 2: number: kasa and tote both have an order 1" in answer.err
    assert warehouse.read("1", shop="kasa")["status"] == "shipped"


def test_a_file_is_audited_order_by_order_with_its_name(
    renkei: CommandLine, warehouse: Warehouse, tmp_path: Path
) -> None:
    file = tmp_path / "ships.csv"
    file.write_text(HEADER + "1,m,1,\r\n")

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
