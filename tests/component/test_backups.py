"""One command backs up the database together with its keys; another puts both back (PLC-2)."""

import json
import zipfile
from pathlib import Path

import pytest
from sqlalchemy import Engine, make_url, text

from adapters.postgres import dumps
from adapters.postgres.database import open_engine
from domain.errors import BrokenRule
from tests.component.command_line import SECRET_KEY, CommandLine


@pytest.fixture
def backup(renkei: CommandLine, tmp_path: Path) -> Path:
    """A backup of a database with one shop of each cart."""
    renkei.add_base("tote")
    renkei.add_shopserve("kura")
    renkei.ok("stock", "set", "SKU-1", "7")
    file = tmp_path / "renkei.backup"
    renkei.ok("db", "backup", str(file))
    return file


def test_plc_2_what_was_backed_up_comes_back_whole(
    renkei: CommandLine, backup: Path, engine: Engine
) -> None:
    before = renkei.read("shop", "list")
    renkei.ok("stock", "set", "SKU-1", "9")
    renkei.ok("stock", "set", "SKU-2", "1")
    engine.dispose()

    told = renkei.ok("db", "restore", str(backup), "--replace")

    assert [{**shop, "lost_time_at": None} for shop in renkei.read("shop", "list")] == before
    assert [(row["sku"], row["on_hand"]) for row in renkei.read("stock", "list")] == [("SKU-1", 7)]
    assert "renkei db restored --at 20" in told.out


def test_plc_2_a_backup_put_back_waits_for_the_drill_also_when_redis_knows_nothing(
    renkei: CommandLine, backup: Path, engine: Engine
) -> None:
    """Fails where only Redis remembers: both lost at once, and everything is sent again."""
    at = "2026-01-31T09:00"
    with engine.begin() as connection:  # the drill of an earlier loss, to the same time
        connection.execute(text("update installation set restored_to = :at"), {"at": f"{at}+09"})
    engine.dispose()
    renkei.ok("db", "backup", str(again := backup.with_name("again")))

    renkei.ok("db", "restore", str(again), "--replace")

    assert renkei.read("shop", "show", "tote")["lost_time_at"]
    assert "2 shops send nothing" in renkei("doctor").out
    assert "renkei db restored" in renkei.ok("log", "list", "--shop", "tote").out
    assert renkei("db", "restored", "--at", at).err.count("reading its orders") == 2


def test_plc_2_a_backup_holds_the_keys_and_only_its_owner_reads_it(backup: Path) -> None:
    with zipfile.ZipFile(backup) as archive:
        assert json.loads(archive.read("secret-keys.json")) == [SECRET_KEY]
    assert backup.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in backup.parent.iterdir() if "unfinished" in one.name] == []


@pytest.mark.parametrize("keys", ["another-key-of-thirty-two-letters-or-more"])
def test_plc_2_keys_that_do_not_open_the_secrets_are_refused(
    renkei: CommandLine, backup: Path, tmp_path: Path, keys: str
) -> None:
    other = CommandLine({**renkei.environment, "RENKEI_SECRET_KEYS": keys}, tmp_path)

    answer = other("db", "restore", str(backup), "--replace")

    assert answer.code == 1
    assert "RENKEI_SECRET_KEYS lacks the backup's keys" in answer.err


def test_plc_2_nothing_is_overwritten_without_being_asked(
    renkei: CommandLine, backup: Path
) -> None:
    again = renkei("db", "backup", str(backup))
    over = renkei("db", "restore", str(backup))

    assert (again.code, over.code) == (1, 1)
    assert "exists already" in again.err
    assert "--replace" in over.err


def test_plc_2_a_backup_is_not_put_back_under_a_process_at_work(
    renkei: CommandLine, backup: Path, database_url: str
) -> None:
    worker = open_engine(database_url, connections=1, name="renkei worker")
    with worker.connect() as connection:
        connection.execute(text("select 1"))
        answer = renkei("db", "restore", str(backup), "--replace")
    worker.dispose()

    assert answer.code == 1
    assert "stop every process first; connected are: renkei worker" in answer.err


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 not really", b"{}"])
def test_plc_2_what_is_no_backup_is_refused_before_anything_is_touched(
    renkei: CommandLine, tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "renkei.backup"
    file.write_bytes(content)
    renkei.ok("stock", "set", "SKU-1", "7")

    answer = renkei("db", "restore", str(file), "--replace")

    assert answer.code == 1
    assert "is no backup that can be read" in answer.err
    assert len(renkei.read("stock", "list")) == 1


@pytest.mark.parametrize("lost", ["secret-keys.json", "database.dump"])
def test_plc_2_a_backup_that_lacks_a_part_is_refused(
    renkei: CommandLine, backup: Path, tmp_path: Path, lost: str
) -> None:
    poor = tmp_path / "poor.backup"
    with zipfile.ZipFile(backup) as whole, zipfile.ZipFile(poor, "w") as part:
        for name in whole.namelist():
            if name != lost:
                part.writestr(name, whole.read(name))

    answer = renkei("db", "restore", str(poor), "--replace")

    assert (answer.code, len(answer.err.splitlines())) == (1, 1)
    assert "is no backup that can be read" in answer.err
    assert lost in answer.err


def test_plc_2_a_backup_with_flipped_bits_is_called_damaged(
    renkei: CommandLine, backup: Path
) -> None:
    content = bytearray(backup.read_bytes())
    with zipfile.ZipFile(backup) as archive:
        dump = archive.getinfo("database.dump")
    middle = dump.header_offset + dump.file_size // 2
    content[middle : middle + 8] = bytes(8)
    backup.write_bytes(content)

    answer = renkei("db", "restore", str(backup), "--replace")

    assert (answer.code, len(answer.err.splitlines())) == (1, 1)
    assert "is damaged (database.dump): use another backup" in answer.err
    assert renkei.read("stock", "list")[0]["on_hand"] == 7


def test_plc_2_a_dump_that_breaks_off_leaves_the_database_as_it_was(
    renkei: CommandLine, backup: Path, tmp_path: Path, engine: Engine
) -> None:
    short = tmp_path / "short.backup"
    with zipfile.ZipFile(backup) as whole, zipfile.ZipFile(short, "w") as cut:
        for name in whole.namelist():
            content = whole.read(name)
            cut.writestr(name, content[: len(content) // 2] if name.endswith(".dump") else content)
    engine.dispose()

    answer = renkei("db", "restore", str(short), "--replace")

    assert (answer.code, len(answer.err.splitlines())) == (1, 1)
    assert renkei.read("stock", "list")[0]["on_hand"] == 7


def test_a_password_of_the_database_is_in_no_argument_of_the_programs(
    database_url: str, tmp_path: Path
) -> None:
    seen = tmp_path / "seen"
    for name in dumps.PROGRAMS:
        program = tmp_path / name
        program.write_text(f'#!/bin/sh\necho "$@" >> {seen}\nexit 3\n')
        program.chmod(0o755)

    url = make_url(database_url).set(password="s3cret-word")
    with pytest.raises(BrokenRule), (tmp_path / "out").open("wb") as into:
        dumps.dump(url.render_as_string(hide_password=False), tmp_path, into)

    assert "s3cret-word" not in seen.read_text()
