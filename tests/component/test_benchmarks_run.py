"""The benchmarks run and print their tables; what they measure is never asserted here."""

import json
import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine, make_url

from benchmarks.statements import WAYS, measure
from benchmarks.tables import ratio
from benchmarks.wire import counted

ROOT = Path(__file__).resolve().parents[2]
TINY = ("--shops", "2", "--each", "3", "--rounds", "1", "--enqueued", "32", "--memory-items", "20")
PATIENCE_S = 900


@pytest.fixture(scope="module")
def printed() -> str:
    done = subprocess.run(
        (sys.executable, "-m", "benchmarks", *TINY, "--latency-ms", "0"),
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.mark.parametrize(
    "row",
    [
        "| CPU of the worker, ms per item ",
        "| items a second ",
        "| SQL statements per item ",
        "| round trips to PostgreSQL per item ",
        "| Redis commands per item ",
        "| CPU of the sender, s ",
        "| items done ",
    ],
)
def test_a_tiny_run_prints_every_row(printed: str, row: str) -> None:
    assert f"\n{row}" in printed


@pytest.mark.parametrize(
    ("bare", "told"),
    [
        ([2.0, 4.0], "1.50 (1.00 to 2.00)"),
        ([0.0, 4.0], "1.00 (1.00 to 1.00)"),
        ([0.0, 0.0], "too short to tell"),
    ],
)
def test_a_round_too_short_for_the_clock_has_no_ratio(bare: list[float], told: str) -> None:
    assert ratio([4.0, 4.0], bare) == told


def test_the_structure_is_measured() -> None:
    done = subprocess.run(
        (sys.executable, "-m", "benchmarks.structure", "--json"),
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )

    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout)
    assert len(told["walks"]) == 6
    for walk in told["walks"]:
        assert 0 < walk["modules"] <= walk["moves"] + 1 == len(walk["route"])
        assert walk["statements"] >= walk["transactions"] > 0
    assert told["lines"] == sum(part["lines"] for part in told["product"])


def test_the_line_counter_counts_what_passes(database_url: str) -> None:
    with counted(database_url) as (url, counter):
        plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(plain) as connection:
            counter.reset()
            connection.execute("select 1")
            connection.execute("create temporary table t (n int)")
            connection.commit()

    assert counter.statements == {"BEGIN": 1, "SELECT": 1, "CREATE": 1, "COMMIT": 1}
    assert counter.working() == 2
    assert counter.round_trips == 4


def test_every_way_to_run_a_statement_gives_the_same_row(engine: Engine) -> None:
    with engine.begin() as connection:
        assert len({way(connection) for way in WAYS.values()}) == 1
        assert measure(connection, rounds=1, times=1).keys() == WAYS.keys()
