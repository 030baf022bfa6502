"""Kinds of failures (CLS-3), dead letters (CLS-4) and the kill switch (CLS-5)."""

from dataclasses import replace
from typing import cast

import pytest

from domain.actions import Action
from simulator.client import Document
from tests.component.engine_bench import Bench, BenchShop, reasons
from workers.calls.gate import ShopGate
from workers.engine import planner
from workers.engine.context import ActionHandler

BOTH = pytest.mark.parametrize("cart", ["shopserve", "thebase"])
PUSH = {"shopserve": "stock.write", "thebase": "items.edit_stock"}
ATTEMPTS = 5


def _stocked(bench: Bench, cart: str = "thebase", items: int = 3) -> BenchShop:
    shop = bench.shop(cart, items=items)
    shop.map_items()
    shop.stock_up(30)
    return shop


def _letters(bench: Bench, *words: str) -> list[Document]:
    listed: list[Document] = bench.renkei.read("dead", "list", *words)
    return listed


def _shown(shop: BenchShop) -> set[int]:
    return {row["quantity"] for row in shop.bench.simulator.stock(shop.key)}


@BOTH
@pytest.mark.parametrize(
    "trouble",
    [
        ("respond", {"status": 500, "body": "{}"}),
        ("respond", {"status": 502, "body": "<html>bad gateway</html>"}),
        ("drop", {"when": "before"}),
        ("drop", {"when": "after"}),
    ],
)
def test_cls_3_a_passing_trouble_is_tried_again_and_leaves_nothing_behind(
    bench: Bench, cart: str, trouble: tuple[str, dict[str, object]]
) -> None:
    shop = _stocked(bench, cart)

    action, rule = trouble
    with bench.fault(action, **rule, endpoint=PUSH[cart], count=2):
        run = shop.run("sync_stock")

    assert (run["state"], run["succeeded"], run["failed"]) == ("succeeded", 3, 0)
    assert sum(item["attempts"] for item in run["items"]) == 3 + 2
    assert _shown(shop) == {30}
    assert _letters(bench) == []


def test_cls_3_a_lasting_trouble_is_given_up_after_a_bound_and_heals_by_itself(
    bench: Bench,
) -> None:
    shop = _stocked(bench, items=1)
    with bench.fault("respond", endpoint="items.edit_stock", status=500, body="{}"):
        failed = shop.run("sync_stock")
    (letter,) = _letters(bench)

    healed = shop.scheduled("sync_stock")

    assert (failed["state"], failed["failed"]) == ("failed", 1)
    assert (letter["state"], letter["attempts"]) == ("open", ATTEMPTS)
    assert not next(row for row in shop.log() if row["level"] == "error")["needs_person"]
    assert healed["succeeded"] == 1
    assert [row["state"] for row in _letters(bench)] == ["closed"]


@BOTH
def test_cls_3_a_refusal_is_a_dead_letter_at_once_and_the_others_go_on(
    bench: Bench, cart: str
) -> None:
    shop = _stocked(bench, cart)
    lost = shop.simulated.items[1]
    bench.simulator.remove_item(shop.key, lost["item"])

    run = shop.run("sync_stock")

    (letter,) = _letters(bench)
    assert (run["state"], run["succeeded"], run["failed"]) == ("partly_failed", 2, 1)
    assert (letter["key"], letter["attempts"], letter["state"]) == (lost["sku"], 1, "open")
    assert next(row for row in shop.log() if row["level"] == "error")["needs_person"]


def test_cls_3_a_bug_is_a_dead_letter_at_once_with_its_traceback(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = _stocked(bench)
    registry = bench.process.registry
    handler = registry[Action.SYNC_STOCK].handler
    broken = shop.simulated.items[0]["sku"]
    execute = handler.execute

    def forgetful(work: object, item: object) -> object:
        if item.key == broken:  # type: ignore[attr-defined]
            raise KeyError("variations")
        return execute(work, item)  # type: ignore[arg-type]

    broken_one = replace(
        registry[Action.SYNC_STOCK], handler=cast("ActionHandler", _With(handler, forgetful))
    )
    monkeypatch.setattr(bench.process, "registry", {**registry, Action.SYNC_STOCK: broken_one})
    run = shop.run("sync_stock")

    (letter,) = _letters(bench)
    (traceback,) = bench.column("select detail from dead_letters")
    assert (run["succeeded"], run["failed"], letter["attempts"]) == (2, 1, 1)
    assert letter["reason"].startswith("unexpected KeyError")
    assert "in forgetful" in traceback
    assert shop.messages().count("在庫連携アクションが終了しました。(成功:2失敗:1)") == 1


class _With:
    """A handler with another way to execute."""

    def __init__(self, handler: object, execute: object) -> None:
        self._handler = handler
        self.execute = execute

    def __getattr__(self, name: str) -> object:
        return getattr(self._handler, name)


@BOTH
def test_cls_3_refused_credentials_stop_that_shop_only_and_raise_an_alert(
    bench: Bench, cart: str
) -> None:
    shop, other = _stocked(bench, cart), _stocked(bench, cart)
    with bench.fault("respond", endpoint=PUSH[cart], shop=shop.key, **_refused(cart)):
        run = shop.run("sync_stock")
    (locked,) = bench.column(
        "select auth_failed_at is not null from shops where key = :key", key=shop.key
    )
    calls = shop.calls()
    waiting = shop.scheduled("import_orders")

    assert run["state"] == "failed"
    assert locked
    assert "APIの認証に失敗しました。" in shop.messages()
    assert (waiting["state"], shop.calls()) == ("running", calls)
    assert other.run("sync_stock")["state"] == "succeeded"

    bench.renkei.ok("shop", "test", shop.key)
    bench.drain()

    assert shop.shown(waiting["id"])["state"] == "succeeded"
    assert shop.run("sync_stock")["state"] == "succeeded"
    assert _shown(shop) == {30}


def _refused(cart: str) -> dict[str, object]:
    if cart == "shopserve":
        return {"status": 401, "body": '{"error": "Unauthorized"}'}
    return {"status": 400, "body": '{"error": "unauthorized_client", "error_description": "no"}'}


def test_cls_4_dead_letters_are_replayed_one_or_many_with_who_and_why(bench: Bench) -> None:
    shop = _stocked(bench)
    with bench.fault("respond", endpoint="items.edit_stock", status=500, body="{}"):
        shop.run("sync_stock")
    letters = _letters(bench)
    first = letters[0]

    bench.renkei.ok("dead", "replay", str(first["id"]), "--reason", "the cart works again")
    bench.drain()
    one = {row["key"]: row for row in _letters(bench)}
    bench.renkei.ok("dead", "replay", "--shop", shop.key, "--reason", "the others, too")
    bench.drain()

    assert len(letters) == 3
    assert {row["state"] for key, row in one.items() if key != first["key"]} == {"open"}
    assert one[first["key"]]["state"] in {"replayed", "closed"}
    assert one[first["key"]]["decision_reason"] == "the cart works again"
    assert one[first["key"]]["decided_by"]
    assert {row["state"] for row in _letters(bench)} <= {"replayed", "closed"}
    assert _shown(shop) == {30}
    modes = bench.column("select mode from runs where mode = 'replay'")
    assert len(modes) == 2
    assert bench.column("select count(*) from audit where did = 'dead.replay'") == [2]


def test_cls_4_a_replay_that_fails_again_is_a_dead_letter_again(bench: Bench) -> None:
    shop = _stocked(bench, items=1)
    with bench.fault("respond", endpoint="items.edit_stock", status=500, body="{}"):
        shop.run("sync_stock")
        (letter,) = _letters(bench)
        bench.renkei.ok("dead", "replay", str(letter["id"]))
        bench.drain()

    states = {row["state"]: row["key"] for row in _letters(bench)}
    assert states == {"replayed": letter["key"], "open": letter["key"]}


def test_cls_4_a_discarded_dead_letter_stays_so_and_the_next_failure_is_a_new_one(
    bench: Bench,
) -> None:
    shop = _stocked(bench, items=1)
    with bench.fault("respond", endpoint="items.edit_stock", status=500, body="{}"):
        shop.run("sync_stock")
        (letter,) = _letters(bench)
        bench.renkei.ok("dead", "discard", str(letter["id"]), "--reason", "known")
        shop.run("sync_stock")

    assert sorted(row["state"] for row in _letters(bench)) == ["discarded", "open"]
    assert shop.run("sync_stock")["succeeded"] == 1
    assert sorted(row["state"] for row in _letters(bench)) == ["closed", "discarded"]


def test_cls_4_a_cancelled_order_leaves_no_dead_letter_open(bench: Bench) -> None:
    shop = bench.shop("shopserve", "card")
    shop.run("import_orders")
    with bench.fault("respond", endpoint="orders.status", status=422, body="{}"):
        shop.run("confirm_orders")
    before = [row["state"] for row in _letters(bench)]
    shop.place(shop.only()["cart_order_key"], change="cancel")

    shop.run("sync_status")

    assert before == ["open"]
    assert [row["state"] for row in _letters(bench)] == ["closed"]


def test_cls_4_dead_letters_hold_no_secrets(bench: Bench) -> None:
    shop = bench.shop("thebase", "card")
    secrets = [str(value) for value in shop.simulated.secrets.values() if len(str(value)) > 8]
    with bench.fault("respond", endpoint="orders.detail", status=400, body='{"error": "x"}'):
        shop.run("import_orders")

    (letter,) = _letters(bench)
    kept = str(bench.column("select dead_letters::text from dead_letters"))
    assert letter["reason"]
    assert not [secret for secret in secrets if secret in kept + shop.messages()]


def test_cls_5_one_parked_action_waits_while_the_shops_others_go_on(bench: Bench) -> None:
    shop = _stocked(bench)
    shop.add("card")
    bench.renkei.ok("shop", "park", shop.key, "--action", "sync_stock", "--reason", "recount")
    bench.process.directory.forget(bench.column("select id from shops")[0])

    parked = shop.scheduled("sync_stock")
    imported = shop.scheduled("import_orders")
    assert (parked["state"], imported["state"]) == ("parked", "succeeded")
    assert shop.calls("items.edit_stock") == 0

    bench.renkei.ok("shop", "unpark", shop.key, "--action", "sync_stock")
    bench.process.directory.forget(bench.column("select id from shops")[0])
    bench.drain()

    after = shop.shown(parked["id"])
    assert (after["state"], after["succeeded"]) == ("succeeded", 3)
    assert reasons(after).keys() == {row["sku"] for row in shop.simulated.items}
    told = bench.column("select reason from audit where did = 'shop.park'")
    assert told == ["recount"]


def test_cls_5_a_shop_parked_in_the_middle_of_a_run_stops_before_the_next_call(
    bench: Bench,
) -> None:
    shop = _stocked(bench)
    asked = bench.renkei.read("run", "sync_stock", "--shop", shop.key)
    planner.plan_run(bench.process, asked["id"])
    bench.renkei.ok("shop", "park", shop.key)
    bench.process.directory.forget(bench.column("select id from shops")[0])
    bench.drain()
    stopped = shop.shown(asked["id"])

    bench.renkei.ok("shop", "unpark", shop.key)
    bench.process.directory.forget(bench.column("select id from shops")[0])
    bench.later(seconds=30)

    after = shop.shown(asked["id"])
    assert (stopped["state"], shop.calls("items.edit_stock")) == ("parked", 3)
    assert {item["attempts"] for item in after["items"]} == {1}
    assert (after["state"], after["succeeded"]) == ("succeeded", 3)


def test_cls_5_a_shop_parked_while_its_list_is_read_is_not_called_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full compare or a long range reads for minutes; the switch counts between two calls."""
    shop = bench.shop("shopserve", items=6)
    shop.map_items()
    answered: list[int] = []
    done = ShopGate.done

    def parks_after_two(gate: ShopGate) -> None:
        done(gate)
        answered.append(1)
        if len(answered) == 2:
            bench.renkei.ok("shop", "park", shop.key)
            bench.process.directory.forget(bench.column("select id from shops")[0])

    monkeypatch.setattr(ShopGate, "done", parks_after_two)
    asked = bench.renkei.read("run", "sync_stock", "--shop", shop.key, "--compare")
    planner.plan_run(bench.process, asked["id"])
    stopped = shop.calls()

    bench.renkei.ok("shop", "unpark", shop.key)
    bench.process.directory.forget(bench.column("select id from shops")[0])
    bench.later(seconds=10)

    assert stopped == 2
    assert shop.shown(asked["id"])["state"] == "succeeded"


def test_cls_4_a_letter_about_an_order_that_needs_nothing_any_more_is_closed(bench: Bench) -> None:
    shop = bench.shop("thebase", "bank_unpaid")
    shop.run("import_orders")
    with bench.fault("respond", endpoint="orders.detail", status=500, body="{}"):
        shop.run("sync_status")
    before = [row["state"] for row in _letters(bench)]

    shop.scheduled("sync_status")

    assert before == ["open"]
    assert [row["state"] for row in _letters(bench)] == ["closed"]


def test_cls_4_a_letter_of_an_order_cancelled_before_its_import_is_closed(bench: Bench) -> None:
    shop = bench.shop("thebase")
    key = shop.add("card")
    with bench.fault("respond", endpoint="orders.detail", status=500, body="{}"):
        shop.run("import_orders")
    before = [row["state"] for row in _letters(bench)]
    shop.place(key, change="cancel")

    bench.later(hours=2)
    shop.run("import_orders")

    assert before == ["open"]
    assert [row["state"] for row in _letters(bench)] == ["closed"]


def test_cls_4_a_replay_that_settled_nothing_can_still_be_discarded(bench: Bench) -> None:
    shop = _stocked(bench, items=1)
    with bench.fault("respond", endpoint="items.edit_stock", status=500, body="{}"):
        shop.run("sync_stock")
    (letter,) = _letters(bench)
    bench.renkei.ok("dead", "replay", str(letter["id"]))
    under_way = bench.renkei("dead", "discard", str(letter["id"]), "--reason", "too early")
    bench.sql("update runs set state = 'failed', finished_at = now() where finished_at is null")

    assert under_way.code == 1
    bench.renkei.ok("dead", "discard", str(letter["id"]), "--reason", "sold elsewhere")

    assert [row["state"] for row in _letters(bench)] == ["discarded"]
