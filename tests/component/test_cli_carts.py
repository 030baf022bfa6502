"""Commands that call a cart, against the simulated ones."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from simulator import process
from simulator.client import SimulatedShop, SimulatorClient
from tests.component.command_line import Answer, CommandLine


@pytest.fixture
def simulator() -> Iterator[SimulatorClient]:
    """Both carts with one shop each."""
    with process.start() as running, running.client() as client:
        client.seed(shops=1, orders=0, items=6)
        yield client


def add(renkei: CommandLine, shop: SimulatedShop, **changed: str) -> str:
    """Add a simulated shop to the system; returns its key."""
    words = ("shop", "add", shop.cart, "--cart", shop.cart, "--name", shop.key)
    secrets = {**shop.secrets, **changed}
    renkei.ok(*words, "--api-url", shop.api_url, "--secrets-stdin", stdin=json.dumps(secrets))
    return shop.cart


def test_a_call_proves_the_credentials(renkei: CommandLine, simulator: SimulatorClient) -> None:
    for shop in simulator.shops():
        key = add(renkei, shop)

        answer = renkei.read("shop", "test", key)

        assert answer["ok"] is True
        assert answer["name"]


def test_refused_credentials_are_remembered_and_told(
    renkei: CommandLine, simulator: SimulatorClient
) -> None:
    shop = next(one for one in simulator.shops() if one.cart == "shopserve")
    key = add(renkei, shop, manager_key="wrong")

    answer = renkei("shop", "test", key)

    assert answer.code == 1
    assert len(answer.err.strip().splitlines()) == 1
    assert renkei.read("shop", "show", key)["auth_failed_at"] is not None


def test_items_whose_code_is_a_sku_are_mapped(
    renkei: CommandLine, simulator: SimulatorClient
) -> None:
    shop = next(one for one in simulator.shops() if one.cart == "thebase")
    key = add(renkei, shop)
    known = str(shop.items[0]["sku"])
    renkei.ok("stock", "set", known, "3")

    first = renkei.read("mapping", "fetch", "--shop", key)
    again = renkei.read("mapping", "fetch", "--shop", key)

    assert first["items"] == len(shop.items)
    assert first["mapped"] == 1
    assert again["mapped"] == 0
    (row,) = renkei.read("mapping", "list")
    assert (row["sku"], row["item"]) == (known, str(shop.items[0]["item"]))
    assert row["name"]
    assert len(renkei.read("mapping", "list", "--unmapped")) == len(shop.items) - 1


def test_a_base_shop_is_authorised_with_the_code_of_its_owner(
    renkei: CommandLine, simulator: SimulatorClient
) -> None:
    shop = next(one for one in simulator.shops() if one.cart == "thebase")
    without_tokens = {
        name: value for name, value in shop.secrets.items() if not name.endswith("_token")
    }
    words = ("shop", "add", "tote", "--cart", "thebase", "--name", "T", "--secrets-stdin")
    renkei.ok(*words, "--api-url", shop.api_url, stdin=json.dumps(without_tokens))
    before = renkei.read("shop", "show", "tote")["authorized"]
    consent = httpx.get(renkei.read("shop", "authorize", "tote")["url"], follow_redirects=False)
    code = parse_qs(urlsplit(consent.headers["location"]).query)["code"][0]

    renkei.ok("shop", "authorize", "tote", "--code", code)
    twice = renkei("shop", "authorize", "tote", "--code", code)

    assert before is False
    assert renkei.read("shop", "show", "tote")["authorized"] is True
    assert renkei.read("shop", "test", "tote")["ok"] is True
    assert twice.code == 1


def consented(renkei: CommandLine, shop: SimulatedShop, key: str) -> Answer:
    """Add a BASE shop without tokens, and hand over the code of its owner's consent."""
    secrets = {name: told for name, told in shop.secrets.items() if not name.endswith("_token")}
    words = ("shop", "add", key, "--cart", "thebase", "--name", "T", "--secrets-stdin")
    renkei.ok(*words, "--api-url", shop.api_url, stdin=json.dumps(secrets))
    consent = httpx.get(renkei.read("shop", "authorize", key)["url"], follow_redirects=False)
    code = parse_qs(urlsplit(consent.headers["location"]).query)["code"][0]
    return renkei("shop", "authorize", key, "--code", code, "--json")


def test_stk_08_a_consent_for_another_shops_account_is_refused_and_stores_nothing(
    renkei: CommandLine, simulator: SimulatorClient
) -> None:
    shop = next(one for one in simulator.shops() if one.cart == "thebase")
    first = consented(renkei, shop, "first")

    second = consented(renkei, shop, "second")

    assert first.json["account"] == shop.account
    assert (second.code, "added already, as first" in second.err) == (1, True)
    assert renkei.read("shop", "show", "second")["authorized"] is False
    assert renkei.read("shop", "test", "first")["account"] == shop.account


def test_stk_08_a_consent_is_not_lost_while_the_cart_cannot_be_asked_whose_it_is(
    renkei: CommandLine, simulator: SimulatorClient
) -> None:
    shop = next(one for one in simulator.shops() if one.cart == "thebase")
    begins, ends = (datetime.now(UTC) + timedelta(hours=h) for h in (-1, 1))
    during = ("--from", begins.isoformat(), "--to", ends.isoformat())
    closure = renkei.read("maintenance", "add", "--cart", "thebase", "--api", "all", *during)

    given = consented(renkei, shop, "tote")

    assert (given.code, given.json["authorized"], given.json["account"]) == (0, True, None)
    assert renkei.read("shop", "show", "tote")["account"] is None
    renkei.ok("maintenance", "remove", str(closure["id"]))
    assert renkei.read("shop", "test", "tote")["account"] == shop.account
    assert renkei.read("shop", "show", "tote")["account"] == shop.account.casefold()


def test_shp_01_a_consent_brings_a_removed_shop_back(
    renkei: CommandLine, simulator: SimulatorClient
) -> None:
    shop = next(one for one in simulator.shops() if one.cart == "thebase")
    consented(renkei, shop, "old")
    renkei.ok("mapping", "set", "--shop", "old", "--item", "1", "--sku", "A")
    renkei.ok("shop", "remove", "old")

    back = consented(renkei, shop, "new")

    assert back.json["revived"] == "old"
    assert [row["shop"] for row in renkei.read("mapping", "list")] == ["new"]
    assert [row["key"] for row in renkei.read("shop", "list")] == ["new"]
    assert renkei.read("shop", "test", "new")["ok"] is True
