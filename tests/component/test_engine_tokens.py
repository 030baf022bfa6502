"""BASE tokens (CLS-6): refreshed ahead, by one worker, safe against a crash, warned of in time."""

from datetime import timedelta

import pytest
from redis import Redis

from adapters.postgres import tokens as rows
from tests.component.engine_bench import Bench, BenchShop
from workers.token_care import refresh_ending
from workers.tokens import SharedTokens

SOON = timedelta(minutes=3)


class Killed(BaseException):
    """Stands for SIGKILL: nothing of ours handles it."""


def _ends(bench: Bench, shop: BenchShop, column: str, ahead: timedelta) -> None:
    bench.sql(
        f"update shops set {column} = now() + :ahead where key = :key",  # noqa: S608
        ahead=ahead,
        key=shop.key,
    )
    _other_worker(bench, shop)


def _other_worker(bench: Bench, shop: BenchShop) -> None:
    """Go on as a worker that knows nothing yet."""
    (shop_id,) = bench.column("select id from shops where key = :key", key=shop.key)
    bench.process.token_tools.cache.forget(shop_id)
    bench.process.directory.forget(shop_id)


def _refreshes(shop: BenchShop) -> int:
    return len(shop.effects("token_refreshed"))


def _refused(bench: Bench, shop: BenchShop) -> int:
    return bench.simulator.calls(shop.key, outcome="unauthorized")


def _die_before_the_commit(bench: Bench, shop: BenchShop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Get new tokens from the cart, and die before PostgreSQL has them."""
    found = bench.process.directory.shop(bench.column("select id from shops")[0])

    def dies(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(rows, "store_tokens", dies)
        with pytest.raises(Killed):
            SharedTokens(found, bench.process.token_tools).access_token()
    bench.sql("update shops set refresh_until = now() - interval '1 s'")  # its lease has ended
    _other_worker(bench, shop)


def _locked(bench: Bench) -> list[bool]:
    return bench.column("select auth_failed_at is not null from shops")


def test_cls_6_a_token_is_refreshed_before_a_call_meets_its_end(bench: Bench) -> None:
    shop = bench.shop("thebase", "card")
    _ends(bench, shop, "access_expires_at", SOON)

    run = shop.run("import_orders")

    assert run["state"] == "succeeded"
    assert (_refreshes(shop), bench.simulator.calls(shop.key, "oauth.token")) == (1, 1)
    assert shop.run("import_orders")["state"] == "succeeded"
    assert _refreshes(shop) == 1


def test_cls_6_a_token_that_ended_unexpectedly_costs_one_refused_call_and_no_attempt(
    bench: Bench,
) -> None:
    shop = bench.shop("thebase", "card")
    shop.run("import_orders")
    bench.simulator.end_tokens(shop.key, "access")
    shop.add("card")

    run = shop.run("import_orders")

    assert (run["state"], run["succeeded"]) == ("succeeded", 1)
    assert [item["attempts"] for item in run["items"] if item["state"] == "succeeded"] == [1]
    assert _refreshes(shop) == 1


def test_cls_6_tokens_are_looked_after_while_nothing_else_happens(bench: Bench) -> None:
    ending, fresh = bench.shop("thebase"), bench.shop("thebase")
    _ends(bench, ending, "access_expires_at", SOON)

    refresh_ending(bench.process)

    assert (_refreshes(ending), _refreshes(fresh)) == (1, 0)


def test_cls_6_new_tokens_survive_a_crash_between_the_answer_and_the_commit(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = bench.shop("thebase", "card")
    _ends(bench, shop, "access_expires_at", SOON)
    _die_before_the_commit(bench, shop, monkeypatch)

    run = shop.run("import_orders")

    assert run["state"] == "succeeded"
    assert _locked(bench) == [False]
    assert _refreshes(shop) == 1


def test_cls_6_tokens_lost_with_worker_and_redis_at_once_stop_the_shop_with_an_alert(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody has them: the cart gave them to a dead process and took the old ones back."""
    shop = bench.shop("thebase", "card")
    _ends(bench, shop, "access_expires_at", SOON)
    _die_before_the_commit(bench, shop, monkeypatch)
    with Redis.from_url(bench.renkei.environment["RENKEI_REDIS_URL"]) as redis:
        redis.flushdb()

    run = shop.run("import_orders")

    assert run["state"] == "failed"
    assert _locked(bench) == [True]
    assert "renkei shop authorize" in shop.messages()


def test_cls_6_a_copy_left_by_a_crash_is_ignored_once_a_person_has_authorised_anew(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = bench.shop("thebase", "card")
    _ends(bench, shop, "access_expires_at", SOON)
    _die_before_the_commit(bench, shop, monkeypatch)
    left = bench.simulator.shop(shop.key).secrets
    bench.sql("update shops set access_expires_at = now()")
    _authorise(bench, shop)
    _ends(bench, shop, "access_expires_at", SOON)

    run = shop.run("import_orders")

    assert run["state"] == "succeeded"
    assert _locked(bench) == [False]
    assert bench.simulator.shop(shop.key).secrets["refresh_token"] != left["refresh_token"]


def _authorise(bench: Bench, shop: BenchShop) -> None:
    """Store tokens the simulator gives out anew, as after `renkei shop authorize`."""
    found = bench.process.directory.shop(bench.column("select id from shops")[0])
    secrets = bench.simulator.shop(shop.key).secrets
    oauth = SharedTokens(found, bench.process.token_tools)._oauth
    new = oauth.refresh(secrets["refresh_token"])
    (now,) = bench.column("select now()")
    with bench.process.engine.begin() as connection:
        rows.store_tokens(
            connection,
            found.id,
            rows.Tokens(new.access_token, new.refresh_token, now + timedelta(hours=1)),
            now,
            bench.process.token_tools.box,
        )
    _other_worker(bench, shop)


def test_cls_6_a_refresh_token_about_to_end_warns_a_person_days_ahead_once_a_day(
    bench: Bench,
) -> None:
    shop, other = bench.shop("thebase"), bench.shop("thebase")
    _ends(bench, shop, "refresh_expires_at", timedelta(days=6, hours=1))

    refresh_ending(bench.process)
    refresh_ending(bench.process)

    (line,) = shop.log()
    assert (line["level"], line["needs_person"]) == ("warning", True)
    assert "あと6日" in line["message"]
    assert "renkei shop authorize" in line["message"]
    assert other.log() == []

    bench.sql("update shops set refresh_warned_at = refresh_warned_at - interval '25 hours'")
    refresh_ending(bench.process)
    assert len(shop.log()) == 2
