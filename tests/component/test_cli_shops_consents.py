"""Consents of BASE shops that have orders (STK-8)."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import httpx

from tests.component.engine_bench import Bench

TOKENS = "select tokens from shops where key = :key"


def test_stk_08_a_consent_for_a_shop_with_orders_waits_until_the_cart_can_be_asked(
    bench: Bench,
) -> None:
    shop = bench.shop("thebase", "card")
    shop.run("import_orders")
    before = bench.column(TOKENS, key=shop.key)
    consent = httpx.get(bench.renkei.read("shop", "authorize", shop.key)["url"])
    code = parse_qs(urlsplit(consent.headers["location"]).query)["code"][0]
    begins, ends = (datetime.now(UTC) + timedelta(hours=hours) for hours in (-1, 1))
    closure = bench.renkei.read(
        *("maintenance", "add", "--cart", "thebase", "--api", "all"),
        *("--from", begins.isoformat(), "--to", ends.isoformat()),
    )

    refused = bench.renkei("shop", "authorize", shop.key, "--code", code)

    assert refused.code == 1
    assert "consent once more" in refused.err
    assert bench.column(TOKENS, key=shop.key) == before
    bench.renkei.ok("maintenance", "remove", str(closure["id"]))
    assert bench.renkei.read("shop", "test", shop.key)["ok"] is True
