"""`renkei demo`: its figures are the simulator's, also when things die in the middle."""

from pathlib import Path
from typing import Any

from tests.e2e.machine import document, of_home, renkei

NAMES = {
    "orders imported",
    "shipping instructions",
    "orders split",
    "instructions on hold",
    "orders paid",
    "stock pushed",
    "done by the second pass",
    "writes of the second pass",
    "calls made",
    "errors",
}


def figures(shown: dict[str, Any]) -> dict[str, tuple[int, int]]:
    return {row["figure"]: (row["ours"], row["simulator"]) for row in shown["figures"]}


def test_a_demo_ends_0_with_every_figure_equal(tmp_path: Path) -> None:
    home = tmp_path / "home"

    done = renkei(home, "demo", "--shops", "4", "--orders", "12", "--skus", "15", "--json")

    assert done.returncode == 0, done.stderr
    shown: dict[str, Any] = document(done)
    found = figures(shown)
    assert shown["ok"] is True
    assert found.keys() >= NAMES
    assert all(ours == simulator for ours, simulator in found.values())
    assert found["orders imported"] == (48, 48)
    assert found["stock pushed"] == (60, 60)
    assert found["writes of the second pass"] == (0, 0)
    assert found["errors"] == (0, 0)
    assert of_home(home / "demo") == []
    assert not (home / "demo").exists()


def test_a_killed_worker_and_an_emptied_redis_change_no_figure(tmp_path: Path) -> None:
    home = tmp_path / "home"

    done = renkei(
        home, "demo", "--shops", "3", "--orders", "20", "--skus", "25", "--faults", "--json"
    )

    assert done.returncode == 0, done.stderr
    shown: dict[str, Any] = document(done)
    found = figures(shown)
    assert [strike["phase"] for strike in shown["faults"]] == ["import_orders", "sync_stock"]
    assert all(strike["items_done"] < strike["items"] for strike in shown["faults"])
    for name in NAMES - {"calls made", "errors"}:
        assert found[name][0] == found[name][1], name
    assert found["orders imported"] == (60, 60)
    assert found["stock pushed"] == (75, 75)


def test_a_demo_never_touches_the_configured_servers(tmp_path: Path) -> None:
    done = renkei(
        tmp_path / "home",
        *("demo", "--shops", "1", "--orders", "1", "--skus", "1", "--json"),
        RENKEI_DATABASE_URL="postgresql+psycopg://nobody@127.0.0.1:9/nothing",
        RENKEI_REDIS_URL="redis://127.0.0.1:9/0",
        RENKEI_SECRET_KEYS="a-key-of-more-than-thirty-two-characters",
    )

    assert done.returncode == 0, done.stderr
    assert document(done)["ok"] is True
