"""A seeded storm of faults over a living world, then calm, then the verdict."""

import random
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from adapters.postgres.database import DatabaseUnavailable
from adapters.postgres.shops.shops import set_values
from simulator.process import start
from tests.chaos import cart_faults, faults, message_faults, people
from tests.chaos.faults import Fault, Scene
from tests.chaos.station import Station
from tests.chaos.verdict import Verdict, judge, lanes_in_trouble, longest_gap_s
from tests.chaos.world import World
from workers.places import secret_box

# An unknown effect of ShopServe waits for 60 + 30 s after its sending; twice, and some more.
SETTLE_WITHIN_S = 300.0
# A slowed-down shop gets one place back every ten seconds, and then some.
QUIET_WITHIN_S = 90.0
# Calls a second of one BASE shop: about what it needs, so that its turn often has to come first.
SLOW_PACE = 8
# Longer than any storm: whatever is sent twice is accepted twice, and shows.
REPEATS_SHOW_S = 86_400.0

KINDS: Mapping[str, faults.Make] = {
    "kill worker": faults.KillWorker,
    "kill all workers": faults.KillAllWorkers,
    "kill in call": cart_faults.KillInCall,
    "term worker": faults.TermWorker,
    "pause worker": faults.PauseWorker,
    "pause worker shortly": lambda: faults.PauseWorker(3.0),
    "kill beat": faults.KillBeat,
    "pause beat": faults.PauseBeat,
    "flush redis": faults.FlushRedis,
    "kill redis": faults.KillRedis,
    "restart redis": faults.RestartRedis,
    "cut redis connections": faults.DropRedisClients,
    "stop postgres": faults.StopPostgres,
    "cut before effect": lambda: cart_faults.Cut("before"),
    "cut after effect": lambda: cart_faults.Cut("after"),
    "cut reads": lambda: cart_faults.Cut("before", cart_faults.READS),
    "slow calls": cart_faults.Slow,
    "bad answers": cart_faults.BadAnswers,
    "close cart": cart_faults.CloseCart,
    "use up hour": cart_faults.UseUpHour,
    "end tokens": cart_faults.EndTokens,
    "duplicates": message_faults.Duplicates,
    "second slots": message_faults.SecondSlots,
    "full compare": people.AskForCompare,
}


@dataclass(frozen=True)
class Size:
    """How big a storm is.

    Attributes:
        pairs: shops on each cart.
        pause_s: mean time between two faults.
        blind_s: how long ShopServe would accept, and charge, a second settlement request.
    """

    faults: Mapping[str, int]
    pairs: int
    items: int
    orders_a_second: float
    pause_s: float
    blind_s: float = 0.0


@dataclass
class Report:
    """What a storm came to."""

    seed: int
    verdict: Verdict = field(default_factory=Verdict)
    struck: Counter[str] = field(default_factory=Counter)
    storm_s: float = 0.0
    gap_s: float = 0.0
    calm_s: float = 0.0
    kills: int = 0
    timeline: list[str] = field(default_factory=list)
    logged: Mapping[str, int] = field(default_factory=dict)

    def text(self) -> str:
        """Return it for people."""
        lines = [f"seed {self.seed}: storm {self.storm_s:.0f} s, calm after {self.calm_s:.0f} s"]
        lines += [f"struck: {name} {times}" for name, times in sorted(self.struck.items())]
        lines += [f"workers' logs: {phrase!r} {times}" for phrase, times in self.logged.items()]
        lines.append(f"longest time without a finished item: {self.gap_s:.1f} s of the storm")
        lines += [f"processes ended by SIGKILL: {self.kills}", *self.verdict.lines()]
        return "\n".join(lines)


LOGGED = (
    "Traceback (most recent call last)",
    "a bug",
    "Unrecoverable error",
    "lost to a newer owner",
    "the broker was emptied or restarted",
    "outcome not recorded",
)


def storm(size: Size, seed: int, home: Path, logs: Path) -> Report:
    """Run everything once."""
    dice = random.Random(seed)
    with ExitStack() as cleanup:
        station = Station(home, logs)
        cleanup.callback(station.close)
        station.open()
        client = cleanup.enter_context(cleanup.enter_context(start()).client())
        client.settings(
            latency_s=0.02,
            settlement_blind_s=size.blind_s,
            repeat_blind_s=REPEATS_SHOW_S,
            log_stock_sets=False,
        )
        engine = station.engine()
        cleanup.callback(engine.dispose)
        world = World(client, engine, random.Random(dice.random()), size.orders_a_second)
        world.open(secret_box(station.settings), pairs=size.pairs, items=size.items)
        station.start()
        station.wait_until_working()
        base = [shop for shop, cart in world.carts.items() if cart == "thebase"]
        with engine.begin() as connection:
            slow = {"calls_per_second": SLOW_PACE}
            set_values(connection, world.shops[base[-1]], slow)
        return _play(size, Scene(station, client, engine, base, dice), world, Report(seed))


def _play(size: Size, scene: Scene, world: World, report: Report) -> Report:
    station, living = scene.station, world.live()
    began_at = datetime.now(UTC)
    _strike(size, scene, report)
    ended_at = datetime.now(UTC)
    report.storm_s = (ended_at - began_at).total_seconds()
    _calm(scene, world, report)
    world.stop()
    living.join()
    _quiet(world, report)
    with scene.engine.begin() as connection:
        report.gap_s = longest_gap_s(connection, began_at, ended_at)
    if not report.verdict.stuck:
        report.verdict = judge(world, scene.woken)
    report.verdict.stuck += [f"the world: {error}" for error in world.errors]
    report.verdict.stuck += station.troubles
    report.kills = sum(one.endings.count(-9) for one in [*station.workers, *station.beats])
    report.logged = station.logged(*LOGGED)
    return report


def _strike(size: Size, scene: Scene, report: Report) -> None:
    order = [name for name, times in size.faults.items() for _ in range(times)]
    scene.dice.shuffle(order)
    time.sleep(size.pause_s)
    for name in order:
        fault: Fault = KINDS[name]()
        fault.strike(scene)
        report.struck[name] += 1
        report.timeline.append(f"{datetime.now(UTC):%H:%M:%S.%f} {name}")
        time.sleep(scene.dice.uniform(0.5, 1.5) * size.pause_s)


def _calm(scene: Scene, world: World, report: Report) -> None:
    """End every fault and wait until every order has met its fate."""
    scene.station.calm()
    scene.simulator.clear_faults()
    began_at = time.monotonic()
    world.selling = False
    while time.monotonic() < began_at + SETTLE_WITHIN_S:
        time.sleep(0.5)
        scene.station.calm()
        try:
            if world.over():
                break
        except DatabaseUnavailable:
            continue
    else:
        report.verdict.stuck += ["did not come to rest", *world.waiting()]
    report.calm_s = time.monotonic() - began_at


def _quiet(world: World, report: Report) -> None:
    """Switch the robots off and wait until nothing is under way, and every lane is open."""
    world.robots(on=False)
    began_at = time.monotonic()
    while time.monotonic() < began_at + QUIET_WITHIN_S:
        with world.engine.begin() as connection:
            in_trouble = lanes_in_trouble(connection)
        if not world.under_way() and not in_trouble:
            return
        time.sleep(0.2)
    report.verdict.stuck.append("work is still under way, or a lane is blocked or slowed down")
