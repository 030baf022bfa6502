"""A steady load without effects: stock pushes of several shops, always some to be done."""

import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine, text

from adapters.postgres.database import DatabaseUnavailable
from adapters.postgres.shops.robots import set_cadence, switch_robot
from adapters.postgres.shops.shops import set_values
from adapters.postgres.stock import counts
from domain.actions import Action, Queue, actions_of
from domain.carts.cart import Cart
from domain.engine.cadence import Cadence
from simulator.client import SimulatorClient
from simulator.process import start
from tests.chaos.faults import Scene
from tests.chaos.station import Station
from tests.chaos.world import World
from workers.places import Places, secret_box

# A shop that has fewer than this many SKUs to be told gets all of them to be told again.
FEW = 12
LATENCY_S = 0.05
# Few threads, many places out at once and slow answers: most notes wait, in Redis and in workers.
CROWDED_THREADS = 4
CROWDED_IN_FLIGHT = 10
CROWDED_LATENCY_S = 0.15
_REFILL = text("""
update stock_pushes p set wanted_version = wanted_version + 1
  from (select shop_id from stock_pushes group by 1
        having count(*) filter (where pushed_version < wanted_version) < :few) s
 where p.shop_id = s.shop_id
""")


@dataclass
class Load:
    """Shops that are told their stock without end."""

    station: Station
    simulator: SimulatorClient
    engine: Engine
    world: World
    scene: Scene

    def rows(self, query: str, **values: object) -> Sequence[tuple[object, ...]]:
        """Return rows, however often the database has to be asked."""
        while True:
            try:
                with self.engine.begin() as connection:
                    return [tuple(row) for row in connection.execute(text(query), values)]
            except DatabaseUnavailable:
                continue

    def wait_for(self, query: str, *, within_s: float = 60.0, **values: object) -> None:
        """Wait until a query returns more than zero."""
        give_up_at = time.monotonic() + within_s
        while not self.number(query, **values):
            if time.monotonic() > give_up_at:
                raise AssertionError(f"not within {within_s} s: {query}\n{self.station.tail()}")
            time.sleep(0.05)

    def set_stock(self, sku: str, pieces: int) -> None:
        """Count a SKU of every merchant."""
        with self.engine.begin() as connection:
            for (merchant_id,) in connection.execute(text("select id from merchants")):
                counts.set_on_hand(connection, merchant_id, {sku: pieces})

    def notes(self) -> int:
        """Return how many notes wait in Redis for a worker that fetches them."""
        with self.scene.redis as redis:
            return sum(int(str(redis.llen(f"renkei:{queue}"))) for queue in Queue)

    def number(self, query: str, **values: object) -> float:
        """Return one figure."""
        ((found,),) = self.rows(query, **values)
        return float(str(found or 0))


@contextmanager
def loaded(
    home: Path,
    logs: Path,
    *,
    pairs: int = 2,
    items: int = 24,
    workers: int = 2,
    busy: bool = True,
    crowded: bool = False,
    detour: Callable[[Places], Places] | None = None,
) -> Iterator[Load]:
    """Start everything and keep it busy until the end of the block.

    Args:
        busy: always have stock to tell; otherwise only what a test changes.
        detour: returns the way by which the programs reach the servers.
        crowded: have more out than there are threads, so that notes wait.
    """
    station = Station(home, logs, workers=workers, threads=CROWDED_THREADS if crowded else None)
    stop = threading.Event()
    try:
        station.open()
        if detour is not None:
            station.go_by(detour(station.places))
        with start() as carts, carts.client() as client:
            latency_s = CROWDED_LATENCY_S if crowded else LATENCY_S
            client.settings(latency_s=latency_s, log_stock_sets=False, hour_limit=10**9)
            engine = station.engine()
            world = World(client, engine, random.Random(1), 0)
            world.open(secret_box(station.settings), pairs=pairs, items=items)
            _only_stock(engine, world)
            if crowded:
                _crowd(engine, world)
            station.start()
            station.wait_until_working()
            scene = Scene(station, client, engine, [], random.Random(1))
            refill = threading.Thread(target=_refill, args=(engine, stop), daemon=True)
            if busy:
                refill.start()
            yield Load(station, client, engine, world, scene)
            stop.set()
            if busy:
                refill.join()
            engine.dispose()
    finally:
        stop.set()
        station.close()


def _only_stock(engine: Engine, world: World) -> None:
    with engine.begin() as connection:
        now = datetime.now(UTC)
        for shop, shop_id in world.shops.items():
            for action in actions_of(Cart(world.carts[shop])):
                on = action is Action.SYNC_STOCK
                switch_robot(connection, shop_id, action, on=on, now=now)
            set_cadence(connection, shop_id, Action.SYNC_STOCK, Cadence(every_s=1), now)


def _crowd(engine: Engine, world: World) -> None:
    with engine.begin() as connection:
        for shop_id in world.shops.values():
            set_values(connection, shop_id, {"in_flight": CROWDED_IN_FLIGHT})


def _refill(engine: Engine, stop: threading.Event) -> None:
    while not stop.wait(0.5):
        try:
            with engine.begin() as connection:
                connection.execute(_REFILL, {"few": FEW})
                # BASE's hour has 5,000 calls; this is about crashes, not about budgets.
                connection.execute(text("delete from call_counts"))
        except DatabaseUnavailable:
            continue
