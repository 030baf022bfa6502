"""What `renkei doctor` looks at, one small check each."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from redis.exceptions import RedisError
from sqlalchemy import Engine

from adapters.postgres.clock import DatabaseClock
from adapters.postgres.database import DatabaseUnavailable, autocommit, open_engine
from adapters.postgres.revision import misfit, revision_of
from adapters.postgres.views.checkup import (
    overdue_robots,
    server_version,
    shops_of_lost_time,
    statement_timeout,
    unreadable_secrets,
    unreturned_shipments,
)
from adapters.postgres.views.clocks import clocks_off
from adapters.postgres.views.processes import ProcessSeen, processes_seen
from adapters.postgres.views.shops import needing_authorisation, unserved
from console.output import shown
from domain.engine.liveness import Liveness, ProcessKind
from domain.errors import SyncError
from workers.app import broker_of
from workers.places import NotRunning, Places, places, secret_box
from workers.settings import Settings

OLDEST_POSTGRES = 140_000
CLOCK_TOLERANCE_S = 5.0
# CLS-6: a refresh token lives 30 days; this long before its end a person should know.
WARN_DAYS = 5
OVERDUE_S = 90
OK, WARNING, FAILED = "ok", "warning", "failed"
# What a person does about a server that gives no answer, by the check that asked it.
_NO_ANSWER = {
    "PostgreSQL": "is it running, and is RENKEI_DATABASE_URL right? all work waits for it, nothing"
    " is lost",
    "Redis": "is it running, and is RENKEI_REDIS_URL right? no cart is called meanwhile, nothing"
    " is lost",
}


@dataclass(frozen=True, slots=True)
class Check:
    """What one check found. `state` is `ok`, `warning` or `failed`; `hint` says what to do."""

    name: str
    state: str
    found: str
    hint: str = ""


def look(settings: Settings) -> Iterator[Check]:
    """Yield every check in turn; what needs a server that does not answer is left out."""
    mode = "private servers" if settings.private else "configured servers"
    yield Check("settings", OK, f"{mode}, home {settings.home}")
    try:
        found = places(settings)
    except NotRunning as error:
        yield Check("servers", FAILED, str(error))
        return
    engine = open_engine(found.database_url, connections=1, name="renkei doctor")
    try:
        yield from _database(engine, settings)
    finally:
        engine.dispose()
    yield from _redis(found)


def _database(engine: Engine, settings: Settings) -> Iterator[Check]:
    first = _guarded("PostgreSQL", lambda: _postgres(engine))
    yield first
    if first.state == FAILED:
        return
    schema = _guarded("schema", lambda: _schema(engine))
    yield _guarded("clock", lambda: _clock(engine))
    yield schema
    yield _guarded("time-outs", lambda: _time_outs(engine))
    if schema.state == OK:
        yield _guarded("secrets", lambda: _secrets(engine, settings))
        yield from _shops(engine)
        yield from _unserved(engine)
        yield _guarded("database", lambda: _lost_time(engine))
        yield _guarded("robots", lambda: _robots(engine))
        yield from _processes(engine)
        yield from _clocks(engine)
        yield _guarded("shipments", lambda: _shipments(engine))


def _redis(found: Places) -> Iterator[Check]:
    yield _guarded("Redis", lambda: _redis_version(found))


def _guarded(name: str, check: Callable[[], Check]) -> Check:
    """Turn what a check cannot get past into its finding."""
    try:
        return check()
    except (SyncError, RedisError, OSError) as error:
        found = f"{type(error).__name__}: {error}".splitlines()[0]
        return Check(name, FAILED, found, _NO_ANSWER.get(name, ""))


def _postgres(engine: Engine) -> Check:
    with engine.begin() as connection:
        number, version = server_version(connection)
    if number < OLDEST_POSTGRES:
        return Check("PostgreSQL", FAILED, version, "version 14 or newer is needed")
    return Check("PostgreSQL", OK, version)


def _schema(engine: Engine) -> Check:
    with autocommit(engine).connect() as connection:
        current = revision_of(connection)
    wrong = misfit(current)
    if wrong is None:
        return Check("schema", OK, f"revision {current}")
    what, _, hint = wrong.partition(": ")
    return Check("schema", FAILED, what, hint)


def _clock(engine: Engine) -> Check:
    ahead_s = DatabaseClock(engine).machine_ahead_s()
    state = OK if abs(ahead_s) <= CLOCK_TOLERANCE_S else FAILED
    hint = "" if state == OK else "set the clock of this machine by NTP"
    return Check("clock", state, f"{abs(ahead_s):.3f} s apart from PostgreSQL's", hint)


def _clocks(engine: Engine) -> Iterator[Check]:
    """Yield each clock that is off: nothing of ours goes by it, but it is nobody's wish."""
    with engine.begin() as connection:
        off = clocks_off(connection, CLOCK_TOLERANCE_S)
    for one in off:
        side = "ahead of" if one.ahead_s > 0 else "behind"
        hint = "orders are read from the earlier to the later of both clocks: tell the cart"
        if not one.cart:
            hint = "set the clock of its machine by NTP"
        yield Check("clocks", WARNING, f"{one.name}: {abs(one.ahead_s):.0f} s {side} ours", hint)
    if not off:
        yield Check("clocks", OK, "every process and every cart agrees with PostgreSQL")


def _secrets(engine: Engine, settings: Settings) -> Check:
    with engine.begin() as connection:
        count = unreadable_secrets(connection, secret_box(settings))
    if count:
        hint = "put the key they were written with back into RENKEI_SECRET_KEYS"
        return Check("secrets", FAILED, f"{count} shops' secrets cannot be read", hint)
    return Check("secrets", OK, "every stored secret can be read")


def _shops(engine: Engine) -> Iterator[Check]:
    with engine.begin() as connection:
        rows = needing_authorisation(connection, WARN_DAYS)
    if not rows:
        yield Check("shops", OK, "every shop is authorised")
    for row in rows:
        key = row["shop"]
        hint = f"renkei shop authorize {key} --merchant {row['merchant']}"
        if row["never"]:
            yield Check("shops", FAILED, f"{key} was never authorised", hint)
        elif row["auth_failed_at"]:
            told = f"{key} refuses its credentials since {shown(row['auth_failed_at'])}"
            if row["incident"]:
                told += ", as others of its cart do"
            again = f"asked again by itself at {shown(row['probe_at'])}"
            hint = f"{again}; or renkei shop test {key}, then authorize it or set its secrets anew"
            yield Check("shops", FAILED, told, hint)
        else:
            ends = shown(row["refresh_expires_at"])
            yield Check("shops", WARNING, f"{key}: authorisation ends {ends}", hint)


def _unserved(engine: Engine) -> Iterator[Check]:
    with engine.begin() as connection:
        rows = unserved(connection)
    for row in rows:
        told = f"{row['shop']} is not served since {shown(row['since'])}: {row['reason']}"
        hint = f"tried again by itself at {shown(row['until'])}; at once: renkei shop unpark"
        yield Check("shops", WARNING, told, f"{hint} {row['shop']}")


def _lost_time(engine: Engine) -> Check:
    with engine.begin() as connection:
        count = shops_of_lost_time(connection)
    if count:
        found = f"it was set back to an earlier time; {count} shops send nothing"
        hint = "stop all processes, then renkei db restored --at TIME"
        return Check("database", FAILED, found, hint)
    return Check("database", OK, "it has lost no time")


def _robots(engine: Engine) -> Check:
    with engine.begin() as connection:
        count = overdue_robots(connection, OVERDUE_S)
    if count:
        return Check("robots", FAILED, f"{count} robots are overdue", "is beat running?")
    return Check("robots", OK, "no robot is overdue")


def _shipments(engine: Engine) -> Check:
    """Count "shipped, cart does not know" (RET-1); a few are normal until the day's run."""
    with engine.begin() as connection:
        rows = unreturned_shipments(connection)
    late = [row for row in rows if row[3]]
    count = sum(row[2] for row in rows)
    found = f"{count} shipped that the cart does not know of"
    if not late:
        return Check("shipments", OK, found)
    shops = ", ".join(f"{shop} {many} (--merchant {merchant})" for merchant, shop, _, many in late)
    hint = "renkei orders list --unreturned, and what the last run of return_shipments says"
    return Check("shipments", WARNING, f"{found}; for more than a day: {shops}", hint)


def _redis_version(found: Places) -> Check:
    with broker_of(found.redis_url) as client:
        facts = client.info("server")
    return Check("Redis", OK, str(facts.get("valkey_version") or facts.get("redis_version")))


def _processes(engine: Engine) -> Iterator[Check]:
    """Yield how the workers do, and beat; one of each that works is enough."""
    try:
        with engine.begin() as connection:
            seen = processes_seen(connection)
    except DatabaseUnavailable as error:
        yield Check("workers", FAILED, str(error))
        return
    for kind, name in ((ProcessKind.WORKER, "workers"), (ProcessKind.BEAT, "beat")):
        yield _of_kind(name, [one for one in seen if one.kind is kind])


def _of_kind(name: str, seen: Sequence[ProcessSeen]) -> Check:
    if not seen:
        return Check(name, FAILED, "none runs", "start `renkei up`, or the program itself")
    found = ", ".join(_described(one) for one in seen)
    states = {one.liveness for one in seen}
    if states == {Liveness.WORKS}:
        return Check(name, OK, found)
    state = WARNING if Liveness.WORKS in states else FAILED
    return Check(
        name,
        state,
        found,
        "hung: see its log, start it again; silent: it was killed, "
        "or it does not reach the database",
    )


def _described(one: ProcessSeen) -> str:
    if one.liveness is Liveness.HUNG:
        return f"{one.name} hung for {one.idle_s:.0f} s"
    if one.liveness is Liveness.SILENT:
        return f"{one.name} silent for {one.silent_s:.0f} s"
    return one.name


def _time_outs(engine: Engine) -> Check:
    """Tell whether the server ends single statements; a pooler does not let us ask it to."""
    with autocommit(engine).connect() as connection:
        set_to = statement_timeout(connection)
    if set_to == "0":
        hint = "alter role … set statement_timeout = '12s' (docs/operations.md, PgBouncer)"
        return Check("time-outs", WARNING, "none for single statements", hint)
    return Check("time-outs", OK, f"statements end after {set_to}")
