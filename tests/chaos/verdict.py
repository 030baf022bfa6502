"""Nothing lost, nothing doubled, nothing stuck: the simulator's log and the database, compared."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, text

from tests.chaos.happened import Happened
from tests.chaos.shops import ON_HAND
from tests.chaos.world import Placed, World

SHOPSERVE_MAXIMUM = 9_999
SHOWN = 5


@dataclass
class Verdict:
    """What was found.

    Attributes:
        counts: figures for the table.
        lost, doubled, stuck: sentences, each of them a failure.
    """

    counts: dict[str, int] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Whether there is nothing to complain of."""
        return not (self.lost or self.doubled or self.stuck)

    def exactly(self, what: str, times: int, wanted: int) -> None:
        """Note an effect that came too seldom or too often."""
        if times < wanted:
            self.lost.append(f"{what}: {times}, not {wanted}")
        if times > wanted:
            self.doubled.append(f"{what}: {times}, not {wanted}")

    def lines(self) -> list[str]:
        """Return the verdict for people."""
        found = [f"{name}: {number}" for name, number in self.counts.items()]
        for name in ("lost", "doubled", "stuck"):
            sentences: list[str] = getattr(self, name)
            found.append(f"{name}: {len(sentences)}")
            found += [f"  {sentence}" for sentence in sentences[:SHOWN]]
        return found


def judge(world: World, woken: Sequence[float]) -> Verdict:
    """Compare everything; the robots are off and nothing is under way.

    Args: woken: when processes went on that had stood still for long, Unix seconds.
    """
    verdict = Verdict()
    log = Happened(world.simulator, woken)
    for order in world.placed.values():
        (_judge_shopserve if order.cart == "shopserve" else _judge_base)(order, log, verdict)
    verdict.counts["orders placed"] = len(world.placed)
    verdict.counts["orders cancelled"] = sum(one.cancelled for one in world.placed.values())
    verdict.counts.update(log.totals)
    verdict.doubled += log.repeated
    verdict.exactly("charges refused as second ones", log.totals["settlement_refused"], 0)
    with world.engine.begin() as connection:
        _judge_imports(connection, world, verdict)
        _judge_shelf(connection, world, verdict)
        _judge_stock(connection, world, verdict)
        _judge_rest(connection, verdict)
    return verdict


def _judge_shopserve(order: Placed, log: Happened, verdict: Verdict) -> None:
    shipped = 0 if order.cancelled else 1
    name = f"{order.shop} {order.key} {order.facts['recipe']}"
    confirmed = log.of(order, "order_confirmed")
    verdict.exactly(f"{name} confirmed", confirmed, min(1, confirmed) if order.cancelled else 1)
    charged = shipped if order.facts["payment"] == "CreditCard" else 0
    verdict.exactly(f"{name} charged", log.of(order, "settlement_requested"), charged)
    for delivery in order.order["deliveries"]:
        times = log.of(order, "delivery_shipped", f"{order.key}/{delivery['delivery_no']}")
        verdict.exactly(f"{name} delivery {delivery['delivery_no']}", times, shipped)
    verdict.exactly(f"{name} completed", log.of(order, "order_completed"), shipped)


def _judge_base(order: Placed, log: Happened, verdict: Verdict) -> None:
    shipped = 0 if order.cancelled else 1
    deferred = order.facts["payment"] == "atobarai"
    name = f"{order.shop} {order.key} {order.facts['recipe']}"
    verdict.exactly(
        f"{name} deferred call", log.of(order, "atobarai_shipping"), shipped if deferred else 0
    )
    for line in order.order["order_items"]:
        wanted = 0 if deferred or line["status"] == "cancelled" else shipped
        times = log.of(order, "line_dispatched", str(line["order_item_id"]))
        verdict.exactly(f"{name} line {line['order_item_id']}", times, wanted)


_IMPORTED = text("""
select s.key as shop, i.cart_order_key as key, k.code as sku, sum(l.quantity) as pieces
  from instructions i
  join shops s on s.id = i.shop_id
  join instruction_lines l on l.instruction_id = i.id
  join skus k on k.id = l.sku_id
 group by 1, 2, 3
""")


def _judge_imports(connection: Connection, world: World, verdict: Verdict) -> None:
    """Every order imported once, with every piece of every line."""
    ours: dict[tuple[str, str], Counter[str]] = {}
    for row in connection.execute(_IMPORTED):
        ours.setdefault((row.shop, row.key), Counter())[row.sku] += int(row.pieces)
    verdict.counts["orders imported"] = len(ours)
    for place, order in world.placed.items():
        found = ours.pop(place, Counter())
        for sku, pieces in order.facts["skus"].items():
            verdict.exactly(f"{place} pieces of {sku}", found[sku], pieces)
    verdict.doubled += [f"{place}: nobody ordered that" for place in ours]


_SHELF = text("""
select m.key as merchant, k.code, k.on_hand, k.secured,
       (select coalesce(sum(pieces), 0) from chaos_moves c where c.sku_id = k.id) as moved
  from skus k join merchants m on m.id = k.merchant_id
""")


def _judge_shelf(connection: Connection, world: World, verdict: Verdict) -> None:
    """What left the shelf is what was shipped, and nothing is secured for nobody."""
    owners = text("select s.key, m.key from shops s join merchants m on m.id = s.merchant_id")
    merchant_of: dict[str, str] = {row[0]: row[1] for row in connection.execute(owners)}
    sold: Counter[tuple[str, str]] = Counter()
    for (shop, sku), pieces in world.pieces_sold().items():
        sold[merchant_of[shop], sku] += pieces
    for row in connection.execute(_SHELF):
        left = ON_HAND + int(row.moved) - sold[row.merchant, row.code]
        if row.on_hand != left or row.secured:
            verdict.stuck.append(
                f"{row.merchant} {row.code}: {row.on_hand} on hand, {row.secured} secured,"
                f" expected {left} and 0"
            )


_MAPPED = text("""
select s.key as shop, s.cart, e.item, e.variation, k.on_hand, k.secured
  from mappings m
  join external_items e on e.id = m.external_item_id
  join shops s on s.id = m.shop_id
  join skus k on k.id = m.sku_id
""")


def _judge_stock(connection: Connection, world: World, verdict: Verdict) -> None:
    """Every item of every shop offers what is free."""
    offered = {
        (shop, str(row["item"]), str(row["variation"] or "")): row["quantity"]
        for shop in world.shops
        for row in world.simulator.stock(shop)
    }
    equal = 0
    for row in connection.execute(_MAPPED):
        free = max(0, row.on_hand - row.secured)
        wanted = min(free, SHOPSERVE_MAXIMUM) if row.cart == "shopserve" else free
        shows = offered.get((row.shop, row.item, row.variation))
        equal += shows == wanted
        if shows != wanted:
            verdict.stuck.append(f"{row.shop} {row.item}/{row.variation}: {shows}, not {wanted}")
    verdict.counts["stock figures equal"] = equal


# A lane opens by itself when its time has come; a slowed-down one gets a place each ten seconds.
_LANES = {
    "lanes blocked": "select count(*) from lane_blocks where until > now()",
    "lanes slowed down": "select count(*) from lanes where allowed_in_flight is not null",
}
_NONE_OF = {
    "items not ended": "select count(*) from run_items where state in ('due','queued','running')",
    "runs not ended": "select count(*) from runs where finished_at is null",
    "leases left": "select (select count(*) from run_items where lease_until is not null)"
    " + (select count(*) from runs where lease_until is not null)"
    " + (select count(*) from shops where refresh_holder is not null)",
    "effects not settled": "select count(*) from effects where state <> 'confirmed'",
    "dead letters open": "select count(*) from dead_letters where state in ('open', 'replayed')",
    "bugs": "select count(*) from dead_letters where detail like '%Traceback%'",
    "shops locked out": "select count(*) from shops where auth_failed_at is not null",
    "runs without exactly one last line": "select count(*) from runs r where 1 <>"
    " (select count(*) from api_log l"
    "   where l.run_id = r.id and l.message like '%アクションが終了%')",
    "slots that ran more than once": "select count(*) from (select 1 from runs"
    " where slot is not null group by shop_id, action, slot having count(*) > 1) d",
    "closures not ended": "select count(*) from closures"
    " where source = 'detected' and ended_at is null",
    **_LANES,
}
_FIGURES = {
    "items ended": "select count(*) from run_items",
    "items succeeded": "select count(*) from run_items where state = 'succeeded'",
    "items carried over": "select count(*) from run_items where state = 'carried'",
    "items claimed more than once": "select count(*) from run_items where generation > 1",
    "runs": "select count(*) from runs",
    "full compares": "select count(*) from runs where mode = 'compare'",
    "effects whose first sending was ruled out": "select count(*) from effects where attempts > 1",
    "longest wait of such an effect, s": "select coalesce(ceil(max(extract(epoch from"
    " confirmed_at - planned_at))), 0) from effects where attempts > 1",
    "dead letters that healed": "select count(*) from dead_letters where state = 'closed'",
}


_GAP = text("""
select coalesce(extract(epoch from max(gap)), 0) from (
  select finished_at - lag(finished_at) over (order by finished_at) as gap
    from run_items where finished_at between :since and :until) g
""")


def longest_gap_s(connection: Connection, since: datetime, until: datetime) -> float:
    """Return the longest time in which no item was finished."""
    return float(connection.execute(_GAP, {"since": since, "until": until}).scalar_one())


def lanes_in_trouble(connection: Connection) -> int:
    """Return how many lanes are blocked or slowed down."""
    return sum(int(connection.execute(text(query)).scalar_one()) for query in _LANES.values())


def _judge_rest(connection: Connection, verdict: Verdict) -> None:
    def count(query: str) -> int:
        return int(connection.execute(text(query)).scalar_one())

    for name, query in _FIGURES.items():
        verdict.counts[name] = count(query)
    for name, query in _NONE_OF.items():
        found = count(query)
        if found:
            verdict.stuck.append(f"{name}: {found}")
