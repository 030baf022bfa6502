"""`stock take`: a shop's own numbers for what nobody counted, exact whatever happens (STK-8)."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from simulator.client import Document
from tests.component.engine_bench import Bench, BenchShop
from workers.services import stock_takes

BOTH = pytest.mark.parametrize("cart", ["shopserve", "thebase"])


@contextmanager
def at_work(bench: Bench) -> Iterator[None]:
    """Let a thread do what workers do, while a command waits for runs."""
    over = threading.Event()

    def work() -> None:
        while not over.wait(0.05):
            bench.drain()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def take(bench: Bench, shop: BenchShop, *words: str) -> dict[str, Any]:
    with at_work(bench):
        found: dict[str, Any] = bench.renkei.read("stock", "take", "--shop", shop.key, *words)
    return found


def new_shop(bench: Bench, cart: str, items: int = 3, **plan: object) -> BenchShop:
    shop = bench.shop(cart, items=items, **plan)
    shop.map_items()
    return shop


def shows(shop: BenchShop) -> dict[str, int]:
    return {row["sku"]: row["quantity"] for row in shop.bench.simulator.stock(shop.key)}


def stock(bench: Bench) -> dict[str, Document]:
    return {row["sku"]: row for row in bench.renkei.read("stock", "list")}


def causes(told: dict[str, Any]) -> dict[str, str]:
    return {row["sku"]: row["cause"] for row in told["left"]}


def sell(bench: Bench, shop: BenchShop) -> dict[str, int]:
    """Let a buyer order in the cart, which takes the pieces off; returns them by SKU."""
    key = shop.add("card")
    (fact,) = (fact for fact in bench.simulator.orders(shop.key) if fact["key"] == key)
    sold = dict(fact["skus"])
    for row in bench.simulator.stock(shop.key):
        if row["sku"] in sold:
            left = row["quantity"] - sold[row["sku"]]
            bench.simulator.set_stock(shop.key, row["item"], left, row["variation"])
    return sold


def offers_what_it_showed(shop: BenchShop) -> None:
    """The shop is told exactly what it shows already."""
    before = shows(shop)
    shop.run("sync_stock")
    assert shows(shop) == before


@BOTH
def test_stk_08_free_stock_is_what_the_shop_shows_with_live_orders_on_top(
    bench: Bench, cart: str
) -> None:
    shop = new_shop(bench, cart)
    sold = sell(bench, shop)
    shown = shows(shop)

    told = take(bench, shop)

    found = stock(bench)
    assert {row["sku"] for row in told["taken"]} == set(shown)
    assert {sku: found[sku]["free"] for sku in shown} == shown
    assert {sku: found[sku]["secured"] for sku in sold} == sold
    assert all(found[sku]["on_hand"] == shown[sku] + sold.get(sku, 0) for sku in shown)
    assert bench.simulator.effects(["stock_set"]) == []
    offers_what_it_showed(shop)
    assert all(row["note"] == "" for row in bench.renkei.read("mapping", "list"))


@BOTH
def test_stk_08_a_dry_run_reads_and_changes_nothing(bench: Bench, cart: str) -> None:
    shop = new_shop(bench, cart)
    sell(bench, shop)

    told = take(bench, shop, "--dry-run")
    words = bench.renkei.ok("stock", "take", "--shop", shop.key, "--dry-run").out

    assert {row["sku"]: row["on_hand"] for row in told["taken"]} == shows(shop)
    assert (told["dry_run"], told["runs"], shop.orders()) == (True, [], [])
    assert all(row["on_hand"] is None for row in stock(bench).values())
    assert "3 SKUs would be counted" in words


def during(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], None], *, after: bool) -> None:
    """Let something happen before or after the first reading of the shop."""
    read, waiting = stock_takes.read_shown, [happens]

    def both(*arguments: Any) -> Any:  # noqa: ANN401 -- passed on
        if waiting and not after:
            waiting.pop()()
        found = read(*arguments)
        if waiting:
            waiting.pop()()
        return found

    monkeypatch.setattr(stock_takes, "read_shown", both)


@BOTH
@pytest.mark.parametrize("after", [False, True], ids=["before it is read", "after it was read"])
def test_stk_08_an_order_between_import_and_writing_is_counted_exactly_once(
    bench: Bench, cart: str, after: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = new_shop(bench, cart, items=1)
    during(monkeypatch, lambda: void(sell(bench, shop)), after=after)

    told = take(bench, shop)

    (found,) = stock(bench).values()
    assert found["secured"] > 0
    assert found["free"] == shows(shop)[found["sku"]]
    assert [row["sku"] for row in told["taken"]] == [found["sku"]]
    offers_what_it_showed(shop)


def void(_: object) -> None:
    """Drop what a call returns."""


@BOTH
def test_stk_08_what_is_counted_meanwhile_is_never_overwritten(
    bench: Bench, cart: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = new_shop(bench, cart)
    first, *others = sorted(shows(shop))
    during(monkeypatch, lambda: void(bench.renkei.ok("stock", "set", first, "777")), after=True)

    told = take(bench, shop)

    assert stock(bench)[first]["on_hand"] == 777
    assert causes(told) == {first: "counted_meanwhile"}
    assert sorted(row["sku"] for row in told["taken"]) == others


@BOTH
def test_stk_08_of_two_takes_at_once_one_counts(
    bench: Bench, cart: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = new_shop(bench, cart)
    inner: list[Any] = []

    def once_more() -> None:
        inner.append(bench.renkei.read("stock", "take", "--shop", shop.key))

    during(monkeypatch, once_more, after=True)
    outer = take(bench, shop)

    assert (len(inner[0]["taken"]), outer["taken"]) == (3, [])
    assert set(causes(outer).values()) == {"counted_meanwhile"}
    assert {sku: row["on_hand"] for sku, row in stock(bench).items()} == shows(shop)


def test_stk_08_a_kill_before_writing_leaves_nothing_and_the_next_take_all(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = new_shop(bench, "thebase")

    def dies() -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        during(patched, dies, after=True)
        with at_work(bench):
            assert bench.renkei("stock", "take", "--shop", shop.key).code == 1
    assert all(row["on_hand"] is None for row in stock(bench).values())

    assert len(take(bench, shop)["taken"]) == 3


@BOTH
def test_stk_08_shops_that_show_different_numbers_give_none(bench: Bench, cart: str) -> None:
    shop = new_shop(bench, cart, items=2)
    sister = bench.shop("shopserve" if cart == "thebase" else "thebase", items=2)
    for ours, theirs in zip(shop.simulated.items, sister.simulated.items, strict=True):
        sister.map_items([{**theirs, "sku": ours["sku"]}])
    one, other = (row["sku"] for row in shop.simulated.items)
    (there, _) = sister.simulated.items
    bench.simulator.set_stock(sister.key, there["item"], shows(shop)[one])
    (_, there) = sister.simulated.items
    bench.simulator.set_stock(sister.key, there["item"], shows(shop)[other] + 1)

    told = take(bench, shop)

    assert [row["sku"] for row in told["taken"]] == [one]
    assert causes(told) == {other: "shops_differ"}
    assert sister.key in told["left"][0]["reason"]
    assert stock(bench)[other]["on_hand"] is None


def test_stk_08_sets_unlimited_and_doubly_mapped_items_are_left_and_named(bench: Bench) -> None:
    shop = new_shop(bench, "shopserve", items=5)
    rows = shop.simulated.items
    gift, endless, twice, again, cup = (row["sku"] for row in rows)
    words = ("mapping", "set", "--shop", shop.key, "--item")
    bench.renkei.ok("sets", "set", gift, f"{cup}=2")
    bench.renkei.ok(*words, rows[1]["item"], "--sku", endless, "--unlimited")
    bench.renkei.ok(*words, rows[3]["item"], "--sku", twice)
    bench.renkei.ok(*words, "not-in-the-shop", "--sku", "GHOST")

    told = take(bench, shop)

    assert [row["sku"] for row in told["taken"]] == [cup]
    assert causes(told) == {
        gift: "set",
        endless: "unlimited",
        twice: "mapped_twice",
        "GHOST": "not_listed",
    }
    assert again not in causes(told)


@BOTH
def test_stk_08_without_a_good_import_nothing_is_taken(bench: Bench, cart: str) -> None:
    shop = new_shop(bench, cart)
    bench.renkei.ok("shop", "park", shop.key)

    with at_work(bench):
        answer = bench.renkei("stock", "take", "--shop", shop.key, "--timeout", "2", "--json")

    assert answer.code == 1
    assert "parked" in answer.err
    assert answer.json["taken"] == []
    assert all(row["on_hand"] is None for row in stock(bench).values())


def test_stk_08_orders_that_cannot_be_imported_stop_no_take_though_no_other_came(
    bench: Bench,
) -> None:
    """The list was read to its end, as when only some of its orders failed."""
    shop = new_shop(bench, "thebase")
    shop.add("no_item_code")
    shop.run("import_orders")
    shown = shows(shop)

    told = take(bench, shop)

    assert {row["sku"]: row["shown"] for row in told["taken"]} == shown
    assert any("left orders out" in warning for warning in told["warnings"])


def test_stk_08_a_shop_without_anything_uncounted_is_not_called(bench: Bench) -> None:
    shop = new_shop(bench, "thebase")
    shop.stock_up(5)
    before = shop.calls()

    told = take(bench, shop)

    assert (told["taken"], told["left"], told["runs"]) == ([], [], [])
    assert told["warnings"] == []
    assert shop.calls() == before


def test_stk_08_a_take_of_a_shop_without_mappings_says_how_to_begin(bench: Bench) -> None:
    shop = bench.shop("shopserve", items=1)

    told = take(bench, shop)

    assert "renkei mapping fetch --shop" in told["warnings"][0]
