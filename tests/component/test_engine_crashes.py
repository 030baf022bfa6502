"""What crashes leave behind, one crash point at a time (docs/decisions/0003-runs-and-items.md).

The bench plays the other worker: it lets leases end, sweeps and drains.
"""

import threading
from collections.abc import Callable

import pytest
from redis import Redis

from adapters.postgres.engine import items as item_rows
from adapters.postgres.engine import runs as run_rows
from adapters.postgres.engine.items import QueuedItem
from adapters.postgres.engine.recovery import LOST_CLAIMS_LIMIT
from adapters.redis.budget import Allowance
from adapters.thebase.client import TheBaseCart
from domain.actions import Action
from domain.carts.ports import ItemKey, StockLevel
from domain.errors import ApiFamily, LeaseLost, OutcomeUnknown
from tests.component.engine_bench import Bench, BenchShop
from tests.component.relay import Relay
from workers.app import dispatcher_of, make_app
from workers.calls.gate import ShopGate
from workers.calls.tokens.refresh import SharedTokens
from workers.engine import executor, planner, rescuer
from workers.engine.leases import ITEMS
from workers.wiring import _MARKER, Process


def _stocked(bench: Bench, cart: str = "thebase") -> BenchShop:
    shop = bench.shop(cart)
    shop.map_items()
    shop.stock_up(50)
    return shop


def _claimed(bench: Bench, shop: BenchShop) -> item_rows.ClaimedItem:
    """Plan a stock run and claim its first item, as a worker would."""
    bench.renkei.read("run", "sync_stock", "--shop", shop.key)
    (run_id,) = bench.column("select id from runs where state = 'pending'")
    planner.plan_run(bench.process, run_id)
    first = min(bench.column("select id from run_items where state = 'queued'"))
    with bench.process.database.begin() as connection:
        item = item_rows.claim(connection, first)
    assert item is not None
    return item


def _die(bench: Bench, item_id: int) -> None:
    """Let the lease of an item end, and the sweep find it."""
    bench.sql(
        "update run_items set lease_until = now() - interval '1 s' where id = :id", id=item_id
    )
    rescuer.rescue(bench.process)


def _between_call_and_record(
    monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[], None]
) -> None:
    """Stop the first worker between its call and its record, once."""
    answered, todo = ShopGate.answered, [meanwhile]

    def stopped(gate: ShopGate) -> None:
        if todo and gate.lease.kind == ITEMS:
            todo.pop()()
        answered(gate)

    monkeypatch.setattr(ShopGate, "answered", stopped)


def test_cls_7_a_completion_with_an_old_generation_is_refused_and_the_push_sent_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = _stocked(bench)
    shop.run("sync_stock")
    row = shop.simulated.items[0]

    def meanwhile() -> None:
        (running,) = bench.column("select id from run_items where state = 'running'")
        bench.renkei.ok("stock", "set", row["sku"], "7")
        _die(bench, running)
        bench.drain()
        # What the first worker sent arrives only now, after the newer number.
        bench.simulator.set_stock(shop.key, row["item"], 60, row["variation"] or "")

    bench.renkei.ok("stock", "set", row["sku"], "60")
    _between_call_and_record(monkeypatch, meanwhile)
    run = shop.run("sync_stock")
    assert run["succeeded"] == 1
    assert shop.run("sync_stock")["succeeded"] == 1

    shown = {one["sku"]: one["quantity"] for one in bench.simulator.shop(shop.key).items}
    assert shown[row["sku"]] == 7
    assert bench.column("select generation from run_items where key = :k", k=row["sku"]) == [
        1,
        2,
        1,
    ]


def test_stk_05_a_late_push_whose_answer_was_lost_as_well_is_sent_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that stands still for longer than its lease finds its call timed out, too."""
    shop = _stocked(bench)
    shop.run("sync_stock")
    row = shop.simulated.items[0]
    bench.renkei.ok("stock", "set", row["sku"], "60")
    told, todo = TheBaseCart.set_stock, [True]

    def stands_still(cart: TheBaseCart, key: ItemKey, level: StockLevel) -> int | None:
        answer = told(cart, key, level)
        if not todo:
            return answer
        todo.pop()
        (running,) = bench.column("select id from run_items where state = 'running'")
        bench.renkei.ok("stock", "set", row["sku"], "7")
        _die(bench, running)
        bench.drain()
        bench.simulator.set_stock(shop.key, row["item"], 60, row["variation"] or "")
        raise OutcomeUnknown("no answer in time")

    monkeypatch.setattr(TheBaseCart, "set_stock", stands_still)
    shop.run("sync_stock")
    shop.run("sync_stock")

    shown = {one["sku"]: one["quantity"] for one in bench.simulator.shop(shop.key).items}
    assert shown[row["sku"]] == 7


def test_cls_7_a_worker_whose_lease_ended_makes_no_call(bench: Bench) -> None:
    shop = _stocked(bench)
    item = _claimed(bench, shop)
    with bench.process.item_leases.hold(item.id, item.generation, claimed_at=-1e6) as lease:
        work = bench.process.open_work(item, lease)

        with pytest.raises(LeaseLost):
            work.gate.admit(ApiFamily.STOCK, 20)

    assert shop.calls("items.edit_stock") == 0


def test_cls_7_an_order_that_kills_its_workers_is_given_up_and_the_others_go_on(
    bench: Bench,
) -> None:
    shop = _stocked(bench)
    bench.sql("update shops set in_flight = 16")
    poison = _claimed(bench, shop)
    for _ in range(LOST_CLAIMS_LIMIT - 1):
        _die(bench, poison.id)
        executor.admit(bench.process)
        with bench.process.database.begin() as connection:
            assert item_rows.claim(connection, poison.id) is not None
    _die(bench, poison.id)
    bench.drain()

    run = shop.shown(poison.run_id)
    assert (run["state"], run["failed"]) == ("partly_failed", 1)
    (letter,) = bench.renkei.read("dead", "list")
    assert (letter["key"], letter["attempts"]) == (poison.key, LOST_CLAIMS_LIMIT)
    assert f"{LOST_CLAIMS_LIMIT} times" in letter["reason"]
    shop.run("sync_stock")
    assert bench.renkei.read("dead", "list", "--state", "open") == []


def test_cls_7_an_item_lost_with_its_worker_keeps_its_place_in_a_flood(bench: Bench) -> None:
    shop = _stocked(bench)
    bench.sql("update shops set in_flight = 1")
    lost = _claimed(bench, shop)

    _die(bench, lost.id)

    assert bench.column("select id from run_items where state = 'queued'") == [lost.id]


def test_cls_7_the_turn_of_a_dead_worker_is_free_when_its_lease_has_ended(bench: Bench) -> None:
    shop = _stocked(bench, "shopserve")
    bench.sql("update shops set in_flight = 1")
    item = _claimed(bench, shop)
    process = bench.process
    with process.item_leases.hold(item.id, item.generation, claimed_at=1e9) as lease:
        process.open_work(item, lease).gate.admit(ApiFamily.ORDERS, 60)
    other = Allowance(1, 0, 0, 0, "another claim", 60_000)
    assert process.budget.ask(item.shop_id, other).verdict == "pace"

    _die(bench, item.id)

    assert process.budget.ask(item.shop_id, other).verdict == "go"


@pytest.mark.parametrize("marker", ["of an earlier start", None])
def test_cls_7_everything_queued_is_sent_again_to_a_redis_that_was_restarted_or_emptied(
    bench: Bench, marker: str | None
) -> None:
    shop = _stocked(bench)
    _claimed(bench, shop)
    queued = len(bench.column("select id from run_items where state = 'queued'"))
    with Redis.from_url(bench.renkei.environment["RENKEI_REDIS_URL"]) as redis:
        rescuer.rescue(bench.process)
        rescuer.rescue(bench.process)
        redis.delete("renkei:stock")
        rescuer.rescue(bench.process)
        at_peace = redis.llen("renkei:stock")
        redis.delete(_MARKER)
        if marker is not None:
            redis.set(_MARKER, marker)
        rescuer.rescue(bench.process)
        after = redis.llen("renkei:stock")

    assert queued
    assert (at_peace, after) == (0, queued)


def test_cls_2_the_budget_goes_on_where_it_stood_when_redis_was_emptied(bench: Bench) -> None:
    shop = _stocked(bench)
    shop.run("sync_stock")
    shop.stock_up(60)
    with Redis.from_url(bench.renkei.environment["RENKEI_REDIS_URL"]) as redis:
        redis.flushdb()
        shop.run("sync_stock")
        (shop_id,) = bench.column("select id from shops")
        counted = int(redis.hget(f"renkei:budget:{shop_id}", "hn") or 0)

    calls = shop.calls("items.edit_stock")
    assert calls == 2 * len(shop.simulated.items)
    assert counted == calls


def test_cls_5_the_kill_switch_parks_without_dropping_and_goes_on_where_it_stood(
    bench: Bench,
) -> None:
    shop = _stocked(bench)
    first = _claimed(bench, shop)
    bench.renkei.ok("shop", "park", shop.key)
    bench.process.directory.forget(first.shop_id)  # its copy is a few seconds old at most
    _die(bench, first.id)
    bench.drain()
    assert shop.calls("items.edit_stock") == 0

    bench.renkei.ok("shop", "unpark", shop.key)
    bench.drain()

    run = shop.shown(first.run_id)
    assert (run["state"], run["succeeded"]) == ("succeeded", len(shop.simulated.items))
    attempts = bench.column("select distinct attempts from run_items where id <> :id", id=first.id)
    assert attempts == [1]


def test_cls_6_two_workers_that_meet_an_ended_token_refresh_it_once(bench: Bench) -> None:
    shop = _stocked(bench)
    others = [Process(make_app(p.redis_url), p) for p in [bench.process.settings] * 3]
    processes = [bench.process, *others]
    found = bench.process.directory.shop(bench.column("select id from shops")[0])
    refused = SharedTokens(found, bench.process.token_tools).access_token()
    bench.simulator.end_tokens(shop.key, "access")
    tokens: list[str] = []
    with bench.fault("delay", seconds=0.3, endpoint="oauth.token"):
        threads = [
            threading.Thread(
                target=lambda one=one: tokens.append(
                    SharedTokens(found, one.token_tools).renew(refused)
                )
            )
            for one in processes
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    for process in others:
        process.close()

    assert len(tokens) == len(processes)
    assert len(set(tokens)) == 1
    assert len(shop.effects("token_refreshed")) == 1


@pytest.mark.parametrize(
    ("cart", "recipe", "endpoint"),
    [
        ("shopserve", "card", "settlement.request"),
        ("thebase", "split_two_methods", "orders.edit_status"),
        ("thebase", "deferred", "orders.edit_status"),
    ],
)
def test_ret_05_an_effect_whose_answer_was_lost_is_settled_once_the_cart_shows_it(
    bench: Bench, cart: str, recipe: str, endpoint: str
) -> None:
    shop = bench.shop(cart, recipe)
    shop.ready_to_return()

    with bench.fault("drop", when="after", endpoint=endpoint, count=1):
        shop.run("return_shipments")
        bench.later(seconds=120)

    states = bench.column("select state from effects")
    assert states
    assert set(states) == {"confirmed"}


def test_cnf_01_an_order_cancelled_since_the_plan_read_it_is_left_to_sync_status(
    bench: Bench,
) -> None:
    shop = bench.shop("shopserve", "card")
    shop.run("import_orders")
    (key,) = [order["cart_order_key"] for order in shop.orders()]
    asked = bench.renkei.read("run", "confirm_orders", "--shop", shop.key)
    planner.plan_run(bench.process, asked["id"])
    shop.place(key, change="cancel")

    bench.drain()

    assert shop.shown(asked["id"])["state"] == "succeeded"
    assert bench.renkei.read("dead", "list") == []


def test_cls_7_notes_arrive_although_their_connection_died_unnoticed(bench: Bench) -> None:
    url = bench.renkei.environment["RENKEI_REDIS_URL"]
    with Relay(url) as relay, Redis.from_url(url) as redis:
        dispatcher = dispatcher_of(make_app(relay.url))
        dispatcher.send_runs([1, 2])
        relay.cut()

        dispatcher.send_runs([3, 4])

        assert redis.llen("renkei:plan") >= 4


def test_cls_7_notes_that_cannot_be_sent_are_left_to_the_sweep(bench: Bench) -> None:
    """Redis goes away between two messages of one process: its connection is open, and dead."""
    with Relay(bench.renkei.environment["RENKEI_REDIS_URL"]) as relay:
        dispatcher = dispatcher_of(make_app(relay.url))
        dispatcher.send_runs([1, 2])
        relay.close()

        dispatcher.send_runs([3, 4])
        dispatcher.send_items([QueuedItem(1, Action.SYNC_STOCK)])


def test_stk_05_a_push_of_a_killed_worker_that_arrives_late_is_overwritten_again(
    bench: Bench,
) -> None:
    """Killed with its call under way, it can tell nobody that the older number may yet arrive."""
    shop = _stocked(bench)
    shop.run("sync_stock")
    row = shop.simulated.items[0]
    bench.renkei.ok("stock", "set", row["sku"], "60")
    killed = _claimed(bench, shop)
    bench.renkei.ok("stock", "set", row["sku"], "7")
    _die(bench, killed.id)
    bench.drain()
    bench.simulator.set_stock(shop.key, row["item"], 60, row["variation"] or "")

    bench.sql("update stock_pushes set doubted_at = doubted_at - interval '31 s'")
    rescuer.rescue(bench.process)
    shop.run("sync_stock")

    shown = {one["sku"]: one["quantity"] for one in bench.simulator.shop(shop.key).items}
    assert shown[row["sku"]] == 7


def test_stk_05_a_compare_put_back_with_items_out_keeps_the_pair_to_itself(bench: Bench) -> None:
    """Two runs of one shop would tell it two numbers of one SKU in any order."""
    shop = _stocked(bench)
    compare = bench.renkei.read("run", "sync_stock", "--shop", shop.key, "--compare")
    with bench.fault("respond", endpoint="items.list", skip=0, status=500, body="{}"):
        planner.plan_run(bench.process, compare["id"])
    out = bench.column("select count(*) from run_items where finished_at is null")
    other = bench.renkei.read("run", "sync_stock", "--shop", shop.key)
    planner.plan_run(bench.process, other["id"])

    both = bench.column("select distinct run_id from run_items")

    assert out == [len(shop.simulated.items)]
    assert both == [compare["id"]]
    bench.later(seconds=90)
    assert shop.shown(other["id"])["state"] == "succeeded"


def test_cls_7_a_plan_that_kills_its_workers_is_given_up_and_the_next_slot_tries_anew(
    bench: Bench,
) -> None:
    shop = bench.shop("thebase", "card")
    asked = bench.renkei.read("run", "import_orders", "--shop", shop.key)
    for _ in range(LOST_CLAIMS_LIMIT):
        with bench.process.database.begin() as connection:
            assert run_rows.claim(connection, asked["id"]) is not None
        bench.sql("update runs set lease_until = now() - interval '1 s'")
        rescuer.rescue(bench.process)

    run = shop.shown(asked["id"])
    assert (run["state"], run["items"]) == ("failed", [])
    assert f"{LOST_CLAIMS_LIMIT} times" in shop.messages()
    assert shop.run("import_orders")["state"] == "succeeded"


def test_cls_8_full_compares_leave_most_threads_to_the_others(bench: Bench) -> None:
    shops = [_stocked(bench, "shopserve") for _ in range(2)]
    words = ("run", "sync_stock", "--compare", "--shop")
    compares = [bench.renkei.read(*words, one.key)["id"] for one in shops]
    places = bench.process.settings.threads // 4
    taken = [bench.process.plan_slots.acquire(blocking=False) for _ in range(places)]

    for run_id in compares:
        planner.plan_run(bench.process, run_id)

    assert all(taken)
    assert bench.column("select distinct state from runs") == ["pending"]
    for _ in taken:
        bench.process.plan_slots.release()
    bench.drain()
    assert bench.column("select distinct state from runs") == ["succeeded"]
