"""`python -m benchmarks.fairness`: one shop floods, how long do the others wait? (CLS-8)."""

import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import quantiles

import click
from sqlalchemy import text

from adapters.postgres.shops.shops import set_values
from benchmarks.running import Running, running
from benchmarks.tables import show
from domain.actions import Action

QUIET_ACTIONS = (
    Action.IMPORT_ORDERS,
    Action.CONFIRM_ORDERS,
    Action.SYNC_STATUS,
    Action.SYNC_STOCK,
)
SETTLE_S = 20.0
# The flood's limits are raised; what bounds it is how many of its items may be out at a time.
FLOOD_CALLS_PER_SECOND = 5_000

# From due to done: how long an item waited for its turn, a worker and its calls.
_LAGS = text("""
select extract(epoch from finished_at - created_at) as lag
  from run_items
 where shop_id <> :flood and state = 'succeeded' and finished_at between :since and :until
""")
_FLOODED = text("""
select count(*) filter (where finished_at between :since and :until) as done,
       count(*) filter (where state in ('due', 'queued', 'running')) as waiting
  from run_items where shop_id = :flood
""")
_AGAIN = text("""
update stock_pushes set wanted_version = wanted_version + 1
 where shop_id = :flood and pushed_version = wanted_version
""")


@dataclass(frozen=True, slots=True)
class Phase:
    """What one part of the measurement showed, seconds."""

    name: str
    items: int
    median: float
    p95: float
    worst: float
    flood_a_second: float

    def row(self) -> Sequence[str]:
        """Return a row of the table."""
        figures = (self.median, self.p95, self.worst)
        flood = f"{self.flood_a_second:.0f}"
        return (self.name, str(self.items), *(f"{one:.3f}" for one in figures), flood)


@click.command()
@click.option("--minutes", default=10.0, show_default=True, help="Length of each of two phases.")
@click.option("--quiet", default=99, show_default=True, help="Shops with one order a minute.")
@click.option("--skus", default=50_000, show_default=True, help="SKUs of the flooding shop.")
@click.option("--in-flight", default=16, show_default=True, help="Its items out at a time.")
@click.option("--every-s", default=10, show_default=True, help="Cadence of every robot.")
@click.option("--latency-ms", default=50, show_default=True, help="How long the carts think.")
def main(  # noqa: PLR0917 -- one argument per option
    minutes: float, quiet: int, skus: int, in_flight: int, every_s: int, latency_ms: int
) -> None:
    """Measure the quiet shops' lag without and with a flood, and print the table."""
    with running(latency_s=latency_ms / 1000) as here:
        flood = _open(here, quiet, skus, in_flight, every_s)
        stop = threading.Event()
        buyers = threading.Thread(target=_buy, args=(here, stop), daemon=True)
        with here.programs():
            buyers.start()
            time.sleep(SETTLE_S)
            alone = _measured(here, flood, "without flood", minutes)
            with here.engine.begin() as connection:
                connection.execute(_AGAIN, {"flood": flood})
            time.sleep(SETTLE_S)
            flooded = _measured(here, flood, "with flood", minutes)
            stop.set()
            buyers.join()
    show(
        f"lag of {quiet} quiet shops, an order a minute each, robots every {every_s} s;"
        f" p95 with the flood / without: {flooded.p95 / alone.p95:.2f}",
        ("", "items", "median, s", "p95, s", "worst, s", "flood, items a second"),
        [alone.row(), flooded.row()],
    )


def _open(here: Running, quiet: int, skus: int, in_flight: int, every_s: int) -> int:
    carts = here.simulator.seed(shops=-(-quiet // 2), items=3, orders=0, variations=0, pairs=False)
    for shop in carts[:quiet]:
        here.open_shop(shop, QUIET_ACTIONS, every_s)
    (big,) = here.simulator.seed(
        shops=1, items=skus, orders=0, variations=0, carts=["shopserve"], prefix="flood-"
    )
    flood = here.open_shop(big, [Action.SYNC_STOCK], every_s)
    with here.engine.begin() as connection:
        raised = {"calls_per_second": FLOOD_CALLS_PER_SECOND, "in_flight": in_flight}
        set_values(connection, flood, raised)
        connection.execute(text("analyze"))
    return flood


def _buy(here: Running, stop: threading.Event) -> None:
    """Place one order a minute at every quiet shop, spread over the minute."""
    shops = [one.key for one in here.simulator.shops() if not one.key.startswith("flood-")]
    dice = random.Random(1)
    at = {shop: time.monotonic() + dice.uniform(0, 60) for shop in shops}
    while not stop.wait(0.1):
        now = time.monotonic()
        for shop in [one for one, due in at.items() if due <= now]:
            at[shop] += 60
            here.simulator.add_order(shop, "card")


def _measured(here: Running, flood: int, name: str, minutes: float) -> Phase:
    since = datetime.now(UTC)
    give_up_at = time.monotonic() + minutes * 60
    while time.monotonic() < give_up_at:
        time.sleep(1)
        if name == "with flood":
            _keep_flooding(here, flood)
    moments = {"since": since, "until": datetime.now(UTC), "flood": flood}
    with here.engine.begin() as connection:
        lags = [float(row.lag) for row in connection.execute(_LAGS, moments)]
        done = int(connection.execute(_FLOODED, moments).one().done)
    cuts = quantiles(lags, n=20)
    return Phase(name, len(lags), cuts[9], cuts[18], max(lags), done / (minutes * 60))


def _keep_flooding(here: Running, flood: int) -> None:
    """Once the shop is through with its SKUs, it changes them all again."""
    now = datetime.now(UTC)
    with here.engine.begin() as connection:
        row = connection.execute(_FLOODED, {"flood": flood, "since": now, "until": now}).one()
        if row.waiting == 0:
            connection.execute(_AGAIN, {"flood": flood})


if __name__ == "__main__":
    main()
