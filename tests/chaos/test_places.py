"""PLC-1 with real processes: servers that are silent, read-only, pooled or end every session."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen

import pytest
from sqlalchemy import text

from adapters.postgres.database import autocommit
from tests.chaos.load import Load, loaded
from tests.component.pgbouncer import running, start
from tests.component.relay import Relay
from workers.places import Places

pytestmark = pytest.mark.chaos_long

# Longer than every deadline, so that nobody merely waits it out.
SILENCE_S = 20.0
READ_ONLY_S = 8.0
STORM_S = 10.0
# What was out with a silent connection waits for its lease of 15 s after it was given up.
PROMISED_S = 45.0
# An item begun after a moment has ended: work goes on.
GOES_ON = """
select count(*) from run_items
 where finished_at > :since and state = 'succeeded' and created_at > :since
"""
# The longest time without a finished item since the trouble began.
GAP = """
select extract(epoch from max(gap)) from (
  select finished_at - lag(finished_at, 1, :began) over (order by finished_at) as gap
    from run_items where finished_at > :began) g
"""
STILL_OUT = """
select count(*) from run_items where id = any(:out) and finished_at is null
"""
OUT = "select id from run_items where state in ('queued', 'running')"
LETTERS = "select count(*) from dead_letters"
WORKING = """
select count(*) from processes where kind = 'worker' and beat_at > now() - interval '5 seconds'
   and worked_at > now() - interval '5 seconds'
"""


@dataclass
class Ways:
    """What the programs go through; opened when the servers are known."""

    stack: ExitStack
    postgres: Relay = field(init=False)
    redis: Relay = field(init=False)

    def open(self, places: Places) -> Places:
        self.postgres = self.stack.enter_context(Relay(places.database_url))
        self.redis = self.stack.enter_context(Relay(places.redis_url))
        return Places(self.postgres.url, self.redis.url)


@contextmanager
def by_relays(home: Path, logs: Path) -> Iterator[tuple[Load, Ways]]:
    with ExitStack() as stack:
        ways = Ways(stack)
        with loaded(home, logs, detour=ways.open) as load:
            yield load, ways


def _now(load: Load) -> object:
    ((now,),) = load.rows("select clock_timestamp()")
    return now


def _measure(load: Load, kind: str, trouble: Callable[[], object]) -> None:
    """Let trouble come and go; work goes on in time, and nothing of it was taken for a bug."""
    load.wait_for(GOES_ON, since=_now(load))
    out = [row[0] for row in load.rows(OUT)]
    began = _now(load)
    trouble()
    since = _now(load)
    over_at = time.monotonic()
    load.wait_for(GOES_ON, since=since, within_s=300)
    goes_on_s = time.monotonic() - over_at
    load.wait_for(f"select (({STILL_OUT}) = 0)::int", out=out, within_s=300)
    ended_s = time.monotonic() - over_at
    load.wait_for(f"select (({WORKING}) = 2)::int", within_s=300)
    gap_s = load.number(GAP, began=began)
    print(f"\n| {kind} | {goes_on_s:.1f} | {ended_s:.1f} | {gap_s:.1f} |")
    assert goes_on_s < PROMISED_S
    assert load.number(LETTERS) == 0
    said = load.station.logged("a bug", "Traceback", '"traceback"', "Unrecoverable error")
    assert not any(said.values()), said
    assert not any(one.endings for one in [*load.station.workers, *load.station.beats])


@pytest.mark.parametrize("newcomers", [False, True], ids=["open ones", "all"])
def test_plc_1_connections_to_postgresql_that_go_silent_cost_seconds(
    home: Path, tmp_path: Path, *, newcomers: bool
) -> None:
    with by_relays(home, tmp_path / "logs") as (load, ways):

        def trouble() -> None:
            ways.postgres.silence(newcomers=newcomers)
            if newcomers:
                time.sleep(SILENCE_S)
                ways.postgres.speak()

        kind = "all silent for 20 s, from their end" if newcomers else "open ones silent for good"
        _measure(load, f"connections to PostgreSQL, {kind}", trouble)


@pytest.mark.parametrize("newcomers", [False, True], ids=["open ones", "all"])
def test_plc_1_connections_to_redis_that_go_silent_cost_seconds(
    home: Path, tmp_path: Path, *, newcomers: bool
) -> None:
    with by_relays(home, tmp_path / "logs") as (load, ways):

        def trouble() -> None:
            ways.redis.silence(newcomers=newcomers)
            if newcomers:
                time.sleep(SILENCE_S)
                ways.redis.speak()

        kind = "all silent for 20 s, from their end" if newcomers else "open ones silent for good"
        _measure(load, f"connections to Redis, {kind}", trouble)


def _read_only(load: Load, state: str) -> None:
    """Have new sessions of the role refuse to write, and end those that would not."""
    with autocommit(load.engine).connect() as connection:
        # Our own session may be one that begins read-only.
        connection.execute(text("set session characteristics as transaction read write"))
        connection.execute(text(f"alter role renkei set default_transaction_read_only = {state}"))
        if state == "on":
            _end_sessions(load)


def _end_sessions(load: Load) -> None:
    with autocommit(load.engine).connect() as connection:
        connection.execute(
            text(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where usename = current_user and application_name like 'renkei%'"
            )
        )


def test_plc_1_a_database_that_is_read_only_for_a_while_costs_seconds(
    home: Path, tmp_path: Path
) -> None:
    """As a standby is, before it is promoted: sessions begin, and refuse to write."""
    with loaded(home, tmp_path / "logs") as load:

        def trouble() -> None:
            _read_only(load, "on")
            time.sleep(READ_ONLY_S)
            _read_only(load, "off")

        _measure(load, "PostgreSQL read-only for 8 s, from its end", trouble)


def test_plc_1_a_storm_of_ended_sessions_costs_seconds(home: Path, tmp_path: Path) -> None:
    with loaded(home, tmp_path / "logs") as load:

        def trouble() -> None:
            end_at = time.monotonic() + STORM_S
            while time.monotonic() < end_at:
                _end_sessions(load)
                time.sleep(0.2)

        _measure(load, "every session ended five times a second for 10 s, from their end", trouble)


@pytest.mark.parametrize("killed", [False, True], ids=["stands still", "killed"])
def test_plc_1_a_pgbouncer_that_stands_still_or_dies_under_load_costs_seconds(
    home: Path, tmp_path: Path, *, killed: bool
) -> None:
    found: list[Popen[bytes]] = []
    with ExitStack() as stack:

        def detour(places: Places) -> Places:
            url, process = stack.enter_context(
                running(places.database_url, ignores_options=False, pool_size=12)
            )
            found.append(process)
            return Places(url, places.redis_url)

        def stand_still() -> None:
            found[0].send_signal(signal.SIGSTOP)
            time.sleep(SILENCE_S)
            found[0].send_signal(signal.SIGCONT)

        def die() -> None:
            found[0].kill()
            time.sleep(2)
            again = start(found[0].args)
            stack.callback(again.wait)
            stack.callback(again.kill)

        with loaded(home, tmp_path / "logs", detour=detour) as load:
            if killed:
                _measure(load, "PgBouncer killed, back after 2 s", die)
            else:
                _measure(load, "PgBouncer stopped for 20 s", stand_still)
