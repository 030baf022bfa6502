"""`renkei stock`, `mapping`, `sets`."""

from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from tests.component.command_line import CommandLine

MAPPING_HEADER = "shop,item,variation,sku,low_stock,unlimited\n"


def counts(renkei: CommandLine) -> dict[str, int]:
    return {row["sku"]: row["on_hand"] for row in renkei.read("stock", "list")}


def wanted(engine: Engine) -> dict[str, int]:
    """Return how often each mapped item was marked for a push."""
    with engine.connect() as connection:
        rows = connection.execute(
            text(
                "select e.item, p.wanted_version from stock_pushes p"
                " join mappings m on m.id = p.mapping_id"
                " join external_items e on e.id = m.external_item_id"
            )
        )
        return {row.item: row.wanted_version for row in rows}


def test_setting_stock_creates_the_sku(renkei: CommandLine) -> None:
    row = renkei.read("stock", "set", "A-1", "10")

    assert row["sku"] == "A-1"
    assert (row["on_hand"], row["secured"], row["free"]) == (10, 0, 10)
    assert renkei.read("stock", "list") == [row]
    assert list(row) == ["sku", "on_hand", "secured", "free", "version"]


def test_the_same_number_again_changes_no_version(renkei: CommandLine) -> None:
    first = renkei.read("stock", "set", "A", "10")

    assert renkei.read("stock", "set", "A", "10") == first
    assert renkei.read("stock", "set", "A", "11")["version"] > first["version"]


def test_adjusting_adds_and_takes_away_but_never_below_nothing(renkei: CommandLine) -> None:
    renkei.ok("stock", "set", "A", "10")

    assert renkei.read("stock", "adjust", "A", "+5")["on_hand"] == 15
    assert renkei.read("stock", "adjust", "A", "-12")["on_hand"] == 3
    assert renkei("stock", "adjust", "A", "-4").code == 1
    assert renkei("stock", "adjust", "A", "lots").code == 2
    assert counts(renkei) == {"A": 3}


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("sku,on_hand\n帆布,3\nB,7\n".encode(), id="UTF-8"),
        pytest.param("sku,on_hand\r\n帆布,3\r\nB,7\r\n".encode("utf-8-sig"), id="with a mark"),
        pytest.param("sku,on_hand\r\n帆布,3\r\nB,7".encode("cp932"), id="Shift-JIS"),
        pytest.param('"sku","on_hand"\n"帆布"," 3 "\n\nB,7\n\n'.encode(), id="quotes and gaps"),
    ],
)
def test_a_stock_file_is_read_as_people_save_it(
    renkei: CommandLine, tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "stock.csv"
    file.write_bytes(content)

    assert renkei.read("stock", "import", str(file))["skus"] == 2
    assert counts(renkei) == {"B": 7, "帆布": 3}


@pytest.mark.parametrize(
    ("content", "named"),
    [
        pytest.param("sku;on_hand\nA;1\n", "line 1", id="wrong header"),
        pytest.param("on_hand,sku\n1,A\n", "line 1", id="columns the other way round"),
        pytest.param("", "line 1", id="empty file"),
        pytest.param("sku,on_hand\nA,1\nB,two\n", "line 3: on_hand", id="no number"),
        pytest.param("sku,on_hand\nA,1\nB,-1\n", "line 3: on_hand", id="negative"),
        pytest.param("sku,on_hand\nA,1\nB,1.5\n", "line 3: on_hand", id="half a piece"),
        pytest.param("sku,on_hand\nA,1\nB,99999999999\n", "line 3: on_hand", id="too large"),
        pytest.param("sku,on_hand\nA,1\n\nB\n", "line 4: 1 columns", id="column missing"),
        pytest.param("sku,on_hand\nA,1,x\n", "line 2: 3 columns", id="column too many"),
        pytest.param("sku,on_hand\nA,1\n ,2\n", "line 3: sku", id="no SKU"),
        pytest.param("sku,on_hand\nA,1\nB,2\nA,3\n", "line 4: sku", id="SKU twice"),
        pytest.param('sku,on_hand\nA,1\n"B,2\n', "line 3", id="open quotation mark"),
    ],
)
def test_a_wrong_stock_file_names_its_line_and_writes_nothing(
    renkei: CommandLine, tmp_path: Path, content: str, named: str
) -> None:
    file = tmp_path / "stock.csv"
    file.write_text(content)

    answer = renkei("stock", "import", str(file), "--json")

    assert answer.code == 1
    assert f"{file} {named}" in answer.err
    assert len(answer.err.strip().splitlines()) == 1
    assert not answer.out
    assert counts(renkei) == {}


@pytest.mark.parametrize("number", ["1e3", "1.0", "1_000", "+1", "0x1", "1 0", "\u0663"])
def test_a_file_takes_the_numbers_that_commands_take(
    renkei: CommandLine, tmp_path: Path, number: str
) -> None:
    file = tmp_path / "stock.csv"
    file.write_text(f"sku,on_hand\nA,{number}\nB,\uff11\uff12\n")

    answer = renkei("stock", "import", str(file))
    wide = renkei.read("stock", "set", "B", "\uff11\uff12")

    assert answer.err.startswith(f"renkei: {file} line 2: on_hand is no whole number from 0 up")
    assert renkei("stock", "set", "A", "--", number).code == 2
    assert wide["on_hand"] == 12


def test_all_wrong_lines_of_a_file_are_named_at_once(renkei: CommandLine, tmp_path: Path) -> None:
    renkei.add_base("tote")
    stock, mapping = tmp_path / "stock.csv", tmp_path / "mapping.csv"
    stock.write_text("sku,on_hand\nA,1\nB,x\nC\nA,2\n,3\nD,4\nE,1.0\n")
    head = "shop,item,variation,sku,low_stock,unlimited\n"
    mapping.write_text(head + "tote,1,,A,,\nkasa,2,,A,,\ntote,3,,A,1e3,\ntote,1,,A,,perhaps\n")

    for words, wrong in ((("stock", stock), [3, 4, 5, 6, 8]), (("mapping", mapping), [3, 4, 5])):
        answer = renkei(words[0], "import", str(words[1]), "--json")
        lines = answer.err.splitlines()
        assert [line.split(":")[1] for line in lines] == [f" {words[1]} line {n}" for n in wrong]
        assert (answer.code, answer.out) == (1, "")
    assert counts(renkei) == {}
    assert renkei.read("mapping", "list") == []


def test_a_file_in_no_known_encoding_names_its_line(renkei: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "stock.csv"
    file.write_bytes(b"sku,on_hand\nA,1\n\x81 ,2\n")

    answer = renkei("stock", "import", str(file))

    assert answer.code == 1
    assert "line 3" in answer.err


def test_mapping_an_item_creates_the_sku_and_wants_a_push(
    renkei: CommandLine, engine: Engine
) -> None:
    renkei.add_base("tote")

    made = renkei.read("mapping", "set", "--shop", "tote", "--item", "7", "--sku", "NEW")

    assert made["created_skus"] == ["NEW"]
    assert counts(renkei) == {"NEW": None}
    assert wanted(engine) == {"7": 1}
    row = renkei.read("mapping", "list")[0]
    assert (row["shop"], row["item"], row["variation"], row["sku"]) == ("tote", "7", "", "NEW")
    assert (row["waiting"], row["note"]) == (False, "未カウント")  # STK-8
    renkei.ok("stock", "set", "NEW", "0")
    row = renkei.read("mapping", "list")[0]
    assert (row["waiting"], row["note"]) == (True, "")


def test_only_a_change_of_a_mapping_wants_another_push(renkei: CommandLine, engine: Engine) -> None:
    renkei.add_base("tote")
    words = ("mapping", "set", "--shop", "tote", "--item", "7", "--sku")
    renkei.ok(*words, "A")
    renkei.ok(*words, "A")
    same = wanted(engine)["7"]
    versions = []
    for more in (["A", "--low-stock", "3"], ["A", "--unlimited"], ["B"]):
        assert renkei.read(*words, *more)["changed"] is True
        versions.append(wanted(engine)["7"])

    assert same == 1
    assert versions == [2, 3, 4]
    assert renkei.read("mapping", "list")[0]["sku"] == "B"


def test_changed_stock_wants_a_push_of_its_mappings_only(
    renkei: CommandLine, engine: Engine
) -> None:
    renkei.add_base("tote")
    for item, sku in (("1", "A"), ("2", "B")):
        renkei.ok("mapping", "set", "--shop", "tote", "--item", item, "--sku", sku)

    renkei.ok("stock", "set", "A", "5")

    assert wanted(engine) == {"1": 2, "2": 1}


def test_an_unmapped_item_is_forgotten_with_its_failure(
    renkei: CommandLine, engine: Engine
) -> None:
    renkei.add_base("tote")
    renkei.ok("mapping", "set", "--shop", "tote", "--item", "7", "--sku", "A")
    with engine.begin() as connection:
        connection.execute(
            text(
                "insert into dead_letters (shop_id, action, key, run_id, reason, attempts)"
                " select id, 'sync_stock', 'A', 1, 'no such item', 1 from shops"
            )
        )

    renkei.ok("mapping", "remove", "--shop", "tote", "--item", "7")

    assert renkei.read("mapping", "list") == []
    assert [row["state"] for row in renkei.read("dead", "list")] == ["closed"]
    assert renkei("mapping", "remove", "--shop", "tote", "--item", "7").code == 1


def test_a_mapping_file_maps_many_items(renkei: CommandLine, tmp_path: Path) -> None:
    renkei.add_base("tote")
    renkei.add_shopserve("kura")
    file = tmp_path / "mapping.csv"
    rows = "tote,1,11,A,,\nkura,i-1,赤/L,B,5,\nkura,i-2,,B,,1\n"
    file.write_bytes((MAPPING_HEADER + rows).encode("cp932"))

    first = renkei.read("mapping", "import", str(file))
    again = renkei.read("mapping", "import", str(file))

    assert (first["rows"], first["changed"], first["created_skus"]) == (3, 3, ["A", "B"])
    assert (again["changed"], again["created_skus"]) == (0, [])
    links = {
        (row["item"], row["variation"], row["sku"], row["low_stock"], row["unlimited"])
        for row in renkei.read("mapping", "list")
    }
    assert links == {
        ("1", "11", "A", None, False),
        ("i-1", "赤/L", "B", 5, False),
        ("i-2", "", "B", None, True),
    }


@pytest.mark.parametrize(
    ("rows", "named"),
    [
        pytest.param("tote,1,,A,,\nnowhere,1,,A,,\n", "line 3: shop", id="unknown shop"),
        pytest.param("tote,,,A,,\n", "line 2: item", id="no item"),
        pytest.param("tote,1,,,,\n", "line 2: sku", id="no SKU"),
        pytest.param("tote,1,,A,few,\n", "line 2: low_stock", id="no number"),
        pytest.param("tote,1,,A,,maybe\n", "line 2: unlimited", id="neither yes nor no"),
        pytest.param("tote,1,,A,,\ntote,1,,B,,\n", "line 3: item", id="item twice"),
        pytest.param("tote,1,,A,\n", "line 2: 5 columns", id="column missing"),
    ],
)
def test_a_wrong_mapping_file_names_its_line_and_writes_nothing(
    renkei: CommandLine, tmp_path: Path, rows: str, named: str
) -> None:
    renkei.add_base("tote")
    file = tmp_path / "mapping.csv"
    file.write_text(MAPPING_HEADER + rows)

    answer = renkei("mapping", "import", str(file))

    assert answer.code == 1
    assert named in answer.err
    assert renkei.read("mapping", "list") == []
    assert counts(renkei) == {}


def test_a_set_offers_what_its_components_allow(renkei: CommandLine) -> None:
    renkei.ok("stock", "set", "A", "7")
    renkei.ok("stock", "set", "B", "2")

    renkei.ok("sets", "set", "SET", "A=2", "B=1")

    free = {row["sku"]: row["free"] for row in renkei.read("stock", "list")}
    assert free == {"A": 7, "B": 2, "SET": 2}
    assert renkei.read("sets", "list") == [{"sku": "SET", "components": {"A": 2, "B": 1}}]
    renkei.ok("sets", "remove", "SET")
    assert renkei.read("sets", "list") == []


def test_a_set_cannot_be_part_of_a_set_and_the_refusal_names_both(renkei: CommandLine) -> None:
    renkei.ok("sets", "set", "BOX", "A=1", "B=1")

    below = renkei("sets", "set", "A", "C=1")
    above = renkei("sets", "set", "CRATE", "BOX=2")

    assert (below.code, "A is part of the set BOX" in below.err) == (1, True)
    assert (above.code, "BOX" in above.err) == (1, True)


def test_a_set_is_pushed_when_it_or_a_component_changes(
    renkei: CommandLine, engine: Engine
) -> None:
    renkei.add_base("tote")
    renkei.ok("mapping", "set", "--shop", "tote", "--item", "7", "--sku", "SET")
    renkei.ok("sets", "set", "SET", "A=1")
    after_set = wanted(engine)["7"]
    renkei.ok("sets", "set", "SET", "A=1")
    unchanged = wanted(engine)["7"]
    renkei.ok("stock", "set", "A", "9")

    assert (after_set, unchanged, wanted(engine)["7"]) == (2, 2, 3)


def test_sets_are_not_nested(renkei: CommandLine) -> None:
    renkei.ok("sets", "set", "SET", "A=1")

    for words in (("SET", "SET=1"), ("BIG", "SET=1"), ("A", "B=1")):
        assert renkei("sets", "set", *words).code == 1
    assert len(renkei.read("sets", "list")) == 1


def test_stk_7_a_count_of_a_set_says_that_it_is_not_what_shops_are_told(
    renkei: CommandLine,
) -> None:
    renkei.ok("stock", "set", "CUP", "4")
    renkei.ok("sets", "set", "PAIR", "CUP=2")

    told = renkei.ok("stock", "set", "PAIR", "9")
    of_one = renkei.ok("stock", "set", "CUP", "6")

    assert "PAIR is a set" in told.err
    assert of_one.err == ""
