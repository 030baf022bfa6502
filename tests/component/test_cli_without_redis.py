"""What needs PostgreSQL only works while the private Redis is dead; the tick finds it (PLC-3)."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.embedded import PrivateServers
from adapters.postgres.migrations import upgrade
from tests.component.command_line import CommandLine

MAPPING = ("mapping", "set", "--shop", "kura", "--item", "A-1", "--sku", "MUG")
MISSING = "no private server runs"


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, PrivateServers]]:
    """A home whose Redis has died and was not started again yet."""
    home = tmp_path_factory.mktemp("home")
    owner = PrivateServers(home, durable=False)
    with owner as addresses:
        upgrade(addresses.database_url)
        os.kill(owner.processes()["valkey"], signal.SIGKILL)
        yield home, owner


@pytest.fixture
def private(servers: tuple[Path, PrivateServers], tmp_path: Path) -> CommandLine:
    return CommandLine({"RENKEI_HOME": str(servers[0])}, tmp_path)


def test_plc_3_what_people_write_needs_no_redis(private: CommandLine) -> None:
    private.add_shopserve()
    private.ok(*MAPPING)
    private.ok("stock", "set", "MUG", "5")
    private.ok("robot", "set", "kura", "sync_stock", "--every", "600s")
    private.ok("shop", "set", "kura", "in_flight=2")
    private.ok("shop", "park", "kura")
    private.ok("shop", "unpark", "kura")

    assert private.read("mapping", "list")[0]["sku"] == "MUG"
    assert private.read("runs", "list") == []


def test_plc_3_a_run_asked_for_meanwhile_waits_in_the_database(private: CommandLine) -> None:
    private.add_shopserve("asked")

    answer = private("run", "sync_status", "--shop", "asked", "--json")

    assert answer.code == 0, answer
    assert answer.json["state"] == "running"
    (waits,) = private.read("runs", "list", "--shop", "asked")
    assert waits["id"] == answer.json["id"]


def test_plc_3_what_calls_a_cart_says_that_its_budget_is_away(private: CommandLine) -> None:
    private.add_shopserve("tried", "--api-url", "http://127.0.0.1:9/v2")

    answer = private("shop", "test", "tried")

    assert answer.code == 1
    assert "budget" in answer.err
    assert MISSING not in answer.err


def test_plc_3_the_check_up_names_the_one_that_is_away(private: CommandLine) -> None:
    found = {row["name"]: row["state"] for row in private("doctor", "--json").json["checks"]}

    assert (found["PostgreSQL"], found["schema"], found["Redis"]) == ("ok", "ok", "failed")


def test_plc_3_a_configured_database_needs_no_private_servers(
    renkei: CommandLine, tmp_path: Path
) -> None:
    alone = {k: v for k, v in renkei.environment.items() if k != "RENKEI_REDIS_URL"}
    line = CommandLine(alone, tmp_path)

    line.ok("stock", "set", "MUG", "5")
    line.add_shopserve()
    asked = line("run", "sync_status", "--shop", "kura", "--json")

    assert asked.code == 0, asked
    assert "RENKEI_REDIS_URL" in line("shop", "test", "kura").err
