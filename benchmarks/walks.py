"""How far one order, parcel, count and replay walk through the product: modules, moves, statements.

The carts are simulated and the engine runs in one thread, as in the component tests. What is
counted is what production runs: domain, adapters and workers.
"""

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import psycopg
from sqlalchemy import Connection, Engine, event

from adapters.embedded import PrivateServers
from adapters.postgres.migrations import upgrade
from domain.actions import Action
from simulator.process import start
from tests.component.command_line import SECRET_KEY, CommandLine
from tests.component.engine_bench import Bench, BenchShop
from workers.engine import executor, planner

ROOT = Path(__file__).resolve().parents[1]
DRIVER = psycopg.Cursor.execute.__code__.co_filename
COUNTED = tuple(f"{ROOT}/{package}/" for package in ("domain", "adapters", "workers"))
AUTOCOMMIT = "AUTOCOMMIT"


@dataclass
class Walk:
    """What one piece of work passed.

    Attributes:
        route: the modules in the order they were passed, a module again after each other one.
        functions: every function that was called.
        calls: of such functions.
        statements: SQL statements sent, COMMIT and the like not counted.
        transactions: begun; a statement that commits by itself is none.
    """

    name: str
    route: list[str] = field(default_factory=list)
    functions: set[tuple[str, str]] = field(default_factory=set)
    calls: int = 0
    statements: int = 0
    transactions: int = 0

    @property
    def modules(self) -> int:
        """How many different modules."""
        return len(set(self.route))

    @property
    def moves(self) -> int:
        """How often the work went from one module to another."""
        return max(len(self.route) - 1, 0)

    def document(self) -> dict[str, object]:
        """Return the figures, for --json."""
        return {
            "walk": self.name,
            "modules": self.modules,
            "moves": self.moves,
            "functions": len(self.functions),
            "calls": self.calls,
            "transactions": self.transactions,
            "statements": self.statements,
            "route": self.route,
        }

    def saw(self, frame: FrameType, what: str, _: object) -> None:
        """Note one event of sys.setprofile."""
        code = frame.f_code
        # "<module>", "<lambda>", "<listcomp>": parts of the function around them.
        if what != "call" or code.co_name.startswith("<"):
            return
        if code.co_filename == DRIVER and code.co_name in {"execute", "executemany"}:
            self.statements += 1
        if not code.co_filename.startswith(COUNTED):
            return
        module = code.co_filename.removeprefix(f"{ROOT}/")
        self.calls += 1
        self.functions.add((module, code.co_qualname))
        if not self.route or self.route[-1] != module:
            self.route.append(module)

    def began(self, connection: Connection) -> None:
        """Note that SQLAlchemy began a transaction."""
        if connection.get_execution_options().get("isolation_level") != AUTOCOMMIT:
            self.transactions += 1


def measure() -> list[Walk]:
    """Walk all the ways on private servers; takes some seconds."""
    home = Path(tempfile.mkdtemp(prefix="renkei-walks-"))
    try:
        with (
            PrivateServers(home / "servers", durable=False) as addresses,
            start() as carts,
            carts.client() as client,
        ):
            upgrade(addresses.database_url)
            settings = {
                "RENKEI_DATABASE_URL": addresses.database_url,
                "RENKEI_REDIS_URL": addresses.redis_url,
                "RENKEI_SECRET_KEYS": SECRET_KEY,
                "RENKEI_HOME": str(home / "home"),
            }
            bench = Bench(CommandLine(settings, home), client)
            try:
                return [*_import(bench), *_return_and_push(bench), *_replay(bench)]
            finally:
                bench.close()
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _import(bench: Bench) -> Iterator[Walk]:
    """From beat's tick to a stored instruction."""
    shop = bench.shop("thebase")
    shop.run("import_orders")  # the first run's longer window is another way
    key = shop.add("card")
    bench.sql(
        "update robots set enabled = true, next_due_at = now() where action = 'import_orders'"
        " and shop_id = (select id from shops where key = :key)",
        key=shop.key,
    )

    def tick() -> None:
        planner.start_due_runs(bench.process, Action.IMPORT_ORDERS)
        _work(bench)

    yield _walk("BASE order, from beat to instruction", tick)
    _check([order["cart_order_key"] for order in shop.orders()] == [key])
    bench.sql("update robots set enabled = false")


def _return_and_push(bench: Bench) -> Iterator[Walk]:
    """A card is settled and its parcel written; then a count is changed and pushed."""
    shop = bench.shop("shopserve", "card")
    shop.ready_to_return()
    returned = _asked(shop, "return_shipments")
    yield _walk("ShopServe return with settlement", lambda: _work(bench))
    _check(shop.shown(returned)["state"] == "succeeded")

    shop.map_items()
    shop.run("sync_stock")
    sku = bench.renkei.read("stock", "list")[0]["sku"]
    yield _walk("stock set (command)", lambda: bench.renkei.ok("stock", "set", sku, "77"))
    pushed = _asked(shop, "sync_stock")
    yield _walk("SKU push", lambda: _work(bench))
    _check(shop.shown(pushed)["succeeded"] == 1)


def _replay(bench: Bench) -> Iterator[Walk]:
    """An order that failed for good is tried again because a person says so."""
    shop = bench.shop("thebase", "card")
    answer = '{"error":"x","error_description":"y"}'
    with bench.fault("respond", endpoint="orders.detail", status=400, body=answer):
        shop.run("import_orders")
    (dead,) = bench.renkei.read("dead", "list")
    yield _walk("dead replay (command)", lambda: bench.renkei.ok("dead", "replay", str(dead["id"])))
    yield _walk("replay run", lambda: _work(bench))
    _check(len(shop.orders()) == 1)


def _check(done: bool) -> None:
    """Raise RuntimeError when the work just walked was not done: its figures mean nothing."""
    if not done:
        raise RuntimeError("a walk did not lead to its end")


def _asked(shop: BenchShop, action: str) -> int:
    """Return the id of a run that a person asked for."""
    asked: dict[str, Any] = shop.bench.renkei.read("run", action, "--shop", shop.key)
    return int(asked["id"])


def _work(bench: Bench) -> None:
    """Do what the messages of one round would have workers do."""
    for run_id in bench.column("select id from runs where state = 'pending'"):
        planner.plan_run(bench.process, run_id)
    executor.admit(bench.process)
    for item_id in bench.column("select id from run_items where state = 'queued'"):
        executor.work_on(bench.process, item_id)


def _walk(name: str, work: Callable[[], object]) -> Walk:
    walk = Walk(name)
    event.listen(Engine, "begin", walk.began)
    sys.setprofile(walk.saw)
    try:
        work()
    finally:
        sys.setprofile(None)
        event.remove(Engine, "begin", walk.began)
    return walk
