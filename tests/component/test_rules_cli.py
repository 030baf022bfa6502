"""`renkei rules`: listing, adding, moving and removing rules of a shop."""

import json
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from tests.component.command_line import CommandLine

GIFT = {
    "name": "gift",
    "if": [{"field": "remarks", "operator": "contains", "values": ["ギフト"]}],
    "then": [{"verb": "hold", "value": "備考確認"}],
}


def add(renkei: CommandLine, name: str, *more: str, shop: str = "tote") -> int:
    words = ("rules", "add", "--shop", shop, "--name", name, "--then", "method=宅配便")
    return int(renkei.read(*words, *more)["id"])


def own(renkei: CommandLine) -> list[str]:
    rows = renkei.read("rules", "list", "--shop", "tote")
    return [row["name"] for row in rows if row["position"]]


@pytest.fixture
def tote(renkei: CommandLine) -> CommandLine:
    """The command line with a BASE shop."""
    renkei.add_base()
    return renkei


def test_imp_11_and_imp_14_a_base_shop_starts_with_two_standard_rules(tote: CommandLine) -> None:
    tote.add_shopserve()

    rows = tote.read("rules", "list")

    assert [(row["shop"], row["standard"], row["enabled"]) for row in rows] == [
        ("tote", "fill_blank_method", True),
        ("tote", "split_amounts", True),
    ]
    assert rows[1]["name"] == "API連携により分割された注文の請求金額、消費税自動計算"
    assert "送料無料" in tote.ok("rules", "list").out


def test_a_rule_is_added_from_a_file_and_from_options_alike(
    tote: CommandLine, tmp_path: Path
) -> None:
    file = tmp_path / "gift.json"
    file.write_text(json.dumps(GIFT), encoding="utf-8")

    read = tote.read("rules", "add", "--shop", "tote", str(file))
    words = ("rules", "add", "--shop", "tote", "-", "--off", "--json")
    told = tote.ok(*words, stdin=json.dumps(GIFT)).json
    typed = tote.read(
        *("rules", "add", "--shop", "tote", "--name", "gift"),
        *("--when", "remarks~ギフト", "--then", "hold=備考確認"),
    )

    assert [row["position"] for row in (read, told, typed)] == [1, 2, 3]
    assert [row["enabled"] for row in (read, told, typed)] == [True, False, True]
    assert read["if"] == told["if"] == typed["if"]
    assert read["then"] == told["then"] == typed["then"]
    assert own(tote) == ["gift"] * 3


def test_every_form_of_condition_and_step_is_understood(tote: CommandLine) -> None:
    when = (
        "remarks=x",
        "remarks!=x",
        "remarks=",
        "remarks!=",
        "remarks!~x",
        "buyer.name=@recipient.name",
    )
    then = ("remarks=a=b", "method=m", "hold=要確認", "release", "release=要確認", "await_arrival")
    options = [word for each in when for word in ("--when", each)]
    options += [word for each in then for word in ("--then", each)]

    row = tote.read("rules", "add", "--shop", "tote", "--name", "all", *options)

    assert [(each["operator"], each["negated"]) for each in row["if"]] == [
        ("equals", False),
        ("equals", True),
        ("is_blank", False),
        ("is_blank", True),
        ("contains", True),
        ("equals_field", False),
    ]
    assert [(each["verb"], each["value"]) for each in row["then"]] == [
        ("set_field", "a=b"),
        ("set_delivery_method", "m"),
        ("hold", "要確認"),
        ("release", ""),
        ("release", "要確認"),
        ("await_arrival", ""),
    ]
    assert "remarks not contains x" in tote.ok("rules", "list").out


def test_rules_are_moved_and_the_others_make_room(tote: CommandLine) -> None:
    first, second = add(tote, "first"), add(tote, "second")
    add(tote, "third", "--position", "1")

    assert own(tote) == ["third", "first", "second"]
    assert tote.read("rules", "set", str(second), "--position", "1")["position"] == 1
    assert own(tote) == ["second", "third", "first"]
    tote.ok("rules", "set", str(second), "--position", "99")
    assert own(tote) == ["third", "first", "second"]
    tote.ok("rules", "remove", str(first))
    assert own(tote) == ["third", "second"]
    rows = tote.read("rules", "list")
    assert [row["position"] for row in rows] == [None, None, 1, 2]


def test_a_rule_is_switched_off_and_on(tote: CommandLine) -> None:
    rule = add(tote, "r")

    assert tote.read("rules", "set", str(rule), "--off")["enabled"] is False
    assert tote.read("rules", "set", str(rule), "--on")["enabled"] is True


def test_imp_11_a_standard_rule_can_be_switched_off_but_neither_removed_nor_moved(
    tote: CommandLine,
) -> None:
    fill = str(tote.read("rules", "list")[0]["id"])

    removed = tote("rules", "remove", fill)
    moved = tote("rules", "set", fill, "--off", "--position", "1")

    assert (removed.code, removed.err.count("\n")) == (1, 1)
    assert "can only be switched off" in removed.err
    assert (moved.code, moved.err.count("\n")) == (1, 1)
    assert tote.read("rules", "list")[0]["enabled"] is True
    assert tote.read("rules", "set", fill, "--off")["enabled"] is False


def test_another_merchants_rules_are_out_of_reach(tote: CommandLine) -> None:
    rule = str(add(tote, "r"))
    tote.ok("merchant", "add", "other", "--name", "Other")

    assert tote.read("rules", "list", "--merchant", "other") == []
    for words in (("set", rule, "--off"), ("remove", rule)):
        answer = tote("rules", *words, "--merchant", "other")
        assert (answer.code, answer.err) == (
            1,
            f"renkei: no rule {rule}: see `renkei rules list`\n",
        )
    assert own(tote) == ["r"]


def test_every_change_is_in_the_audit(tote: CommandLine, engine: Engine) -> None:
    rule = str(add(tote, "r"))
    tote.ok("rules", "set", rule, "--off")
    tote.ok("rules", "remove", rule)

    with engine.connect() as connection:
        rows = connection.execute(text("select did, subject from audit order by id")).all()
    assert [tuple(row) for row in rows if row.did.startswith("rules.")] == [
        ("rules.add", f"tote {rule} r"),
        ("rules.set", f"tote {rule} r"),
        ("rules.remove", f"tote {rule} r"),
    ]


@pytest.mark.parametrize(
    ("document", "word"),
    [
        pytest.param("{", "not JSON", id="no JSON"),
        pytest.param("[]", "one JSON object", id="a list"),
        pytest.param("[" * 100_000, "nested", id="a very deep list"),
        pytest.param('{"name": "r"}', "at least one step", id="nothing to do"),
        pytest.param('{"name": "r", "then": [{"verb": "fly"}]}', "fly", id="unknown verb"),
        pytest.param('{"name": "\\u0000", "then": [{"verb": "release"}]}', "kept", id="NUL"),
    ],
)
def test_a_file_that_is_no_rule_is_refused_in_one_line(
    tote: CommandLine, document: str, word: str
) -> None:
    answer = tote("rules", "add", "--shop", "tote", "-", stdin=document)

    assert (answer.code, answer.err.count("\n"), answer.out) == (1, 1, "")
    assert word in answer.err


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(("add", "--shop", "tote"), id="neither file nor name"),
        pytest.param(("add", "--shop", "tote", "-", "--name", "r"), id="file and name"),
        pytest.param(("add", "--shop", "tote", "-", "--then", "release"), id="file and step"),
        pytest.param(("add", "--shop", "tote", "--name", "r"), id="no step"),
        pytest.param(("add", "--shop", "tote", "--name", "r", "--then", "fly"), id="odd step"),
        pytest.param(("add", "--shop", "tote", "--name", "r", "--then", "x=1"), id="odd field"),
        pytest.param(
            ("add", "--shop", "tote", "--name", "r", "--when", "?", "--then", "release"),
            id="odd condition",
        ),
        pytest.param(("set", "1"), id="nothing to set"),
        pytest.param(("set", "1", "--position", "0"), id="a place before the first"),
    ],
)
def test_wrong_usage_of_rules_exits_2(tote: CommandLine, words: tuple[str, ...]) -> None:
    answer = tote("rules", *words, stdin="{}")

    assert (answer.code, answer.out) == (2, "")
    assert answer.err.count("\n") == 1


def test_a_shop_that_is_not_there_is_named(tote: CommandLine) -> None:
    for words in (("list",), ("try",), ("add", "--name", "r", "--then", "release")):
        answer = tote("rules", *words, "--shop", "nope")
        assert answer.code == 1
        assert "no shop nope" in answer.err
