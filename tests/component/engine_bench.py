"""The engine in one thread: real PostgreSQL, Redis and HTTP, no Celery, and time as told.

The code under test is production code: `renkei run` asks for a run, `planner.plan_run` plans it,
`executor.work_on` handles its items. Only the messages in between are left out: whatever is
pending or queued in the database is taken at once, in its order.
"""

import itertools
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text

from domain.carts.accounts import place_of
from simulator.client import Document, SimulatedShop, SimulatorClient
from tests.component.command_line import Answer, CommandLine
from workers.actions import sync_stock
from workers.actions.return_shipments import checks
from workers.app import make_app
from workers.engine import executor, planner
from workers.settings import Settings
from workers.wiring import Process

# Waits of the back-off up to here are skipped; a longer one has to be passed with `later`.
SKIPPED_WAIT_S = 20
MOST_ROUNDS = 300
WAITING = (
    ("run_items", "due_at"),
    ("runs", "due_at"),
    ("lane_blocks", "until"),
    ("shop_pauses", "until"),
    ("import_tasks", "retry_after"),
    ("effects", "sent_at"),
)
CARRIER = {"shopserve": "YAMATO", "thebase": "クロネコヤマト"}

_numbers = itertools.count(1)


class Bench:
    """One installation without processes."""

    def __init__(self, renkei: CommandLine, simulator: SimulatorClient) -> None:
        """Args: renkei: the command line on the test's own database."""
        self.renkei = renkei
        self.simulator = simulator
        settings = Settings.from_environ(renkei.environment)
        self.process = Process(make_app(settings.redis_url), settings)
        checks._companies.clear()
        self.cancel_closures()

    def shop(self, cart: str, *recipes: str, **plan: object) -> "BenchShop":
        """Open a shop with one order of each recipe, connected and with its robots off."""
        wish = {
            "orders": 0,
            "items": 5,
            "variations": 0,
            "spread_s": 3600,
            "prefix": f"t{next(_numbers)}-",
            **plan,
        }
        (simulated,) = self.simulator.seed(carts=[cart], **wish)
        words = ("shop", "add", simulated.key, "--cart", cart, "--name", simulated.key)
        self.renkei.ok(
            *(*words, "--api-url", simulated.api_url, "--secrets-stdin"),
            stdin=json.dumps(simulated.secrets),
        )
        # As after its first run, which asks BASE whose tokens it has (STK-8).
        self.sql(
            "update shops set calls_per_second = 1000, in_flight = 4, account = :account,"
            " account_place = :place where key = :key",
            key=simulated.key,
            account=simulated.account,
            place=place_of(simulated.api_url),
        )
        self.sql(
            "update robots set enabled = false"
            " where shop_id = (select id from shops where key = :key)",
            key=simulated.key,
        )
        shop = BenchShop(self, simulated)
        for recipe in recipes:
            shop.add(recipe)
        return shop

    def cancel_closures(self) -> None:
        """Forget every closure: that of the calendar must not decide whether a test passes."""
        for row in self.renkei.read("maintenance", "list"):
            self.renkei.ok("maintenance", "remove", str(row["id"]))
        self.process.closures._read_at = float("-inf")

    def drain(self) -> None:
        """Plan and handle whatever is due, until nothing is but runs that may not start."""
        parked: set[int] = set()
        for _ in range(MOST_ROUNDS):
            self.sql(
                "update run_items set due_at = due_at - make_interval(secs => :longest)"
                " where state = 'due' and due_at > now()"
                " and due_at < now() + make_interval(secs => :longest)",
                longest=SKIPPED_WAIT_S,
            )
            self.sql(
                "update shop_pauses set until = now() where ended_at is null and until > now()"
                " and until < now() + make_interval(secs => :longest)",
                longest=SKIPPED_WAIT_S,
            )
            self.process.pauses.forget()
            pending = self.column("select id from runs where state = 'pending' and due_at <= now()")
            for run_id in sorted(pending):
                planner.plan_run(self.process, run_id)
            executor.admit(self.process)
            queued = self.column("select id from run_items where state = 'queued'")
            for item_id in sorted(queued):
                executor.work_on(self.process, item_id)
            sync_stock.recalculate_secured(self.process)
            if not queued and parked == set(pending):
                return
            parked = set(pending)
        raise AssertionError("the engine does not come to rest")

    def later(self, *, seconds: float = 0, hours: float = 0) -> None:
        """Let time pass for everything that waits for it: its moments move into the past."""
        step_s = seconds + 3600 * hours
        for table, column in WAITING:
            self.sql(
                f"update {table} set {column} = {column} - make_interval(secs => :step)",  # noqa: S608
                step=step_s,
            )
        self.drain()

    def sql(self, statement: str, **values: object) -> None:
        """Change the database behind the product's back."""
        with self.process.database.begin() as connection:
            connection.execute(text(statement), values)

    def column(self, query: str, **values: object) -> list[Any]:
        """Return the first column of a query."""
        with self.process.database.begin() as connection:
            return list(connection.execute(text(query), values).scalars())

    @contextmanager
    def fault(self, action: str, **rule: object) -> Iterator[None]:
        """Let calls go wrong inside the block."""
        number = self.simulator.add_fault(action, **rule)
        try:
            yield
        finally:
            self.simulator.remove_fault(number)

    def close(self) -> None:
        """Let go of every connection."""
        self.process.close()


@dataclass(frozen=True)
class BenchShop:
    """One shop, at the simulator and in the hub under the same key."""

    bench: Bench
    simulated: SimulatedShop

    @property
    def key(self) -> str:
        """Of the shop."""
        return self.simulated.key

    def add(self, recipe: str, **wish: object) -> str:
        """Place one more order; returns its key."""
        wish.setdefault("seed", next(_numbers))
        return str(self.bench.simulator.add_order(self.key, recipe, **wish)["key"])

    def place(self, key: str, **arguments: object) -> None:
        """Do to an order what buyer, bank or staff would do: `change=...`."""
        self.bench.simulator.change_order(self.key, key, **arguments)  # type: ignore[arg-type]

    def order(self, key: str) -> Document:
        """Return an order as the cart has it."""
        found: Document = self.bench.simulator.order(self.key, key)["order"]
        return found

    def run(self, action: str, *words: str) -> Document:
        """Run one action and return the run as `runs show` prints it."""
        asked = self.bench.renkei.read("run", action, "--shop", self.key, *words)
        self.bench.drain()
        return self.shown(asked["id"])

    def scheduled(self, action: str) -> Document:
        """Run one action as its robot would."""
        (run_id,) = self.bench.column(
            "insert into runs (shop_id, action, mode, slot)"
            " select id, :action, 'scheduled', clock_timestamp() from shops where key = :key"
            " returning id",
            action=action,
            key=self.key,
        )
        self.bench.drain()
        return self.shown(run_id)

    def shown(self, run_id: int) -> Document:
        """Return a run."""
        found: Document = self.bench.renkei.read("runs", "show", str(run_id))
        return found

    def orders(self) -> list[Document]:
        """Return the shop's shipping instructions."""
        found: list[Document] = self.bench.renkei.read("orders", "list", "--shop", self.key)
        return found

    def only(self) -> Document:
        """Return the one shipping instruction."""
        (found,) = self.orders()
        return found

    def log(self) -> list[Document]:
        """Return the API log."""
        found: list[Document] = self.bench.renkei.read("log", "list", "--shop", self.key)
        return found

    def messages(self) -> str:
        """Return the lines of the API log."""
        return "\n".join(line["message"] for line in self.log())

    def tasks(self) -> list[Document]:
        """Return the task list."""
        found: list[Document] = self.bench.renkei.read("tasks", "list", "--shop", self.key)
        return found

    def effects(self, *kinds: str) -> list[Document]:
        """Return the simulator's log of this shop."""
        return self.bench.simulator.effects(kinds, self.key)

    def calls(self, endpoint: str = "") -> int:
        """Return how many calls the shop got."""
        return self.bench.simulator.calls(self.key, endpoint)

    def cursor(self) -> datetime | None:
        """Return how far the shop's list was read."""
        found = self.bench.column(
            "select c.position from cursors c join shops s on s.id = c.shop_id where s.key = :key",
            key=self.key,
        )
        return found[0] if found else None

    def carries(self, carrier: str) -> None:
        """Translate every delivery method of the shop's instructions to one carrier."""
        for method in {order["delivery_method"] for order in self.orders()}:
            self.command(
                "method",
                "set",
                "--shop",
                self.key,
                "--method",
                method or "宅配便",
                "--carrier",
                carrier,
            )

    def ship(self, order: Document, *words: str, method: str = "") -> Answer:
        """Ship an instruction with the method it has."""
        chosen = method or order["delivery_method"] or "宅配便"
        tracking = f"4000-{order['number'][-8:]}-{order['part']}".replace("_", "")
        options = ("--method", chosen, "--tracking", tracking, "--shop", self.key)
        return self.command("orders", "ship", order["number"], *options, *words)

    def ship_all(self) -> None:
        """Ship everything that waits for shipment."""
        for order in self.orders():
            if order["status"] == "awaiting_shipment":
                self.ship(order)

    def command(self, *words: str) -> Answer:
        """Give a command that has to work."""
        return self.bench.renkei.ok(*words)

    def stock_up(self, pieces: int = 1000) -> None:
        """Put pieces of every SKU into the warehouse."""
        skus = [row["sku"] for row in self.bench.renkei.read("stock", "list")]
        rows = "".join(f"{sku},{pieces}\n" for sku in skus)
        self.bench.renkei.ok("stock", "import", "-", stdin=f"sku,on_hand\n{rows}")

    def ready_to_return(self, carrier: str = "") -> None:
        """Import, confirm where the cart has that, and ship everything."""
        self.run("import_orders")
        if self.simulated.cart == "shopserve":
            self.run("confirm_orders")
        self.carries(carrier or CARRIER[self.simulated.cart])
        self.stock_up()
        self.ship_all()

    def map_items(self, rows: Sequence[Document] | None = None) -> None:
        """Link the shop's items to the SKUs of the same name."""
        for row in self.simulated.items if rows is None else rows:
            words = ("mapping", "set", "--shop", self.key, "--item", row["item"])
            more = ("--variation", row["variation"]) if row["variation"] else ()
            self.command(*words, *more, "--sku", row["sku"])


def reasons(run: Document) -> dict[str, str]:
    """Return why each item of a run ended as it did."""
    return {item["key"]: item["reason"] for item in run["items"]}


def figures(run: Document) -> tuple[str, int, int, int]:
    """Return state, succeeded, failed and skipped of a run."""
    return run["state"], run["succeeded"], run["failed"], run["skipped"]
