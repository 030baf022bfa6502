"""What goes wrong at the command line: one line, the documented code, nothing half-written."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.e2e.installation import Answer, Installation, Merchant
from workers.calls.board import FRESH_S as CLOSURES_FRESH_S

MAPPING_HEADER = "shop,item,variation,sku,low_stock,unlimited"


def ago(days: float) -> str:
    return (datetime.now(UTC) - timedelta(days=days)).isoformat()


def one_line(answer: Answer) -> str:
    assert "Traceback" not in answer.err
    assert len(answer.err.strip().splitlines()) == 1, answer.err
    return answer.err


@pytest.mark.parametrize("cart", ["shopserve", "thebase"])
def test_cls_3_wrong_secrets_fail_the_run_with_one_line_and_write_nothing(
    merchant: Merchant, cart: str
) -> None:
    shop = merchant.shop(cart, orders=3, plain=True)
    wrong = {
        "shopserve": '{"shop_id": "nobody", "manager_key": "wrong"}',
        "thebase": '{"client_id": "x", "client_secret": "x", "redirect_uri": "https://x.example/",'
        ' "access_token": "wrong", "refresh_token": "wrong"}',
    }[cart]
    merchant.quick("shop", "set", shop.key, "--secrets-stdin", stdin=wrong)

    answer = merchant("run", "import_orders", "--shop", shop.key, "--wait", "--json")
    tested = merchant("shop", "test", shop.key)

    assert (answer.code, answer.json["state"], answer.json["items"]) == (1, "failed", [])
    assert tested.code == 1
    for said in (one_line(answer), one_line(tested)):
        assert "wrong" not in said
    assert shop.orders() == merchant.quick("tasks", "list") == []


@pytest.mark.parametrize(
    ("cart", "since", "until", "word"),
    [
        pytest.param("thebase", ago(1), ago(2), "reversed", id="reversed"),
        pytest.param("thebase", ago(-1), ago(-2), "future", id="in the future"),
        pytest.param("shopserve", ago(740), ago(739), "2 years", id="older than two years"),
    ],
)
def test_imp_03_a_senseless_range_is_wrong_usage_and_makes_no_run(
    merchant: Merchant, cart: str, since: str, until: str, word: str
) -> None:
    shop = merchant.shop(cart, orders=0)

    answer = merchant("run", "import_orders", "--shop", shop.key, "--from", since, "--to", until)

    assert answer.code == 2
    assert word in one_line(answer)
    assert merchant.quick("runs", "list") == []
    assert shop.simulator.calls(shop.key) == 0


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("stock", "import"), "sku,on_hand\nA-1,5\nA-2,many\n"),
        (
            ("mapping", "import"),
            "shop,item,variation,sku,low_stock,unlimited\nSHOP,1,,A,,\nSHOP,2\n",
        ),
        (("orders", "import-shipments"), "number,method,tracking,date\nN-1,m,,\n"),
    ],
    ids=["stock", "mapping", "shipments"],
)
def test_a_malformed_file_names_its_line_and_writes_nothing(
    merchant: Merchant, tmp_path: Path, words: tuple[str, ...], text: str
) -> None:
    shop = merchant.shop("thebase", orders=0)
    file = tmp_path / "wrong.csv"
    file.write_text(text.replace("SHOP", shop.key), encoding="utf-8")

    answer = merchant(*words, str(file), "--json")

    assert (answer.code, answer.out) == (1, "")
    assert f"line {text.count(chr(10))}" in one_line(answer)
    assert merchant.quick("stock", "list") == merchant.quick("mapping", "list") == []


def test_an_unreachable_database_is_one_line(hub: Installation) -> None:
    nowhere = {
        "RENKEI_DATABASE_URL": "postgresql+psycopg://u@127.0.0.1:9/x",
        "RENKEI_REDIS_URL": "redis://127.0.0.1:9/0",
        "RENKEI_SECRET_KEYS": "a-key-for-tests-of-at-least-32-characters",
    }

    answer = hub.command("orders", "list", "--json", settings=nowhere)

    assert (answer.code, answer.out) == (1, "")
    assert "PostgreSQL" in one_line(answer)


def test_cls_1_a_closed_cart_ends_the_run_closed_and_the_next_one_catches_up(
    merchant: Merchant,
) -> None:
    """LOG-1, IMP-4: the log line, no cursor move, no dead letter."""
    shop = merchant.shop("thebase", orders=5, plain=True)
    shop.simulator.close("thebase")

    closed = merchant("run", "import_orders", "--shop", shop.key, "--wait", "--json")
    shop.simulator.open("thebase")
    for row in merchant.quick("maintenance", "list"):
        if row["source"] == "detected":
            merchant.quick("maintenance", "remove", str(row["id"]))
    messages = [line["message"] for line in merchant.quick("log", "list")]
    dead = merchant.quick("dead", "list")

    assert (closed.code, closed.json["state"]) == (1, "closed")
    assert messages[0] == "メンテナンス期間中のためAPIは使用できません。"
    assert dead == []
    time.sleep(CLOSURES_FRESH_S + 0.5)  # workers look at closures every so often
    assert shop.run("import_orders")["succeeded"] == 5
