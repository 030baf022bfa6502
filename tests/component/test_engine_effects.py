"""Effects that happen at most once (RET-5) when tokens, credentials and people interfere."""

import pytest

from adapters.postgres.engine import housekeeping
from tests.component.engine_bench import Bench
from workers.engine import cleaner


def test_ret_05_a_token_that_ends_in_the_middle_of_a_return_dispatches_each_line_once(
    bench: Bench,
) -> None:
    shop = bench.shop("thebase", "cash_on_delivery", "deferred")
    shop.ready_to_return()
    with bench.fault(
        "respond",
        endpoint="orders.edit_status",
        status=401,
        body='{"error": "invalid_request", "error_description": "アクセストークンが無効です。"}',
        count=1,
    ):
        run = shop.run("return_shipments")

    assert (run["state"], run["succeeded"]) == ("succeeded", 2)
    assert len(shop.effects("line_dispatched")) == 2
    assert len(shop.effects("atobarai_shipping")) == 1
    assert len(shop.effects("token_refreshed")) == 1
    assert set(bench.column("select state from effects")) == {"confirmed"}


@pytest.mark.parametrize("endpoint", ["settlement.request", "deliveries.shipping"])
def test_ret_05_credentials_refused_in_the_middle_of_a_return_charge_once_when_they_work_again(
    bench: Bench, endpoint: str
) -> None:
    shop = bench.shop("shopserve", "card", "card")
    shop.ready_to_return()
    with bench.fault("respond", endpoint=endpoint, status=401, body='{"error": "E401"}'):
        stopped = shop.run("return_shipments")
    charged = len(shop.effects("settlement_requested"))
    bench.renkei.ok("shop", "test", shop.key)

    shop.run("return_shipments")

    assert stopped["state"] == "failed"
    assert charged <= 1
    assert len(shop.effects("settlement_requested")) == 2
    assert len(shop.effects("delivery_shipped")) == 2
    assert shop.effects("settlement_refused") == []


def test_imp_12_refused_credentials_make_no_order_a_broken_one(bench: Bench) -> None:
    """A broken order waits an hour; these have to be imported as soon as the shop works again."""
    shop = bench.shop("thebase", "card", "card")
    with bench.fault(
        "respond", endpoint="orders.detail", status=403, body='{"error": "access_denied"}'
    ):
        shop.run("import_orders")
    bench.renkei.ok("shop", "test", shop.key)

    run = shop.scheduled("import_orders")

    assert (run["state"], len(shop.orders())) == ("succeeded", 2)


def test_cls_4_a_replayed_confirmation_of_a_cancelled_order_confirms_nothing(bench: Bench) -> None:
    shop = bench.shop("shopserve", "card")
    shop.run("import_orders")
    with bench.fault("respond", endpoint="orders.status", status=422, body='{"error": "E422"}'):
        shop.run("confirm_orders")
    (letter,) = bench.renkei.read("dead", "list")
    shop.place(shop.only()["cart_order_key"], change="cancel")

    bench.renkei.ok("dead", "replay", str(letter["id"]))
    bench.drain()
    shop.run("sync_status")

    assert shop.effects("order_confirmed") == []
    assert shop.only()["status"] == "cancelled"
    assert bench.renkei.read("dead", "list", "--state", "open") == []


def test_old_runs_are_thrown_away_bite_by_bite_and_what_is_recent_or_open_stays(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeping, "_BITE", 3)
    shop = bench.shop("thebase", "card")
    old = [shop.run("import_orders")["id"] for _ in range(7)]
    recent = shop.run("import_orders")["id"]
    bench.sql(
        "update runs set finished_at = now() - interval '400 days' where id = any(:ids)", ids=old
    )

    deleted = cleaner.prune(bench.process)

    assert deleted >= len(old)
    assert bench.column("select id from runs where action = 'import_orders'") == [recent]
    assert len(shop.orders()) == 1
