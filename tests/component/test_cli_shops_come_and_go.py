"""Shops that are added, removed and added again, at the command line (STK-8, SHP-1)."""

import json
import threading

import pytest
from sqlalchemy import Engine, text

from tests.component.command_line import SHOPSERVE_SECRETS, CommandLine

ADD = ("shop", "add", "second", "--cart", "shopserve", "--name", "S", "--secrets-stdin")
ABANDON = ("--abandon", "--reason", "it moves")


@pytest.mark.parametrize("account", ["kura", "KURA", "ｋｕｒａ "])
@pytest.mark.parametrize("address", ["", "https://MANAGEMENT.api.shopserve.jp:443/v2/"])
def test_stk_08_an_account_is_added_once(renkei: CommandLine, account: str, address: str) -> None:
    renkei.add_shopserve("kura")
    secrets = json.dumps({"shop_id": account, "manager_key": "top-secret-1"})

    again = renkei(*ADD, *(("--api-url", address) if address else ()), stdin=secrets)

    assert again.code == 1
    assert "added already, as kura" in again.err
    assert [shop["key"] for shop in renkei.read("shop", "list")] == ["kura"]


def test_stk_08_another_merchants_shop_is_not_named(renkei: CommandLine) -> None:
    renkei.ok("merchant", "add", "rival", "--name", "R")
    renkei.add_shopserve("our-key", account="kura")

    again = renkei(*ADD, "--merchant", "rival", stdin=SHOPSERVE_SECRETS)

    assert again.code == 1
    assert "added to this installation already" in again.err
    assert "our-key" not in again.err
    assert "default" not in again.err


def test_stk_08_the_same_account_at_another_address_is_another_one(renkei: CommandLine) -> None:
    renkei.add_shopserve("kura")

    renkei.ok(*ADD, "--api-url", "http://127.0.0.1:1", stdin=SHOPSERVE_SECRETS)

    assert len(renkei.read("shop", "list")) == 2


def test_shp_01_a_shop_nothing_is_open_in_is_removed_without_a_word(renkei: CommandLine) -> None:
    renkei.add_shopserve("kura")

    gone = renkei.read("shop", "remove", "kura")

    assert gone["removed"] is True
    assert set(gone["abandoned"].values()) == {0}
    assert renkei.read("shop", "list") == []
    (kept,) = renkei.read("shop", "list", "--removed")
    assert (kept["key"], kept["account"]) == ("kura", "kura")
    assert kept["removed_at"]


def test_shp_01_what_is_open_is_counted_and_given_up_with_a_reason_only(
    renkei: CommandLine, engine: Engine
) -> None:
    renkei.add_shopserve("kura")
    renkei.ok("run", "sync_stock", "--shop", "kura")

    refused = renkei("shop", "remove", "kura")
    without_reason = renkei("shop", "remove", "kura", "--abandon")
    still = renkei.read("runs", "list")
    renkei.ok("shop", "remove", "kura", *ABANDON)

    assert refused.code == 1
    assert "runs under way: 1;" in refused.err
    assert "--abandon --reason TEXT" in refused.err
    assert without_reason.code == 2
    assert [run["state"] for run in still] == ["running"]
    with engine.connect() as connection:
        kept = connection.execute(text("select reason, detail from audit order by id desc")).first()
    assert kept is not None
    assert kept.reason == "it moves"
    assert kept.detail["abandoned"]["runs"] == 1


def test_shp_01_added_again_a_shop_is_what_it_was(renkei: CommandLine) -> None:
    renkei.add_shopserve("kura")
    renkei.ok("stock", "set", "A", "3")
    renkei.ok("mapping", "set", "--shop", "kura", "--item", "1", "--sku", "A")
    renkei.ok("robot", "set", "kura", "sync_stock", "--every", "60s", "--off")
    renkei.ok("shop", "set", "kura", "calls_per_second=0.5")
    renkei.ok("shop", "park", "kura", "--action", "return_shipments")
    renkei.ok("shop", "remove", "kura")

    back = renkei.read(*ADD, stdin=SHOPSERVE_SECRETS)

    assert (back["revived"], back["key"], back["removed_at"]) == ("kura", "second", None)
    assert (back["calls_per_second"], back["parked_actions"]) == (0.5, ["return_shipments"])
    (mapping,) = renkei.read("mapping", "list")
    assert (mapping["shop"], mapping["sku"], mapping["waiting"]) == ("second", "A", True)
    (robot,) = [r for r in renkei.read("robot", "list") if r["action"] == "sync_stock"]
    assert (robot["cadence"], robot["enabled"]) == ("60s", False)
    assert renkei.read("shop", "list", "--removed") == []


def test_shp_01_one_merchants_removed_shop_does_not_keep_another_out(renkei: CommandLine) -> None:
    renkei.ok("merchant", "add", "rival", "--name", "R")
    renkei.add_shopserve("kura")
    renkei.ok("run", "sync_stock", "--shop", "kura")
    renkei.ok("shop", "remove", "kura", *ABANDON)

    fresh = renkei.read(*ADD, "--merchant", "rival", stdin=SHOPSERVE_SECRETS)
    ours = renkei(*ADD, stdin=SHOPSERVE_SECRETS)

    assert fresh["revived"] is None
    assert renkei.read("runs", "list", "--merchant", "rival") == []
    assert ours.code == 1
    assert "added to this installation already" in ours.err


def test_shp_01_a_shop_comes_back_under_no_key_that_another_has(renkei: CommandLine) -> None:
    renkei.add_shopserve("kura")
    renkei.ok("shop", "remove", "kura")
    renkei.add_shopserve("second", account="another")

    refused = renkei(*ADD, stdin=SHOPSERVE_SECRETS)

    assert (refused.code, refused.err) == (1, "renkei: shop second exists already\n")


def test_stk_08_of_four_that_add_one_account_at_once_one_does(renkei: CommandLine) -> None:
    wishes, start = ("a", "b", "c", "d"), threading.Barrier(4)
    outcomes: dict[str, int] = {}

    def add(key: str) -> None:
        start.wait()
        words = ("shop", "add", key, "--cart", "shopserve", "--name", "S", "--secrets-stdin")
        outcomes[key] = renkei.process(*words, stdin=SHOPSERVE_SECRETS.encode()).code

    threads = [threading.Thread(target=add, args=(key,)) for key in wishes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes.values()) == [0, 1, 1, 1]
    assert len(renkei.read("shop", "list")) == 1


def test_stk_08_a_shop_without_orders_can_be_given_the_right_account(renkei: CommandLine) -> None:
    renkei.add_shopserve("kura", account="mistyped")
    renkei.add_shopserve("other")
    other = '{"shop_id": "other", "manager_key": "top-secret-1"}'

    refused = renkei("shop", "set", "kura", "--secrets-stdin", stdin=other)
    renkei.ok("shop", "set", "kura", "--secrets-stdin", stdin=SHOPSERVE_SECRETS)

    assert refused.code == 1
    assert "added already, as other" in refused.err
    assert renkei.read("shop", "show", "kura")["account"] == "kura"


def test_stk_08_an_address_cannot_be_set_to_where_the_account_is_taken(renkei: CommandLine) -> None:
    renkei.add_shopserve("kura")
    renkei.ok(*ADD, "--api-url", "http://127.0.0.1:1", stdin=SHOPSERVE_SECRETS)

    refused = renkei("shop", "set", "second", "api_url=https://management.api.shopserve.jp/v2")
    renkei.ok("shop", "set", "second", "api_url=http://127.0.0.1:2/")

    assert refused.code == 1
    assert "added already, as kura" in refused.err
    assert renkei.read("shop", "show", "second")["api_url"] == "http://127.0.0.1:2"


def test_shp_01_dead_letters_of_a_removed_shop_are_not_tried_in_another_of_its_key(
    renkei: CommandLine, engine: Engine
) -> None:
    renkei.add_shopserve("kura")
    with engine.begin() as connection:
        letter = connection.execute(
            text(
                "insert into dead_letters (shop_id, action, key, run_id, reason, attempts, state)"
                " select id, 'import_orders', 'K', 1, 'x', 1, 'replayed' from shops returning id"
            )
        ).scalar_one()
    renkei.ok("shop", "remove", "kura")
    renkei.add_shopserve("kura", account="another")

    refused = renkei("dead", "replay", str(letter))

    assert refused.code == 1
    assert "kura was removed" in refused.err
    assert renkei.read("runs", "list") == []


@pytest.mark.parametrize("words", [("shop", "show", "kura"), ("shop", "park", "kura")])
def test_shp_01_a_removed_shop_is_called_removed_and_how_it_comes_back(
    renkei: CommandLine, words: tuple[str, ...]
) -> None:
    renkei.add_shopserve("kura")
    renkei.ok("shop", "remove", "kura")

    answer = renkei(*words)

    assert answer.code == 1
    assert "shop kura was removed: `renkei shop add` of the same account" in answer.err
