"""What holds for every command of `renkei` (interfaces.md)."""

import dataclasses
import importlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from console.main import COMMANDS, cli
from tests.component.command_line import PATIENCE_S, ROOT, SECRET_KEY, CommandLine

LISTS = (
    ("merchant", "list"),
    ("shop", "list"),
    ("robot", "list"),
    ("runs", "list"),
    ("tasks", "list"),
    ("log", "list"),
    ("orders", "list"),
    ("stock", "list"),
    ("mapping", "list"),
    ("method", "list"),
    ("dead", "list"),
    ("maintenance", "list"),
    ("sets", "list"),
    ("rules", "list"),
    ("api-client", "list"),
)
# Each number, day and moment is read by one parser, which takes one form (domain/notation.py).
ONE_NOTATION = (
    *(f"stock set A {number}" for number in ("1e3", "1.0", "1_000", "1,000", "0x10", "\u0663")),
    *("stock adjust A 1_0", "stock adjust A 1.0", "sets set S A=1.0", "sets set S A=1_0"),
    *("dead replay 1.0", "dead replay 1_0", "run sync_stock --shop tote --timeout nan"),
    *(f"log list --since {moment}" for moment in ("20300101", "2030-W01-1", "2030/01/01", "2030")),
    "maintenance add --cart thebase --from 2030-01-01x02:00 --to 2030-01-02",
    "run import_orders --shop tote --from 20300101 --to 2030-01-02",
    *(f"run return_shipments --shop tote --ship-date {day}" for day in ("20300101", "2030/1/1")),
    *(f"rules add --shop tote --name x --then hold=要確認 --position {n}" for n in ("1.0", "1_0")),
)
# Written elsewhere; their own tests look at them.
OTHERS = {"up", "demo"}


def leaves() -> Iterator[tuple[str, click.Command]]:
    context = click.Context(cli)
    for name in COMMANDS.keys() - OTHERS:
        command = cli.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            for sub, leaf in command.commands.items():
                yield f"{name} {sub}", leaf
        else:
            yield name, command


@pytest.mark.parametrize(("name", "leaf"), sorted(leaves()), ids=str)
def test_every_command_takes_json_and_merchant(name: str, leaf: click.Command) -> None:
    options = {option for parameter in leaf.params for option in parameter.opts}

    assert {"--json", "--merchant"} <= options, name
    assert leaf.help


def test_every_command_of_the_table_can_be_loaded() -> None:
    for place, line in COMMANDS.values():
        module, _, attribute = place.partition(":")
        if module.rpartition(".")[2] in OTHERS:
            continue
        assert isinstance(getattr(importlib.import_module(module), attribute), click.Command)
        assert line.endswith(".")


@pytest.mark.parametrize("words", LISTS, ids=" ".join)
def test_every_list_prints_one_json_array(renkei: CommandLine, words: tuple[str, ...]) -> None:
    assert isinstance(renkei.read(*words), list)


@pytest.mark.parametrize("words", LISTS, ids=" ".join)
def test_every_list_prints_a_table_for_people(renkei: CommandLine, words: tuple[str, ...]) -> None:
    renkei.add_base()

    assert renkei.ok(*words).out


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("stok", id="unknown command"),
        pytest.param("stock", id="no subcommand"),
        pytest.param("stock list --bogus", id="unknown option"),
        pytest.param("stock set A", id="missing argument"),
        pytest.param("stock set A ten", id="a word for a number"),
        pytest.param("stock set A -1", id="negative on hand"),
        pytest.param("stock set A 99999999999", id="number too large for the column"),
        *(pytest.param(line, id=line) for line in ONE_NOTATION),
        pytest.param("shop add x --cart rakuten --name x", id="unknown cart"),
        pytest.param("shop add x/y --cart thebase --name x --secrets-stdin", id="key with a slash"),
        pytest.param("shop add x --cart thebase --name x", id="no secrets and no terminal"),
        pytest.param(
            "shop add x --cart thebase --name x --api-url nonsense --secrets-stdin",
            id="address that is none",
        ),
        pytest.param("run fly --shop tote", id="unknown action"),
        pytest.param("run import_orders", id="run without a shop"),
        pytest.param("log list --since yesterday", id="time that is none"),
        pytest.param("runs list --state dreaming", id="unknown run state"),
        pytest.param("orders list --status lost", id="unknown order status"),
        pytest.param("dead replay", id="replay of nothing"),
        pytest.param("dead discard 1", id="discard without a reason"),
        pytest.param("robot set tote sync_stock", id="nothing to set"),
        pytest.param("robot set tote sync_stock --every 18:00", id="a time as an interval"),
        pytest.param("sets set S A", id="component without a quantity"),
        pytest.param("sets set S A=0", id="component with none of it"),
        pytest.param(
            "maintenance add --cart thebase --from 2030-01-02 --to 2030-01-01",
            id="reversed closure",
        ),
    ],
)
def test_wrong_usage_exits_2_with_a_word_on_stderr(renkei: CommandLine, line: str) -> None:
    answer = renkei(*line.split(), stdin=json.dumps({"client_id": "x"}))

    assert answer.code == 2
    assert answer.err.strip()
    assert not answer.out


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("run sync_stock --shop nowhere", id="unknown shop"),
        pytest.param("stock list --merchant nobody", id="unknown merchant"),
        pytest.param("runs show 1", id="unknown run"),
        pytest.param("orders show 1", id="unknown order"),
        pytest.param("tasks show 1", id="unknown task"),
        pytest.param("dead replay 1", id="unknown dead letter"),
        pytest.param("maintenance remove 1000", id="unknown closure"),
        pytest.param("stock adjust A 1", id="unknown SKU"),
        pytest.param("stock import nowhere.csv", id="no such file"),
        pytest.param("log list --shop nowhere", id="log of an unknown shop"),
    ],
)
@pytest.mark.parametrize("json_too", [False, True], ids=["for people", "with --json"])
def test_a_failure_exits_1_with_one_line_on_stderr(
    renkei: CommandLine, line: str, json_too: bool
) -> None:
    answer = renkei(*line.split(), *(["--json"] if json_too else []))

    assert answer.code == 1
    assert len(answer.err.strip().splitlines()) == 1
    assert "Traceback" not in answer.err
    assert not answer.out


def test_an_unreachable_database_is_one_line(renkei: CommandLine) -> None:
    nowhere = {**renkei.environment, "RENKEI_DATABASE_URL": "postgresql+psycopg://u@127.0.0.1:9/x"}

    answer = dataclasses.replace(renkei, environment=nowhere).process("stock", "list", "--json")

    assert answer.code == 1
    assert answer.err.startswith("renkei: PostgreSQL")
    assert len(answer.err.strip().splitlines()) == 1


def test_a_database_that_was_never_prepared_says_how(
    renkei: CommandLine, database_url: str
) -> None:
    empty = database_url.rpartition("/")[0] + "/postgres"
    fresh = {**renkei.environment, "RENKEI_DATABASE_URL": empty}

    answer = dataclasses.replace(renkei, environment=fresh)("stock", "list")

    assert answer.code == 1
    assert "renkei db upgrade" in answer.err


def test_without_servers_a_command_says_so_and_starts_none(renkei: CommandLine) -> None:
    home = renkei.folder / "nothing-here"
    private = dataclasses.replace(renkei, environment={"RENKEI_HOME": str(home)})

    answer = private.process("stock", "list")

    assert answer.code == 1
    assert "renkei up" in answer.err
    assert len(answer.err.strip().splitlines()) == 1
    assert not (home / "postgres").exists()


def test_every_wrong_variable_is_named_at_once(renkei: CommandLine) -> None:
    wrong = {**renkei.environment, "RENKEI_COLOUR": "blue", "RENKEI_LOG_FORMAT": "xml"}

    answer = dataclasses.replace(renkei, environment=wrong)("stock", "list")

    assert answer.code == 1
    assert "RENKEI_COLOUR" in answer.err
    assert "RENKEI_LOG_FORMAT" in answer.err


def test_the_real_command_prints_japanese_as_it_is(renkei: CommandLine) -> None:
    renkei.ok("stock", "set", "帆布-01", "3")

    answer = renkei.process("stock", "list", "--json")

    assert answer.code == 0
    assert not answer.err
    assert '"sku": "帆布-01"' in answer.out
    assert answer.out.count("\n") == 1


def test_a_closed_pipe_is_no_traceback(renkei: CommandLine) -> None:
    for number in range(3):
        renkei.ok("stock", "set", f"A-{number}", "3")
    command = f"{sys.executable} -c 'import console.main; console.main.main()' stock list | true"

    done = subprocess.run(  # noqa: S602 -- a pipe is the subject
        command,
        shell=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), **renkei.environment},
        capture_output=True,
        check=False,
        timeout=PATIENCE_S,
    )

    assert b"Traceback" not in done.stderr


def test_listing_stock_imports_nothing_heavy(renkei: CommandLine) -> None:
    code = (
        "import sys, console.main\n"
        "try: console.main.main()\n"
        "except SystemExit: print(' '.join(sys.modules), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "stock", "list", "--json"],
        env={**os.environ, "PYTHONPATH": str(ROOT), **renkei.environment},
        capture_output=True,
        check=True,
        timeout=PATIENCE_S,
    )

    loaded = set(done.stderr.decode().split())
    heavy = {"alembic", "celery", "cryptography", "fastapi", "httpx", "kombu", "redis", "rich"}
    assert not loaded & heavy


def test_merchants_never_see_each_other(renkei: CommandLine) -> None:
    renkei.ok("merchant", "add", "acme", "--name", "ACME")
    renkei.add_base("tote", "--merchant", "acme")
    renkei.ok("stock", "set", "A", "1", "--merchant", "acme")

    assert renkei.read("shop", "list") == []
    assert renkei.read("stock", "list") == []
    assert [row["key"] for row in renkei.read("shop", "list", "--merchant", "acme")] == ["tote"]
    assert renkei("shop", "show", "tote").code == 1


def test_the_merchant_of_the_environment_is_used(renkei: CommandLine) -> None:
    renkei.ok("merchant", "add", "acme", "--name", "ACME")
    acme = dataclasses.replace(
        renkei, environment={**renkei.environment, "RENKEI_MERCHANT": "acme"}
    )
    acme.ok("stock", "set", "A", "1")

    assert renkei.read("stock", "list") == []
    assert len(acme.read("stock", "list")) == 1


def test_the_default_merchant_always_exists(renkei: CommandLine) -> None:
    assert [row["key"] for row in renkei.read("merchant", "list")] == ["default"]


def test_two_secret_keys_are_changed_by_sealing_again(renkei: CommandLine) -> None:
    renkei.add_base()
    new = "another-key-of-at-least-32-characters"
    both = {**renkei.environment, "RENKEI_SECRET_KEYS": f"{new},{SECRET_KEY}"}
    only = {**renkei.environment, "RENKEI_SECRET_KEYS": new}

    assert dataclasses.replace(renkei, environment=both).read("db", "reseal") == {"shops": 1}
    run = dataclasses.replace(renkei, environment=only)("run", "sync_stock", "--shop", "tote")

    assert run.code == 0
    old = renkei("run", "sync_stock", "--shop", "tote")
    assert old.code == 1
    assert "RENKEI_SECRET_KEYS" in old.err


@pytest.mark.parametrize("word", ["a\udcff", "a\0b", "a\x1b[31m"])
def test_plc_3_a_word_nothing_could_keep_is_wrong_usage(renkei: CommandLine, word: str) -> None:
    answer = renkei("stock", "set", word, "1")

    assert (answer.code, len(answer.err.splitlines())) == (2, 1)
    assert "contains a letter that cannot be kept" in answer.err
    assert renkei.read("stock", "list") == []


@pytest.mark.parametrize("word", ["a\0b", "a\x1b[31m"])
def test_plc_3_a_line_with_a_letter_nothing_could_keep_is_named(
    renkei: CommandLine, tmp_path: Path, word: str
) -> None:
    file = tmp_path / "stock.csv"
    file.write_text(f"sku,on_hand\ngood,1\n{word},1\n", encoding="utf-8")

    answer = renkei("stock", "import", str(file))

    assert answer.code == 1
    assert "line 3: sku contains a letter that cannot be kept" in answer.err
    assert renkei.read("stock", "list") == []
