"""`renkei shop`, `robot`, `method`."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, text

from tests.component.command_line import BASE_SECRETS, SHOPSERVE_SECRETS, CommandLine

SHOPSERVE_ROBOTS = {
    "import_orders": "300s",
    "confirm_orders": "600s",
    "sync_status": "600s",
    "return_shipments": "18:00",
    "complete_orders": "19:00",
    "sync_stock": "300s",
}


def add(renkei: CommandLine, cart: str, secrets: str | bytes, *more: str) -> tuple[int, str]:
    words = ("shop", "add", "s", "--cart", cart, "--name", "S", "--secrets-stdin")
    answer = renkei(*words, *more, stdin=secrets)
    return answer.code, answer.err


def test_a_fresh_shop_has_every_robot_of_its_cart_switched_on(renkei: CommandLine) -> None:
    renkei.add_shopserve("kura")
    renkei.add_base("tote")

    robots = renkei.read("robot", "list")

    kura = {row["action"]: row["cadence"] for row in robots if row["shop"] == "kura"}
    assert kura == SHOPSERVE_ROBOTS
    assert {row["action"] for row in robots if row["shop"] == "tote"} == {
        "import_orders",
        "sync_status",
        "return_shipments",
        "sync_stock",
    }
    assert all(row["enabled"] for row in robots)


def test_the_first_slot_is_one_cadence_after_the_shop_was_added(renkei: CommandLine) -> None:
    before = datetime.now(UTC)
    renkei.add_base()

    slots = {row["action"]: row["next_due_at"] for row in renkei.read("robot", "list")}

    due = datetime.fromisoformat(slots["sync_stock"])
    assert 300 <= (due - before).total_seconds() < 330
    assert slots["return_shipments"].endswith("T18:00:00+09:00")


def test_defaults_of_a_shop_are_its_carts(renkei: CommandLine) -> None:
    renkei.add_shopserve("kura")
    renkei.add_base("tote")

    kura, tote = renkei.read("shop", "list")

    assert (kura["calls_per_second"], kura["in_flight"], kura["default_method"]) == (1, 1, None)
    assert kura["api_url"] == "https://management.api.shopserve.jp/v2"
    assert tote["default_method"] == "送料無料"
    assert tote["api_url"] == tote["auth_url"] == "https://api.thebase.in"


def test_the_address_for_tokens_follows_the_api_address(renkei: CommandLine) -> None:
    renkei.add_base("a", "--api-url", "http://127.0.0.1:1/base/")
    renkei.add_base("b", "--api-url", "http://127.0.0.1:1", "--auth-url", "http://127.0.0.1:2")

    a, b = renkei.read("shop", "list")

    assert a["api_url"] == a["auth_url"] == "http://127.0.0.1:1/base"
    assert b["auth_url"] == "http://127.0.0.1:2"


@pytest.mark.parametrize(
    ("cart", "secrets", "named"),
    [
        pytest.param("thebase", "not json", "not one JSON object", id="no JSON"),
        pytest.param("thebase", "[]", "not one JSON object", id="an array"),
        pytest.param("thebase", b"\xff\xfe{}", "not one JSON object", id="no text"),
        pytest.param("shopserve", '{"shop_id": "a"}', "manager_key is missing", id="missing"),
        pytest.param(
            "shopserve",
            '{"shop_id": "a", "manager_key": "b", "colour": "c"}',
            "colour is unknown",
            id="unknown",
        ),
        pytest.param(
            "shopserve", '{"shop_id": 7, "manager_key": "b"}', "shop_id is not a text", id="number"
        ),
        pytest.param(
            "thebase",
            '{"client_id": "a", "client_secret": "b", "redirect_uri": "c", "access_token": "d"}',
            "come together",
            id="half a pair of tokens",
        ),
    ],
)
def test_wrong_secrets_are_one_clear_error_and_add_nothing(
    renkei: CommandLine, cart: str, secrets: str | bytes, named: str
) -> None:
    code, err = add(renkei, cart, secrets)

    assert code == 1
    assert named in err
    assert len(err.strip().splitlines()) == 1
    assert renkei.read("shop", "list") == []


def test_secrets_are_shown_nowhere_and_stored_encrypted(
    renkei: CommandLine, engine: Engine
) -> None:
    renkei.add_base("tote")
    renkei.add_shopserve("kura")
    shown = [
        renkei.ok(*words).out
        for words in (
            ("shop", "list", "--json"),
            ("shop", "show", "tote", "--json"),
            ("shop", "show", "kura"),
        )
    ]
    with engine.connect() as connection:
        stored = str(connection.execute(text("select * from shops")).all())
        audited = str(connection.execute(text("select * from audit")).all())

    assert "top-secret" not in "".join([*shown, stored, audited])


def test_a_key_can_be_used_once_until_the_shop_is_removed(renkei: CommandLine) -> None:
    renkei.add_base("tote")
    again = renkei(
        *("shop", "add", "tote", "--cart", "thebase", "--name", "x", "--secrets-stdin"),
        stdin=BASE_SECRETS,
    )
    renkei.ok("shop", "remove", "tote")
    renkei.add_shopserve("tote")

    assert (again.code, again.err) == (1, "renkei: shop tote exists already\n")
    assert [row["cart"] for row in renkei.read("shop", "list")] == ["shopserve"]


def test_removing_a_shop_stops_its_runs_and_erases_its_secrets(
    renkei: CommandLine, engine: Engine
) -> None:
    renkei.add_base("tote")
    renkei.ok("mapping", "set", "--shop", "tote", "--item", "1", "--sku", "A")
    renkei.ok("run", "sync_stock", "--shop", "tote")
    with engine.begin() as connection:
        connection.execute(
            text(
                "insert into runs (shop_id, action, mode, state, started_at)"
                " select id, 'import_orders', 'manual', 'open', now() from shops"
            )
        )
        connection.execute(
            text(
                "insert into run_items (run_id, shop_id, action, key, priority, state)"
                " select r.id, r.shop_id, r.action, 'K1', 1, 'due' from runs r"
                " where r.action = 'import_orders'"
            )
        )

    renkei.ok("shop", "remove", "tote", "--abandon", "--reason", "it moves")

    runs = renkei.read("runs", "list")
    assert {run["state"] for run in runs} == {"failed"}
    assert all(run["finished_at"] and run["reason"] for run in runs)
    assert renkei.read("runs", "show", str(runs[1]["id"]))["items"][0]["state"] == "failed"
    assert renkei.read("mapping", "list") == []
    with engine.connect() as connection:
        assert connection.execute(text("select tokens from shops")).scalar_one() is None
    assert renkei("run", "sync_stock", "--shop", "tote").code == 1


def test_settings_of_a_shop_are_changed_all_or_none(renkei: CommandLine) -> None:
    renkei.add_base("tote")
    renkei.ok("shop", "set", "tote", "calls_per_second=3.5", "in_flight=2", "overlap_s=60")
    wrong = renkei("shop", "set", "tote", "in_flight=3", "colour=blue")

    shop = renkei.read("shop", "show", "tote")

    assert wrong.code == 2
    assert "calls_per_second" in wrong.err
    assert (shop["calls_per_second"], shop["in_flight"], shop["overlap_s"]) == (3.5, 2, 60)


@pytest.mark.parametrize("value", ["送料無料便", ""])
def test_the_filling_of_a_blank_method_is_changed_per_shop(renkei: CommandLine, value: str) -> None:
    renkei.add_base("tote")
    renkei.ok("shop", "set", "tote", f"default_method={value}")

    assert renkei.read("shop", "show", "tote")["default_method"] == (value or None)


@pytest.mark.parametrize(
    "pair",
    ["in_flight=0", "in_flight=1.5", "calls_per_second=0", "calls_per_second=nan", "api_url=x"],
)
def test_a_value_out_of_range_is_wrong_usage(renkei: CommandLine, pair: str) -> None:
    renkei.add_base("tote")

    assert renkei("shop", "set", "tote", pair).code == 2


def test_every_setting_is_shown_with_its_value_and_meaning(renkei: CommandLine) -> None:
    renkei.add_base("tote")
    renkei.add_shopserve("kura")
    said = renkei.ok("shop", "set", "tote", "split_by=method", "import_partly_cancelled=on").out
    renkei.ok("shop", "set", "kura", "ship_dates=today")

    base = {one["name"]: one for one in renkei.read("shop", "settings", "tote")}
    shopserve = {one["name"]: one["value"] for one in renkei.read("shop", "settings", "kura")}

    assert said == "tote: split_by = method\ntote: import_partly_cancelled = on\n"
    assert all(one["meaning"] for one in base.values())
    chosen = ("split_by", "import_partly_cancelled", "ship_dates", "default_method")
    assert [base[name]["value"] for name in chosen] == ["method", "on", "open", "送料無料"]
    assert shopserve["ship_dates"] == "today"
    assert shopserve.keys() == base.keys() - set(chosen) | {"ship_dates"}
    shown = renkei.ok("shop", "settings", "tote").out
    assert "import_partly_cancelled" in shown


@pytest.mark.parametrize(
    ("key", "pair"),
    [
        ("tote", "split_by=colour"),
        ("tote", "import_partly_cancelled=true"),
        ("tote", "ship_dates=never"),
        ("kura", "split_by=method"),
        ("kura", "import_partly_cancelled=on"),
    ],
)
def test_a_choice_the_shop_does_not_have_is_wrong_usage(
    renkei: CommandLine, key: str, pair: str
) -> None:
    renkei.add_base("tote")
    renkei.add_shopserve("kura")

    assert renkei("shop", "set", key, pair).code == 2


def test_new_secrets_let_a_refused_shop_work_again(renkei: CommandLine, engine: Engine) -> None:
    renkei.add_shopserve("kura")
    with engine.begin() as connection:
        connection.execute(text("update shops set auth_failed_at = now()"))

    told = renkei.ok("shop", "set", "kura", "--secrets-stdin", stdin=SHOPSERVE_SECRETS)

    assert "credentials changed" in told.out
    assert renkei.read("shop", "show", "kura")["auth_failed_at"] is None


def test_the_kill_switch_parks_a_shop_or_one_action(renkei: CommandLine) -> None:
    renkei.add_base("tote")
    renkei.ok("shop", "park", "tote", "--action", "sync_stock")
    one = renkei.read("shop", "show", "tote")
    renkei.ok("shop", "unpark", "tote", "--action", "sync_stock")
    renkei.ok("shop", "park", "tote")
    whole = renkei.read("shop", "show", "tote")
    renkei.ok("shop", "unpark", "tote")

    assert (one["parked"], one["parked_actions"]) == (False, ["sync_stock"])
    assert (whole["parked"], whole["parked_actions"]) == (True, [])
    assert renkei.read("shop", "show", "tote")["parked"] is False


def test_an_action_the_cart_does_not_have_is_wrong_usage(renkei: CommandLine) -> None:
    renkei.add_base("tote")

    assert renkei("shop", "park", "tote", "--action", "confirm_orders").code == 2
    assert renkei("robot", "set", "tote", "complete_orders", "--off").code == 2
    assert renkei("run", "confirm_orders", "--shop", "tote").code == 2


def test_a_robot_is_set_and_switched(renkei: CommandLine) -> None:
    renkei.add_base("tote")

    fast = renkei.read("robot", "set", "tote", "sync_stock", "--every", "60s")
    daily = renkei.read("robot", "set", "tote", "sync_stock", "--at", "07:30", "--off")
    on = renkei.read("robot", "set", "tote", "sync_stock", "--on")

    assert (fast["cadence"], fast["enabled"]) == ("60s", True)
    assert (daily["cadence"], daily["enabled"]) == ("07:30", False)
    assert daily["next_due_at"].endswith("T07:30:00+09:00")
    assert on["enabled"] is True


def test_base_is_authorised_at_the_address_of_its_shop(renkei: CommandLine) -> None:
    renkei.add_base("tote", "--auth-url", "https://auth.example")
    renkei.add_shopserve("kura")

    url = renkei.read("shop", "authorize", "tote")["url"]

    assert url.startswith("https://auth.example/1/oauth/authorize?")
    assert "client_id=the-client" in url
    assert "top-secret" not in url
    assert renkei("shop", "authorize", "kura").code == 2


def test_a_delivery_method_means_one_carrier_of_a_shop(renkei: CommandLine) -> None:
    renkei.add_shopserve("kura")
    words = ("method", "set", "--shop", "kura", "--method", "宅配便", "--carrier")
    renkei.ok(*words, "SAGAWA")
    renkei.ok(*words, "YAMATO")

    rows = renkei.read("method", "list")

    assert rows == [{"shop": "kura", "method": "宅配便", "carrier": "YAMATO", "checked": True}]
    renkei.ok("method", "remove", "--shop", "kura", "--method", "宅配便")
    assert renkei.read("method", "list") == []


def test_whatever_a_person_changes_is_audited(renkei: CommandLine, engine: Engine) -> None:
    renkei.add_base("tote")
    renkei.ok("shop", "park", "tote")
    renkei.ok("stock", "set", "A", "3")

    with engine.connect() as connection:
        rows = connection.execute(text("select did, subject, actor from audit order by id")).all()

    assert [(row.did, row.subject) for row in rows] == [
        ("shop.add", "tote"),
        ("shop.park", "tote"),
        ("stock.set", "A"),
    ]
    assert all(row.actor for row in rows)
