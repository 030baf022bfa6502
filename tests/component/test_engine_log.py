"""The API log of runs against both carts (LOG-1, LOG-2), also when the cart is closed."""

import pytest

from tests.component.engine_bench import Bench, reasons

BOTH = pytest.mark.parametrize("cart", ["shopserve", "thebase"])
NAMES = {
    "import_orders": "出荷指示データ取得",
    "confirm_orders": "確認ステータス更新",
    "sync_status": "ステータス同期",
    "return_shipments": "出荷実績戻し",
    "complete_orders": "取引完了フォルダ移動",
    "sync_stock": "在庫連携",
}
CLOSED = "メンテナンス期間中のためAPIは使用できません。"


@pytest.mark.parametrize("action", NAMES)
def test_log_01_each_run_ends_with_the_line_operators_know(bench: Bench, action: str) -> None:
    shop = bench.shop("shopserve", "card")

    run = shop.run(action)

    last = shop.log()[-1]
    figures = f"(成功:{run['succeeded']}失敗:{run['failed']})"
    assert last["message"] == f"{NAMES[action]}アクションが終了しました。{figures}"
    assert (last["type"], last["shop"], last["run"]) == ("外部連携API", shop.key, run["id"])
    assert last["category"] == ("在庫" if action == "sync_stock" else "出荷")
    assert (last["level"], last["at"]) == ("info", run["finished_at"])


def test_log_01_the_line_counts_what_succeeded_and_failed(bench: Bench) -> None:
    shop = bench.shop("thebase", "card", "card", "no_item_code")

    shop.run("import_orders")

    assert "(成功:2失敗:1)" in shop.log()[-1]["message"]


def test_log_02_an_error_names_the_order_what_happened_and_what_to_do(bench: Bench) -> None:
    shop = bench.shop("thebase")
    key = shop.add("no_item_code")

    shop.run("import_orders")

    (line,) = [line for line in shop.log() if line["level"] == "error"]
    assert key in line["message"]
    assert "商品コード" in line["message"] or "item_identifier" in line["message"]
    assert line["message"].endswith("内容を確認して対応してください")
    assert line["needs_person"]


def test_log_02_what_heals_by_itself_is_told_apart_from_what_needs_a_person(
    bench: Bench,
) -> None:
    shop = bench.shop("thebase", "card")

    with bench.fault("respond", endpoint="orders.detail", status=500, body="{}"):
        shop.run("import_orders")

    (line,) = [line for line in shop.log() if line["level"] == "error"]
    assert not line["needs_person"]
    assert line["message"].endswith("自動的に再試行します")


@BOTH
def test_log_01_a_closed_cart_ends_the_run_with_its_line_and_moves_no_cursor(
    bench: Bench, cart: str
) -> None:
    shop = bench.shop(cart, "card")
    bench.simulator.close(cart)

    run = shop.run("import_orders")

    assert (run["state"], run["items"], shop.cursor()) == ("closed", [], None)
    assert [line["message"] for line in shop.log()] == [
        CLOSED,
        "出荷指示データ取得アクションが終了しました。(成功:0失敗:0)",
    ]
    assert bench.renkei.read("dead", "list") == []


def test_log_0_a_cart_that_closes_during_a_run_is_an_error_and_carries_the_rest_over(
    bench: Bench,
) -> None:
    shop = bench.shop("thebase", orders=30, plain=True)

    with bench.fault(
        "respond", endpoint="orders.detail", skip=10, status=503, body="メンテナンス中"
    ):
        run = shop.run("import_orders")

    assert (run["state"], run["succeeded"], run["failed"]) == ("closed", 10, 0)
    assert run["carried_over"] == 20
    assert set(reasons(run).values()) == {"", CLOSED} or CLOSED in reasons(run).values()
    (line,) = [line for line in shop.log() if line["message"] == CLOSED]
    assert line["level"] == "error", "LOG-0: a closure is logged as an error (エラー)"
