"""`renkei run`, `runs`, `log`, `tasks`, `dead`, without workers: what is asked for and shown."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import defaultdict
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, text

from tests.component.command_line import PATIENCE_S, ROOT, CommandLine

ASKED_BY_OTHERS = (
    "select query, query_start from pg_stat_activity where datname = current_database()"
    " and pid <> pg_backend_pid() and query ilike '%select%'"
)
RUN_FIELDS = [
    "id",
    "shop",
    "action",
    "mode",
    "state",
    "window",
    "succeeded",
    "failed",
    "skipped",
    "carried_over",
    "calls",
    "started_at",
    "finished_at",
    "items",
]


@pytest.fixture
def shops(renkei: CommandLine) -> CommandLine:
    """The command line with a shop on each cart."""
    renkei.add_base("tote")
    renkei.add_shopserve("kura")
    return renkei


def end_run(engine: Engine, run_id: int, state: str) -> None:
    """Do what a worker does at the end of a run."""
    with engine.begin() as connection:
        connection.execute(
            text(
                "update runs set state = :state, started_at = now(), finished_at = now(),"
                " succeeded = 1 where id = :id"
            ),
            {"id": run_id, "state": state},
        )


def end_every_run_soon(engine: Engine, state: str) -> threading.Thread:
    """End whatever run appears, in another thread."""

    def work() -> None:
        give_up_at = time.monotonic() + PATIENCE_S
        while time.monotonic() < give_up_at:
            with engine.connect() as connection:
                found = connection.execute(text("select max(id) from runs")).scalar_one()
            if found is not None:
                time.sleep(0.2)
                end_run(engine, found, state)
                return
            time.sleep(0.02)

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def bury(engine: Engine, shop: str, action: str, key: str) -> None:
    with engine.begin() as connection:
        connection.execute(
            text(
                "insert into dead_letters (shop_id, action, key, run_id, reason, attempts)"
                " select id, :action, :key, 1, 'refused', 3 from shops where key = :shop"
            ),
            {"shop": shop, "action": action, "key": key},
        )


def test_a_run_that_was_asked_for_is_shown_as_running(shops: CommandLine) -> None:
    run = shops.read("run", "sync_stock", "--shop", "tote")

    assert list(run)[: len(RUN_FIELDS)] == RUN_FIELDS
    assert (run["shop"], run["action"], run["mode"]) == ("tote", "sync_stock", "manual")
    assert (run["state"], run["started_at"], run["items"]) == ("running", None, [])
    assert shops.read("runs", "show", str(run["id"])) == run


@pytest.mark.parametrize(
    ("state", "code"),
    [("succeeded", 0), ("partly_failed", 1), ("failed", 1), ("closed", 1)],
)
def test_wait_prints_the_run_and_exits_0_only_when_it_succeeded(
    shops: CommandLine, engine: Engine, state: str, code: int
) -> None:
    worker = end_every_run_soon(engine, state)
    answer = shops("run", "sync_stock", "--shop", "tote", "--wait", "--json")
    worker.join()

    assert answer.code == code
    assert answer.json["state"] == state
    assert len(answer.err.splitlines()) == code  # one line on standard error says why


def test_wait_ends_at_once_for_a_parked_shop(shops: CommandLine) -> None:
    shops.ok("shop", "park", "tote", "--action", "sync_stock")

    answer = shops("run", "sync_stock", "--shop", "tote", "--wait", "--json")

    assert answer.code == 1
    assert answer.json["state"] == "parked"


def test_wait_gives_up_after_the_timeout_with_one_line(shops: CommandLine) -> None:
    words = ("run", "sync_stock", "--shop", "tote", "--wait", "--timeout", "0.3", "--json")

    answer = shops(*words)

    assert answer.code == 1
    assert answer.json["state"] == "running"
    assert len(answer.err.strip().splitlines()) == 1
    assert f"renkei runs show {answer.json['id']}" in answer.err


def test_a_switched_off_robot_can_be_run_by_hand(shops: CommandLine) -> None:
    shops.ok("robot", "set", "tote", "sync_stock", "--off")

    assert shops.read("run", "sync_stock", "--shop", "tote")["state"] == "running"


def test_a_range_is_told_in_tokyo_and_kept_as_asked(shops: CommandLine) -> None:
    run = shops.read(
        *("run", "import_orders", "--shop", "tote"),
        *("--from", "2025-01-01", "--to", "2025-01-31T18:00"),
    )

    assert run["mode"] == "range"
    assert run["window"] == {
        "from": "2025-01-01T00:00:00+09:00",
        "to": "2025-01-31T18:00:00+09:00",
    }


def test_the_same_range_again_goes_on_with_the_unfinished_run(
    shops: CommandLine, engine: Engine
) -> None:
    words = ("run", "import_orders", "--shop", "tote", "--from", "2025-01-01", "--to")
    first = shops.read(*words, "2025-03-01")["id"]
    again = shops.read(*words, "2025-03-01")["id"]
    other = shops.read(*words, "2025-03-02")["id"]
    end_run(engine, first, "succeeded")
    anew = shops.read(*words, "2025-03-01")["id"]

    assert again == first
    assert len({first, other, anew}) == 3


def test_a_range_that_ends_in_the_future_ends_now_and_is_found_again(shops: CommandLine) -> None:
    words = ("run", "import_orders", "--shop", "tote", "--from", "2026-01-01", "--to", "2099-01-01")
    first = shops.read(*words)
    time.sleep(1.1)
    again = shops.read(*words)

    assert again["id"] == first["id"]
    assert datetime.fromisoformat(first["window"]["to"]) <= datetime.now(UTC)


@pytest.mark.parametrize(
    "options",
    [
        pytest.param("--from 2025-02-01 --to 2025-01-01", id="reversed"),
        pytest.param("--from 2098-01-01 --to 2099-01-01", id="in the future"),
        pytest.param("--from 2001-01-01 --to 2001-01-02", id="too old"),
        pytest.param("--from 2025-02-01", id="without an end"),
        pytest.param("--ship-date 2025-02-01", id="ship date of an import"),
        pytest.param("--compare", id="compare of an import"),
    ],
)
def test_a_range_no_cart_can_be_asked_is_wrong_usage_and_makes_no_run(
    shops: CommandLine, options: str
) -> None:
    answer = shops("run", "import_orders", "--shop", "kura", *options.split())

    assert answer.code == 2
    assert len(answer.err.strip().splitlines()) == 1
    assert shops.read("runs", "list") == []


def test_base_may_be_asked_for_older_orders(shops: CommandLine) -> None:
    words = ("run", "import_orders", "--shop", "tote", "--from", "2015-01-01", "--to")

    assert shops(*words, "2015-01-02").code == 0


def test_a_ship_date_goes_with_the_run(shops: CommandLine, engine: Engine) -> None:
    shops.ok("run", "return_shipments", "--shop", "tote", "--ship-date", "2026-11-20")

    with engine.connect() as connection:
        request = connection.execute(text("select request from runs")).scalar_one()
    assert request["ship_date"] == "2026-11-20"


def test_a_full_compare_is_asked_for(shops: CommandLine) -> None:
    assert shops.read("run", "sync_stock", "--shop", "tote", "--compare")["mode"] == "compare"


def wait_for_a_watcher(engine: Engine) -> None:
    """Wait until another process asks the same question of the database again and again."""
    asked: dict[str, set[datetime]] = defaultdict(set)
    give_up_at = time.monotonic() + PATIENCE_S
    while not any(len(times) > 2 for times in asked.values()):
        assert time.monotonic() < give_up_at
        with engine.connect() as connection:
            for query, began_at in connection.execute(text(ASKED_BY_OTHERS)):
                asked[query].add(began_at)
        time.sleep(0.05)


def test_ctrl_c_leaves_the_run_going_and_says_how_to_watch_it(
    shops: CommandLine, engine: Engine
) -> None:
    code = "import console.main; console.main.main()"
    waiting = subprocess.Popen(
        [sys.executable, "-c", code, "run", "sync_stock", "--shop", "tote", "--wait"],
        env={**os.environ, "PYTHONPATH": str(ROOT), **shops.environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    wait_for_a_watcher(engine)
    waiting.send_signal(signal.SIGINT)
    _, err = waiting.communicate(timeout=PATIENCE_S)

    assert waiting.returncode == 1
    assert b"renkei runs show" in err
    assert b"Traceback" not in err
    assert [run["state"] for run in shops.read("runs", "list")] == ["running"]


def test_runs_are_filtered_by_what_people_see(shops: CommandLine, engine: Engine) -> None:
    first = shops.read("run", "sync_stock", "--shop", "tote")["id"]
    shops.ok("run", "sync_stock", "--shop", "kura")
    shops.ok("run", "sync_status", "--shop", "kura")
    end_run(engine, first, "succeeded")
    shops.ok("shop", "park", "kura", "--action", "sync_status")

    def ids(*words: str) -> list[str]:
        return [f"{run['shop']} {run['action']}" for run in shops.read("runs", "list", *words)]

    assert len(ids()) == 3
    assert ids("--shop", "tote") == ["tote sync_stock"]
    assert ids("--action", "sync_stock") == ["tote sync_stock", "kura sync_stock"]
    assert ids("--state", "succeeded") == ["tote sync_stock"]
    assert ids("--state", "parked") == ["kura sync_status"]
    assert ids("--state", "running") == ["kura sync_stock"]


def test_figures_of_a_run_under_way_are_those_of_its_items(
    shops: CommandLine, engine: Engine
) -> None:
    run_id = shops.read("run", "sync_stock", "--shop", "tote")["id"]
    with engine.begin() as connection:
        connection.execute(text("update runs set state = 'open', calls = 2"))
        connection.execute(
            text(
                "insert into run_items"
                " (run_id, shop_id, action, key, priority, state, finished_at, calls)"
                " select r.id, r.shop_id, r.action, k.key, 3, k.state, k.finished_at, 1"
                " from runs r, (values ('A', 'succeeded', now()), ('B', 'failed', now()),"
                " ('C', 'due', null)) as k(key, state, finished_at)"
            )
        )

    run = shops.read("runs", "show", str(run_id))

    assert (run["succeeded"], run["failed"], run["calls"]) == (1, 1, 5)
    assert [list(item) for item in run["items"]] == [["key", "state", "attempts", "reason"]] * 3
    assert "B" in shops.ok("runs", "show", str(run_id)).out


def test_the_api_log_is_told_from_a_moment_on(shops: CommandLine, engine: Engine) -> None:
    with engine.begin() as connection:
        for hours in (30, 1):
            connection.execute(
                text(
                    "insert into api_log (shop_id, category, level, message, at)"
                    " select id, '在庫', 'info', :hours, now() - make_interval(hours => :h)"
                    " from shops where key = 'tote'"
                ),
                {"hours": f"{hours} h ago", "h": hours},
            )
    yesterday = (datetime.now(UTC) - timedelta(days=1)).isoformat()

    lines = shops.read("log", "list")
    since = shops.read("log", "list", "--shop", "tote", "--since", yesterday)

    fields = ["at", "shop", "type", "category", "level", "needs_person", "message", "run"]
    assert [line["message"] for line in lines] == ["30 h ago", "1 h ago"]
    assert [line["message"] for line in since] == ["1 h ago"]
    assert list(lines[0]) == [*fields, "shop_removed"]  # SHP-1: lists mark removed shops
    assert lines[0]["type"] == "外部連携API"
    assert lines[0]["at"].endswith("+09:00")
    assert shops.read("log", "list", "--shop", "kura") == []


def test_dead_letters_are_replayed_by_shop_and_action(shops: CommandLine, engine: Engine) -> None:
    for shop, action, key in (
        ("tote", "sync_stock", "A"),
        ("tote", "sync_stock", "B"),
        ("tote", "import_orders", "K1"),
        ("kura", "sync_stock", "A"),
    ):
        bury(engine, shop, action, key)

    answer = shops.read("dead", "replay", "--shop", "tote", "--reason", "cart fixed")

    runs = {(run["shop"], run["action"], run["mode"]) for run in answer["runs"]}
    assert runs == {("tote", "sync_stock", "replay"), ("tote", "import_orders", "replay")}
    states = {(row["shop"], row["key"]): row["state"] for row in shops.read("dead", "list")}
    assert states == {
        ("tote", "A"): "replayed",
        ("tote", "B"): "replayed",
        ("tote", "K1"): "replayed",
        ("kura", "A"): "open",
    }
    row = shops.read("dead", "list", "--shop", "tote")[0]
    assert row["decision_reason"] == "cart fixed"
    assert row["decided_by"]


def test_dead_letters_are_discarded_with_a_reason_all_or_none(
    shops: CommandLine, engine: Engine
) -> None:
    bury(engine, "tote", "sync_stock", "A")
    bury(engine, "tote", "sync_stock", "B")
    first, second = (str(row["id"]) for row in shops.read("dead", "list"))

    unknown = shops("dead", "discard", first, "999", "--reason", "x")
    untouched = [row["state"] for row in shops.read("dead", "list")]
    shops.ok("dead", "discard", first, second, "--reason", "no longer sold")
    again = shops("dead", "replay", first)

    assert unknown.code == 1
    assert untouched == ["open", "open"]
    assert [row["state"] for row in shops.read("dead", "list")] == ["discarded"] * 2
    assert again.code == 1
    assert "discarded" in again.err


def test_dead_letters_are_listed_with_their_story(shops: CommandLine, engine: Engine) -> None:
    bury(engine, "tote", "sync_stock", "A")

    row = shops.read("dead", "list", "--action", "sync_stock", "--state", "open")[0]

    assert list(row)[:9] == [
        "id",
        "shop",
        "action",
        "key",
        "reason",
        "attempts",
        "first_failed_at",
        "last_failed_at",
        "state",
    ]
    assert shops.read("dead", "list", "--action", "import_orders") == []


def add_task(engine: Engine, shop: str, key: str, state: str) -> None:
    with engine.begin() as connection:
        connection.execute(
            text(
                "insert into import_tasks (shop_id, cart_order_key, state, raw, reason)"
                " select id, :key, :state, '{\"注文\": 1}', 'no code' from shops where key = :shop"
            ),
            {"shop": shop, "key": key, "state": state},
        )


def test_tasks_show_the_carts_own_answer(shops: CommandLine, engine: Engine) -> None:
    add_task(engine, "tote", "K1", "failed")
    add_task(engine, "kura", "K2", "converted")

    tasks = shops.read("tasks", "list")
    failed = shops.read("tasks", "list", "--state", "failed", "--shop", "tote")
    one = shops.read("tasks", "show", str(tasks[0]["id"]))

    assert [task["key"] for task in tasks] == ["K1", "K2"]
    assert [task["key"] for task in failed] == ["K1"]
    assert one["raw"] == {"注文": 1}
    assert "raw" not in tasks[0]


def test_tasks_are_converted_again_by_a_run_of_their_shop(
    shops: CommandLine, engine: Engine
) -> None:
    add_task(engine, "tote", "K1", "failed")
    add_task(engine, "tote", "K2", "converted")
    add_task(engine, "kura", "K3", "listed")
    done = shops.read("tasks", "list")[1]["id"]

    unfinished = shops.read("tasks", "convert")
    named = shops.read("tasks", "convert", str(done))
    unknown = shops("tasks", "convert", "999")

    assert sorted(run["shop"] for run in unfinished["runs"]) == ["kura", "tote"]
    assert named["tasks"] == [done]
    assert unknown.code == 1
    with engine.connect() as connection:
        requests = connection.execute(text("select request from runs order by id")).scalars().all()
    assert [request["keys"] for request in requests] == [["K3"], ["K1"], ["K2"]]
