"""The switchboard makes calls go wrong in exactly the ways it was told."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from simulator.client import SimulatedShop, SimulatorClient, SimulatorError
from simulator.process import SimulatorProcess, start

ROOT = Path(__file__).resolve().parents[2]


class Shops:
    """A ShopServe and a BASE shop of one merchant, with a caller for each."""

    def __init__(self, shopserve: SimulatedShop, base: SimulatedShop) -> None:
        self.shopserve, self.base = shopserve, base
        auth = (shopserve.secrets["shop_id"], shopserve.secrets["manager_key"])
        self.http = httpx.Client(trust_env=False, auth=auth)
        self.bearer = {"Authorization": f"Bearer {base.secrets['access_token']}"}
        self.item = next(row for row in base.items if not row["variation"])

    def read_stock(self) -> httpx.Response:
        return self.http.get(f"{self.shopserve.api_url}/items/{self.item['sku']}/stock")

    def search(self) -> httpx.Response:
        path = "/orders/_retrieve/basic;payment;orderer;deliveries;memo"
        codes = {"serial_codes": ["SC-0"]}
        return self.http.post(self.shopserve.api_url + path, json=codes)

    def list_orders(self) -> httpx.Response:
        return httpx.get(f"{self.base.api_url}/1/orders", headers=self.bearer, trust_env=False)

    def set_stock(self, quantity: int) -> httpx.Response:
        form = {"item_id": self.item["item"], "stock": str(quantity)}
        path = f"{self.base.api_url}/1/items/edit_stock"
        return httpx.post(path, data=form, headers=self.bearer, trust_env=False)


@pytest.fixture(scope="module")
def process() -> Iterator[SimulatorProcess]:
    with start() as running:
        yield running


@pytest.fixture
def sim(process: SimulatorProcess) -> Iterator[SimulatorClient]:
    with process.client() as client:
        client.reset(seed=3)
        yield client


@pytest.fixture
def shops(sim: SimulatorClient) -> Iterator[Shops]:
    both = Shops(*sim.seed(orders=3, items=4, variations=0.25))
    with both.http:
        yield both


def stock_now(sim: SimulatorClient, shops: Shops) -> int:
    rows = sim.stock(shops.base.key)
    return next(int(row["quantity"]) for row in rows if row["item"] == shops.item["item"])


def test_a_drop_before_the_effect_leaves_the_world_unchanged(
    sim: SimulatorClient,
    shops: Shops,
) -> None:
    sim.add_fault("drop", when="before", endpoint="items.edit_stock", count=1)

    with pytest.raises(httpx.RemoteProtocolError):
        shops.set_stock(777)

    assert stock_now(sim, shops) == shops.item["quantity"]
    assert not sim.effects(["stock_set"])
    assert sim.calls(endpoint="items.edit_stock", outcome="dropped") == 1


def test_a_drop_after_the_effect_has_really_applied_it(
    sim: SimulatorClient,
    shops: Shops,
) -> None:
    sim.add_fault("drop", when="after", endpoint="items.edit_stock", count=1)

    with pytest.raises(httpx.RemoteProtocolError):
        shops.set_stock(777)

    assert stock_now(sim, shops) == 777
    assert [effect["new"] for effect in sim.effects(["stock_set"])] == [777]
    assert shops.set_stock(5).status_code == 200


def test_an_error_after_the_effect_has_really_applied_it(
    sim: SimulatorClient,
    shops: Shops,
) -> None:
    sim.add_fault("respond", when="after", status=502, path="edit_stock$", count=1)

    assert shops.set_stock(777).status_code == 502
    assert stock_now(sim, shops) == 777


def test_throttling_carries_the_wait_it_was_given(sim: SimulatorClient, shops: Shops) -> None:
    sim.add_fault(
        "respond",
        status=429,
        headers={"Retry-After": "7"},
        body='{"message":"slow"}',
        cart="shopserve",
        count=1,
    )

    answers = [shops.read_stock() for _ in range(2)]

    assert [each.status_code for each in answers] == [429, 200]
    assert answers[0].headers["Retry-After"] == "7"
    assert shops.list_orders().status_code == 200


def test_a_rule_strikes_only_where_it_fits(sim: SimulatorClient, shops: Shops) -> None:
    number = sim.add_fault("respond", status=500, shop=shops.base.key, method="GET", skip=1)

    answers = [shops.list_orders().status_code for _ in range(2)]

    assert answers == [200, 500]
    assert shops.set_stock(1).status_code == 200
    assert shops.read_stock().status_code == 200
    assert sim.faults()[0]["hits"] == 1
    sim.remove_fault(number)
    assert shops.list_orders().status_code == 200


def test_chances_repeat_with_the_seed(sim: SimulatorClient) -> None:
    runs = []
    for _ in range(2):
        sim.reset(seed=11)
        shops = Shops(*sim.seed(orders=0, items=4, variations=0.25))
        sim.add_fault("respond", status=500, probability=0.5, cart="shopserve")
        with shops.http:
            runs.append([shops.read_stock().status_code for _ in range(20)])

    assert runs[0] == runs[1]
    assert set(runs[0]) == {200, 500}


def test_delays_add_up_and_calls_in_flight_are_counted(
    sim: SimulatorClient,
    shops: Shops,
) -> None:
    sim.add_fault("delay", seconds=1.5, cart="thebase")
    sim.add_fault("delay", seconds=0.2, when="after", cart="thebase")
    began = time.monotonic()

    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda _: shops.list_orders().status_code, range(3)))

    assert answers == [200, 200, 200]
    assert time.monotonic() - began >= 1.7
    pace = {row["shop"]: row for row in sim.counters()["pace"]}
    assert pace[shops.base.key]["max_in_flight"] == 3


@pytest.mark.parametrize("form", ["truncated", "html", "charset", "empty"])
def test_a_spoilt_body_is_not_json(sim: SimulatorClient, shops: Shops, form: str) -> None:
    sim.add_fault("malformed", form=form, endpoint="orders.list", count=1)

    response = shops.list_orders()

    assert response.status_code == 200
    with pytest.raises(ValueError, match=r"."):
        json.loads(response.content.decode())


def mutated(sim: SimulatorClient, shops: Shops, form: str) -> dict[str, Any]:
    """Return the list of BASE orders with one mutation."""
    sim.add_fault("mutate", form=form, endpoint="orders.list", count=1)
    document: dict[str, Any] = shops.list_orders().json()
    return document


def test_mutations_change_what_they_are_named_after(sim: SimulatorClient, shops: Shops) -> None:
    good = shops.list_orders().json()["orders"][0]

    assert len(mutated(sim, shops, "extra_fields")["orders"][0]) == len(good) + 1
    assert mutated(sim, shops, "numeric_strings")["orders"][0]["total"] == str(good["total"])
    odd = mutated(sim, shops, "unknown_literals")["orders"][0]
    assert odd["dispatch_status"] == "SomethingNew"
    assert set(mutated(sim, shops, "contents_key")) == {"contents"}
    assert len(mutated(sim, shops, "huge")["padding"]) == 5_000_000
    wrong = mutated(sim, shops, "wrong_types")
    assert wrong["orders"] == {"unexpected": True} or wrong["orders"][0] != good
    sim.add_fault("mutate", form="missing_fields", endpoint="items.edit_stock", count=1)
    assert len(shops.set_stock(1).json()["item"]) < len(shops.set_stock(1).json()["item"])


def test_order_and_stock_api_close_separately(sim: SimulatorClient, shops: Shops) -> None:
    sim.close("shopserve", "orders")
    closed, open_ = shops.search(), shops.read_stock()
    sim.close("shopserve", "stock")
    sim.open("shopserve", "orders")

    assert closed.status_code == 503
    assert "text/html" in closed.headers["Content-Type"]
    assert "メインテナンス" in closed.text
    assert open_.status_code == 200
    assert shops.search().status_code == 200
    assert shops.read_stock().status_code == 503
    assert shops.list_orders().status_code == 200


def test_a_closed_base_says_so_for_its_tokens_too(sim: SimulatorClient, shops: Shops) -> None:
    sim.close("thebase")

    token = httpx.post(f"{shops.base.api_url}/1/oauth/token", data={}, trust_env=False)

    assert token.status_code == 503
    assert "メンテナンス" in shops.list_orders().text
    sim.open("thebase")
    assert shops.list_orders().status_code == 200


def test_a_rule_that_makes_no_sense_is_refused(sim: SimulatorClient) -> None:
    for rule in ({"action": "explode"}, {"action": "mutate"}, {"action": "drop", "pth": "x"}):
        with pytest.raises(SimulatorError):
            sim.add_fault(**rule)


def test_calls_are_counted_per_shop_endpoint_and_status(
    sim: SimulatorClient,
    shops: Shops,
) -> None:
    for _ in range(3):
        shops.read_stock()

    counts = (shops.shopserve.key, "stock.read", "200")

    assert sim.calls(*counts) == 3
    assert sim.calls(shop=shops.base.key) == 0


def test_the_log_can_be_read_from_where_one_left_off(
    sim: SimulatorClient,
    shops: Shops,
) -> None:
    for quantity in (1, 2, 3):
        shops.set_stock(quantity)
    first = sim.effects()[0]

    later = sim.effects(["stock_set"], shop=shops.base.key, since=first["seq"])

    assert [effect["new"] for effect in later] == [2, 3]
    assert sim.counters()["effects"] == {"stock_set": 3}


def test_silenced_stock_writes_are_still_counted(sim: SimulatorClient, shops: Shops) -> None:
    sim.settings(log_stock_sets=False)

    shops.set_stock(1)

    assert sim.effects() == []
    assert sim.counters()["effects"] == {"stock_set": 1}


def test_the_simulator_ends_with_the_process_that_started_it() -> None:
    program = (
        "from simulator.process import start\n"
        "import time\n"
        "print(start().pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.send_signal(signal.SIGKILL)
        parent.wait()

    assert _ends(pid)


def _ends(pid: int) -> bool:
    """Wait for a process that is not our child to end."""
    for _ in range(2_400):
        try:
            state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").split()[2]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state == "Z":
            return True
        time.sleep(0.1)
    return False


def test_the_command_prints_its_addresses_first_and_stops_on_sigterm() -> None:
    command = [sys.executable, "-m", "simulator", "--port", "0", "--shops", "1", "--orders", "2"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        addresses = json.loads(child.stdout.readline())
        health = httpx.get(f"{addresses['url']}/_sim/health", trust_env=False)
        os.kill(child.pid, signal.SIGTERM)
        rest = child.stdout.read().decode()

    assert health.json() == {"ready": True}
    assert child.returncode == 0
    assert "shopserve-1" in rest
    assert "thebase-1" in rest
