"""A whole installation as a person has it: servers, workers, beat, carts and the command line."""

import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from adapters.embedded.run_as import as_self
from console.supervisor.programs import Program, beat_program, environment, worker_programs
from domain.engine.cadence import TOKYO
from simulator.client import Document, SimulatedShop, SimulatorClient
from tests.component.command_line import CommandLine
from workers.settings import Settings

ROOT = Path(__file__).parents[2]
# What `.venv/bin/renkei` holds, which exists only after `make setup`.
COMMAND = "import console.main; console.main.main()"
WORKERS = "2"
THREADS = "8"
# Bounds for a machine at a load of thirty; nothing is measured by them.
READY_S = 300.0
STOP_S = 120.0
RUN_S = "600"
COMMAND_S = 660.0
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Answer:
    """What one call of the command line left."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:  # noqa: ANN401 -- whatever was printed
        """The one document on standard output."""
        return json.loads(self.out)


@dataclass
class Running:
    """One program of the installation and its log."""

    program: Program
    process: "subprocess.Popen[bytes]"
    log: Path

    def wait_until_ready(self) -> None:
        """Wait for what its log says once it works."""
        wait_for(lambda: self.program.ready_text in self.log.read_text(errors="replace"))

    def stop(self) -> None:
        """Ask it to drain and leave."""
        self.process.terminate()
        try:
            self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@dataclass
class Installation:
    """Everything behind one RENKEI_HOME. Args: simulator: both carts."""

    home: Path
    simulator: SimulatorClient
    running: dict[str, Running] = field(default_factory=dict)

    @property
    def settings(self) -> Mapping[str, str]:
        """The RENKEI_ variables of every process: the home says the rest."""
        return {
            "RENKEI_HOME": str(self.home),
            "RENKEI_WORKERS": WORKERS,
            "RENKEI_THREADS": THREADS,
            "RENKEI_LOG_FORMAT": "json",
        }

    def start(self) -> None:
        """Start the workers and beat as `renkei up` does, and wait until they work."""
        settings = Settings.from_environ(self.settings)
        for program in (*worker_programs(settings), beat_program()):
            self.start_program(program)
        for one in self.running.values():
            one.wait_until_ready()

    def start_program(self, program: Program) -> Running:
        """Start one program with a log of its own."""
        settings = Settings.from_environ(self.settings)
        folder = self.home / "log"
        folder.mkdir(exist_ok=True)
        log = folder / f"{program.name}-{next(_numbers)}.log"
        with log.open("wb") as file:
            process = subprocess.Popen(
                as_self().command(program.command, on_orphaned="SIGKILL"),
                env=environment(settings, {**clean_environment(), **self.settings}),
                cwd=ROOT,
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        started = Running(program, process, log)
        self.running[program.name] = started
        return started

    def stop(self) -> None:
        """Stop what start began, beat first."""
        for name in sorted(self.running):  # beat, then w1, w2
            self.running[name].stop()

    def logs(self) -> str:
        """Return what all processes wrote."""
        files = sorted((self.home / "log").glob("*.log"))
        return "\n".join(file.read_text(errors="replace") for file in files)

    def command(
        self,
        *words: str,
        stdin: str = "",
        settings: Mapping[str, str] | None = None,
    ) -> Answer:
        """Give a command as people do: a process of its own, from another folder."""
        done = subprocess.run(
            [sys.executable, "-c", COMMAND, *words],
            env={**clean_environment(), "PYTHONPATH": str(ROOT), **(settings or self.settings)},
            cwd=self.home,
            input=stdin.encode(),
            capture_output=True,
            check=False,
            timeout=COMMAND_S,
        )
        return Answer(done.returncode, done.stdout.decode(), done.stderr.decode())


def clean_environment() -> dict[str, str]:
    """Return the environment without what would configure another installation."""
    return {name: value for name, value in os.environ.items() if not name.startswith("RENKEI_")}


def wait_for(condition: Callable[[], bool], timeout_s: float = READY_S) -> None:
    """Wait until something holds; a test that waits longer fails."""
    give_up_at = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < give_up_at, "waited in vain"
        time.sleep(0.05)


@dataclass(frozen=True)
class Merchant:
    """One merchant of the installation: a test has its own, so that tests do not meet."""

    hub: Installation
    key: str

    def __call__(self, *words: str, stdin: str = "") -> Answer:
        """Give a command for this merchant."""
        return self.hub.command(*words, "--merchant", self.key, stdin=stdin)

    def ok(self, *words: str, stdin: str = "") -> Answer:
        """Give a command that has to work."""
        answer = self(*words, stdin=stdin)
        assert answer.code == 0, (words, answer)
        return answer

    def quick(self, *words: str, stdin: str = "") -> Any:  # noqa: ANN401 -- whatever was printed
        """Give a command in this process, for preparing and looking; returns its JSON."""
        hub = CommandLine(self.hub.settings, self.hub.home)
        return hub.ok(*words, "--merchant", self.key, "--json", stdin=stdin).json

    def shop(self, cart: str, *, robots: bool = False, **plan: object) -> "Shop":
        """Open a shop that calls as fast as it can, its robots off unless they are wanted."""
        wish = {"items": 5, "variations": 0, "spread_s": 3600, "prefix": f"{self.key}-", **plan}
        (simulated,) = self.hub.simulator.seed(carts=[cart], **wish)
        shop = Shop(self, simulated)
        shop.add()
        self.quick("shop", "set", shop.key, "calls_per_second=1000", "in_flight=8")
        if not robots:
            for robot in self.quick("robot", "list", "--shop", shop.key):
                self.quick("robot", "set", shop.key, robot["action"], "--off")
        return shop

    def stock_up(self, rows: Sequence[Document], pieces: int) -> None:
        """Say how many pieces of these items' SKUs are in the warehouse."""
        lines = "".join(f"{row['sku']},{pieces}\n" for row in rows)
        self.quick("stock", "import", "-", stdin=f"sku,on_hand\n{lines}")


@dataclass(frozen=True)
class Shop:
    """One shop, at the simulator and in the hub under the same key."""

    merchant: Merchant
    simulated: SimulatedShop

    @property
    def key(self) -> str:
        """Of the shop."""
        return self.simulated.key

    @property
    def simulator(self) -> SimulatorClient:
        """Both carts."""
        return self.merchant.hub.simulator

    def add(self) -> Document:
        """Add the shop to the hub, or add it again."""
        seen = self.simulated
        words = ("shop", "add", self.key, "--cart", seen.cart, "--name", self.key)
        address = ("--api-url", seen.api_url, "--secrets-stdin")
        added: Document = self.merchant.quick(*words, *address, stdin=json.dumps(seen.secrets))
        return added

    def run(self, action: str, *words: str) -> Document:
        """Run one action, wait for it, and return the run; it has to succeed."""
        options = ("--shop", self.key, "--wait", "--timeout", RUN_S, "--json")
        found: Document = self.merchant.ok("run", action, *options, *words).json
        assert found["state"] == "succeeded"
        return found

    def orders(self) -> list[Document]:
        """Return the shop's shipping instructions."""
        found: list[Document] = self.merchant.quick("orders", "list", "--shop", self.key)
        return found

    def effects(self, *kinds: str) -> list[Document]:
        """Return the simulator's log of this shop."""
        return self.simulator.effects(kinds, self.key)

    def facts(self) -> list[Document]:
        """Return what the simulator knows of the orders that are imported."""
        return [fact for fact in self.simulator.orders(self.key) if not fact["refusal"]]

    def change(self, key: str, change: str, **arguments: object) -> None:
        """Do to an order what buyer, bank or staff would do."""
        self.simulator.change_order(self.key, key, change, **arguments)

    def map_items(self) -> None:
        """Link every item to the SKU of its name, by file."""
        lines = "".join(
            f"{self.key},{row['item']},{row['variation']},{row['sku']},,\n"
            for row in self.simulated.items
        )
        header = "shop,item,variation,sku,low_stock,unlimited\n"
        self.merchant.quick("mapping", "import", "-", stdin=header + lines)

    def carries(self, carrier: str) -> None:
        """Translate every delivery method of the shop's instructions to one carrier."""
        for method in sorted({order["delivery_method"] for order in self.orders()}):
            self.translate(method, carrier)

    def translate(self, method: str, carrier: str) -> None:
        """Say which carrier of the cart one delivery method means."""
        words = ("method", "set", "--shop", self.key, "--method", method)
        self.merchant.quick(*words, "--carrier", carrier)

    def ship(self, orders: Sequence[Document], *, days_ago: int = 0) -> None:
        """Ship instructions by file, each with a tracking number of its own."""
        day = (datetime.now(TOKYO) - timedelta(days=days_ago)).date() if days_ago else ""
        lines = "".join(
            f"{order['number']},{order['delivery_method']},{tracking_of(order)},{day}\n"
            for order in orders
        )
        words = ("orders", "import-shipments", "-", "--shop", self.key)
        self.merchant.ok(*words, stdin=f"number,method,tracking,date\n{lines}")

    def ready_to_return(self, carrier: str) -> None:
        """Import, confirm where the cart has that, and ship everything."""
        self.run("import_orders")
        if self.simulated.cart == "shopserve":
            self.run("confirm_orders")
        self.carries(carrier)
        self.merchant.stock_up(self.simulated.items, 1000)
        self.ship(self.orders())

    @contextmanager
    def fault(self, action: str, **rule: object) -> Iterator[None]:
        """Let calls of this shop go wrong inside the block."""
        number = self.simulator.add_fault(action, shop=self.key, **rule)
        try:
            yield
        finally:
            self.simulator.remove_fault(number)


def tracking_of(order: Document) -> str:
    """Return the tracking number a test gives an instruction."""
    return f"4000-{order['number'][-8:].replace('-', 'x')}-{order['part']}"
