"""Every single place of an order spoilt once, alone: all of it is imported, or none with a reason.

One lost field among many good ones is what does harm unseen; answers that are wrong everywhere
are in test_engine_hostile.py.
"""

import copy
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import product
from typing import Any

import pytest

from simulator.client import Document
from tests.component.engine_bench import Bench, BenchShop
from tests.component.json_mutations import Path, change, paths

BATCH = 90  # less than a page, which BASE's client reads twice over at its edges
WAYS = ("missing", "null", "empty", "wrong")
# What the contracts mean by these: an item without choices, a variation without 種類コード
# (IMP-12, with a warning). They name another SKU, and nothing shows that they were something else.
OTHER_SKU = {("empty", "variation"), ("null", "variation_identifier")}
PIECES = """
select i.cart_order_key as key, i.destination as place, k.code as sku, l.quantity as pieces
  from instructions i join instruction_lines l on l.instruction_id = i.id
  join skus k on k.id = l.sku_id
"""


@dataclass(frozen=True)
class Spoilt:
    """A copy of the order with one place spoilt."""

    key: str
    path: Path
    way: str
    document: Document

    @property
    def named(self) -> str:
        return f"{self.way} {'.'.join(str(name) for name in self.path)}"

    @property
    def nameless(self) -> bool:
        """Whether a list row does not tell whose it is."""
        return self.path == ("serial_code",)

    @property
    def smaller(self) -> bool:
        """Whether an entry was taken out of a list: another order, with nothing wrong in it."""
        return self.way == "missing" and isinstance(self.path[-1], int)


def _wrong(value: object) -> object:
    return "?" if isinstance(value, dict | list) else {"unexpected": True}


def _spoilt(order: Document, name: str) -> Iterator[Spoilt]:
    for number, (path, way) in enumerate(product(paths(order), WAYS), start=1):
        key = f"{number:016X}"
        document = copy.deepcopy({**order, name: key})
        if "basic" in document:
            document["basic"]["order_number"] = key
        place: Any = document
        for step in path:
            place = place[step]
        new = {"missing": None, "null": None, "empty": [], "wrong": _wrong(place)}[way]
        change(document, path, new, remove=way == "missing")
        yield Spoilt(key, path, way, document)


Pieces = Counter[tuple[int, str]]


def _ours(bench: Bench) -> dict[str, Pieces]:
    """Return the pieces of each imported order by destination and SKU."""
    ours: dict[str, Pieces] = {}
    with bench.process.database.connect() as connection:
        for row in connection.exec_driver_sql(PIECES).mappings():
            ours.setdefault(row["key"], Counter())[row["place"], row["sku"]] += row["pieces"]
    return ours


def _verdicts(
    bench: Bench, shop: BenchShop, spoilt: list[Spoilt], wanted: Pieces
) -> dict[str, str]:
    """Return what is wrong with what became of the copies, by place; empty where all is well."""
    ours = _ours(bench)
    items = {item["key"]: item for run in _runs(bench) for item in run["items"]}
    tasks = {task["key"]: task["state"] for task in shop.tasks()}
    log = "\n".join(bench.column("select message from api_log"))
    found: dict[str, str] = {}
    for one in spoilt:
        if one.key in ours:
            wrong = _wrongly_imported(one, ours[one.key], wanted, log)
        else:
            wrong = _wrongly_left(items.get(one.key), tasks.get(one.key, ""))
        if wrong:
            found[one.named] = wrong
    return found


def _wrongly_imported(one: Spoilt, ours: Pieces, wanted: Pieces, log: str) -> str:
    if ours == wanted:
        return ""
    # An item of one choice that lost it has the same empty list.
    emptied = one.way == "missing" and "variation" in one.path[:-1]
    other_sku = emptied or (one.way, one.path[-1]) in OTHER_SKU
    if other_sku and ours.total() == wanted.total():
        return ""
    if one.smaller and f"{one.key}: the cart's total is" in log:
        return ""
    return f"{dict(ours)} instead of {dict(wanted)}"


def _wrongly_left(item: Document | None, task: str) -> str:
    if item is None:
        return "not seen"
    if not item["reason"] or "unexpected" in item["reason"]:
        return f"no reason: {item}"
    return "" if task in {"failed", "waiting"} else f"never looked at again: {item}"


def _runs(bench: Bench) -> list[Document]:
    listed = bench.renkei.read("runs", "list")
    return [bench.renkei.read("runs", "show", str(run["id"])) for run in listed]


def _shopserve_order(shop: BenchShop) -> tuple[Document, Pieces]:
    """Return an order for two destinations, each with two lines, one of them with choices."""
    key = shop.add("two_destinations")
    order: Document = {"serial_code": key, **shop.order(key)}
    plain = [row for row in shop.simulated.items if not row["variation"]]
    chosen = [row for row in shop.simulated.items if row["variation"]]
    wanted: Pieces = Counter()
    for at, place in enumerate(order["deliveries"]):
        template = place["items"][0]
        rows = [(chosen[at], 2), (plain[at], 3)]
        place["items"] = [
            {**template, "item_code": row["item"], "variation": _choices(row), "quantity": pieces}
            for row, pieces in rows
        ]
        for line in place["items"]:
            line["amount"] = line["unit_price"] * line["quantity"]
        wanted.update({(at + 1, row["sku"]): pieces for row, pieces in rows})
    order["basic"]["total_amount"] = _total(order)
    shop.place(key, change="remove")
    return order, wanted


def _total(order: Document) -> int:
    paid = order["payment"]
    goods = sum(line["amount"] for place in order["deliveries"] for line in place["items"])
    less = paid["discount"] + paid["coupon_discount"] + paid["point_used"]
    return int(goods + paid["shipping_charge"] + paid["fee"] - less)


def _choices(row: Document) -> list[str]:
    return row["variation"].split("/") if row["variation"] else []


def _failed(bench: Bench) -> set[str]:
    return set(bench.column("select key from run_items where state in ('failed', 'skipped')"))


@pytest.fixture
def shopserve(bench: Bench) -> BenchShop:
    shop = bench.shop("shopserve", items=4, variations=0.5)
    shop.map_items()
    return shop


def _import_shopserve(bench: Bench, shop: BenchShop, rows: list[Document]) -> None:
    """Run once, with these orders on the pages of the list."""
    with ExitStack() as rules:
        for start in range(0, len(rows), BATCH):
            page = {"total_count": len(rows), "orders": rows[start : start + BATCH]}
            answer = {"status": 200, "body": json.dumps(page), "count": 1}
            rules.enter_context(bench.fault("respond", endpoint="orders.search", **answer))
        shop.run("import_orders")


def test_cls_3_a_shopserve_order_lacking_any_one_thing_is_imported_whole_or_not_at_all(
    bench: Bench, shopserve: BenchShop
) -> None:
    order, wanted = _shopserve_order(shopserve)
    spoilt = list(_spoilt(order, "serial_code"))

    _import_shopserve(bench, shopserve, [one.document for one in spoilt])

    named = [one for one in spoilt if not one.nameless]
    found = _verdicts(bench, shopserve, named, wanted)
    assert len(named) == len(spoilt) - len(WAYS) == len(_ours(bench).keys() | _failed(bench))
    assert not found, "\n".join(f"{place}: {what}" for place, what in found.items())


@contextmanager
def _base_details(bench: Bench, details: dict[str, Document]) -> Iterator[None]:
    """Let BASE answer with these orders when they are read one by one."""
    with ExitStack() as rules:
        for key, order in details.items():
            body = json.dumps({"order": order})
            rules.enter_context(
                bench.fault("respond", path=f"/detail/{key}$", status=200, body=body)
            )
        yield


def _import_base(bench: Bench, shop: BenchShop, rows: list[Document]) -> None:
    """Run as a robot does, which leaves what failed its pause; a page of the list each time."""
    for start in range(0, len(rows), BATCH):
        body = json.dumps({"orders": rows[start : start + BATCH]})
        with bench.fault("respond", endpoint="orders.list", count=1, status=200, body=body):
            shop.scheduled("import_orders")


def test_cls_3_a_base_order_lacking_any_one_thing_is_imported_whole_or_not_at_all(
    bench: Bench,
) -> None:
    shop = bench.shop("thebase", items=4, variations=0.5)
    key = shop.add("split_two_methods")
    (facts,) = bench.simulator.orders(shop.key)
    wanted = Counter({(1, sku): pieces for sku, pieces in facts["skus"].items()})
    order = shop.order(key)
    row = {name: order[name] for name in ("ordered", "payment", "total", "dispatch_status")}
    spoilt = list(_spoilt(order, "unique_key"))
    shop.place(key, change="remove")

    with _base_details(bench, {one.key: one.document for one in spoilt}):
        _import_base(bench, shop, [{**row, "unique_key": one.key} for one in spoilt])

    found = _verdicts(bench, shop, spoilt, wanted)
    assert not found, "\n".join(f"{place}: {what}" for place, what in found.items())
