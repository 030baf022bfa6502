"""BASE tokens (CLS-6): refreshed ahead, by one worker, safe against a crash, warned of in time."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from redis import Redis

from adapters.postgres.shops import tokens as rows
from adapters.thebase.oauth import GrantedTokens, OAuthClient
from domain.errors import Closed
from tests.component.engine_bench import Bench, BenchShop
from workers.calls.tokens import care
from workers.calls.tokens.refresh import SharedTokens

SOON = timedelta(minutes=3)
ENDED = timedelta(minutes=-3)
LOCKED_OUT = "APIの認証に失敗しました。"
CLOSED = "メンテナンス期間中のためAPIは使用できません。"


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

    def dies(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(rows, "store_tokens", dies)
        with pytest.raises(Killed):
            SharedTokens(found, bench.process.token_tools).access_token()
    bench.sql("update shops set refresh_until = now() - interval '1 s'")  # its lease has ended
    _other_worker(bench, shop)


def _locked(bench: Bench) -> list[bool]:
    return bench.column("select auth_failed_at is not null from shops order by id")


def _tokens(bench: Bench, shop: BenchShop) -> SharedTokens:
    (shop_id,) = bench.column("select id from shops where key = :key", key=shop.key)
    return SharedTokens(bench.process.directory.shop(shop_id), bench.process.token_tools)


def _beside_a_refresh(
    monkeypatch: pytest.MonkeyPatch,
    happens: Callable[[OAuthClient, Callable[[OAuthClient, str], GrantedTokens]], None],
) -> None:
    """Let something happen after the cart has answered a refresh, before its worker knows."""
    refresh = OAuthClient.refresh

    def both(client: OAuthClient, refresh_token: str) -> GrantedTokens:
        answered = refresh(client, refresh_token)
        happens(client, refresh)
        return answered

    monkeypatch.setattr(OAuthClient, "refresh", both)


def _closure(
    bench: Bench,
    api: str,
    *,
    ends: timedelta | None = None,
    probe: timedelta | None = None,
    cart: str = "thebase",
) -> None:
    """Write down a closure: one with an end a person entered, one without the cart told of."""
    bench.sql(
        "insert into closures (cart, api, starts_at, ends_at, probe_at, source) values"
        " (:cart, :api, now() - interval '1 hour', now() + cast(:ends as interval),"
        " now() + cast(:probe as interval), :source)",
        cart=cart,
        api=api,
        ends=ends,
        probe=probe,
        source="detected" if ends is None else "person",
    )
    _notice(bench)


def _open_closures(bench: Bench) -> int:
    (found,) = bench.column(
        "select count(*) from closures where cart = 'thebase' and ended_at is null"
    )
    return int(found)


def _notice(bench: Bench) -> None:
    """Let the workers' copy of the closures, seconds old at most, end now."""
    bench.process.closures._read_at = float("-inf")


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

    bench.process.token_care.refresh_ending()

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
    _store(bench, oauth.refresh(secrets["refresh_token"]))
    _other_worker(bench, shop)


def test_cls_6_nobody_else_refreshes_while_an_adopted_copy_that_ends_soon_is_refreshed(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = bench.shop("thebase")
    _ends(bench, shop, "access_expires_at", SOON)
    bench.simulator.settings(access_token_s=120)  # so that the copy has to be refreshed as well
    _die_before_the_commit(bench, shop, monkeypatch)
    bench.simulator.settings(access_token_s=3600)
    claims: list[bool] = []

    def another_worker_claims(*_: object) -> None:
        with bench.process.database.begin() as connection:
            (shop_id,) = bench.column("select id from shops")
            claims.append(rows.claim_refresh(connection, shop_id, "another", 45))

    _beside_a_refresh(monkeypatch, another_worker_claims)
    token = _tokens(bench, shop).access_token()

    assert claims == [False]
    assert token == bench.simulator.shop(shop.key).secrets["access_token"]
    assert bench.column("select refresh_until from shops") == [None]


def test_cls_6_a_persons_new_authorisation_is_not_overwritten_by_a_refresh_under_way(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = bench.shop("thebase", "card")
    _ends(bench, shop, "access_expires_at", SOON)

    def a_person_authorises(
        client: OAuthClient, refresh: Callable[[OAuthClient, str], GrantedTokens]
    ) -> None:
        _store(bench, refresh(client, bench.simulator.shop(shop.key).secrets["refresh_token"]))

    with monkeypatch.context() as patched:
        _beside_a_refresh(patched, a_person_authorises)
        token = _tokens(bench, shop).access_token()

    assert token == bench.simulator.shop(shop.key).secrets["access_token"]
    _ends(bench, shop, "access_expires_at", SOON)
    assert shop.run("import_orders")["state"] == "succeeded"
    assert bench.column("select refresh_until from shops") == [None]


def test_cls_6_a_refused_refresh_looks_once_more_before_the_shop_is_stopped(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else has used the refresh token; what that gave is stored by now."""
    shop = bench.shop("thebase", "card")
    _ends(bench, shop, "access_expires_at", SOON)
    refresh = OAuthClient.refresh

    def comes_second(client: OAuthClient, refresh_token: str) -> GrantedTokens:
        _store(bench, refresh(client, refresh_token))
        return refresh(client, refresh_token)

    monkeypatch.setattr(OAuthClient, "refresh", comes_second)
    run = shop.run("import_orders")

    assert run["state"] == "succeeded"
    assert _locked(bench) == [False]


def _store(bench: Bench, new: GrantedTokens) -> None:
    (now,) = bench.column("select now()")
    with bench.process.database.begin() as connection:
        rows.store_tokens(
            connection,
            bench.column("select id from shops")[0],
            rows.Tokens(new.access_token, new.refresh_token, now + timedelta(hours=1)),
            now,
            bench.process.token_tools.box,
        )


def test_cls_3_a_refresh_refused_while_nothing_runs_stops_that_shop_with_one_alert(
    bench: Bench,
) -> None:
    shop, other = bench.shop("thebase"), bench.shop("thebase")
    bench.simulator.end_tokens(shop.key, "refresh")
    _ends(bench, shop, "access_expires_at", SOON)
    _ends(bench, other, "access_expires_at", SOON)

    bench.process.token_care.refresh_ending()
    bench.process.token_care.refresh_ending()

    assert _locked(bench) == [True, False]
    (line,) = shop.log()
    assert line["message"].startswith(LOCKED_OUT)
    assert (line["level"], line["needs_person"]) == ("error", True)
    assert shop.calls("oauth.token") == 1
    assert (_refreshes(other), other.log()) == (1, [])


@pytest.mark.parametrize("action", ["import_orders", "sync_stock"])
@pytest.mark.parametrize("text", ["", "不正なリフレッシュトークンです。"])
def test_cls_3_a_refresh_refused_in_a_run_stops_the_shop_with_one_alert_whatever_the_cart_says(
    bench: Bench, action: str, text: str
) -> None:
    shop = bench.shop("thebase", "card")
    shop.map_items()
    shop.stock_up(20)
    _ends(bench, shop, "access_expires_at", ENDED)
    said = f'{{"error": "invalid_request", "error_description": "{text}"}}'
    with bench.fault("respond", endpoint="oauth.token", status=400, body=said):
        shop.run(action)

    assert _locked(bench) == [True]
    assert shop.messages().count(LOCKED_OUT) == 1
    assert "renkei shop authorize" in shop.messages()
    assert shop.calls("oauth.token") == 1


@pytest.mark.parametrize("apis", [("all",), ("orders", "stock")])
def test_cls_1_no_token_is_refreshed_in_an_announced_closure_of_the_whole_cart(
    bench: Bench, apis: tuple[str, ...]
) -> None:
    shop = bench.shop("thebase", "card")
    _ends(bench, shop, "access_expires_at", ENDED)
    for api in apis:
        _closure(bench, api, ends=timedelta(hours=1))

    bench.process.token_care.refresh_ending()
    run = shop.run("import_orders")
    until = _refused_as_closed(bench, shop)

    assert (run["state"], shop.calls()) == ("closed", 0)
    assert until - datetime.now(UTC) > timedelta(minutes=59)
    assert CLOSED in shop.messages()
    bench.cancel_closures()
    assert shop.run("import_orders")["state"] == "succeeded"


def _refused_as_closed(bench: Bench, shop: BenchShop) -> datetime:
    """Ask for a token in the middle of a run; without an end it would pass for news of the cart."""
    with pytest.raises(Closed) as caught:
        _tokens(bench, shop).access_token()
    assert caught.value.until is not None
    return caught.value.until


def test_cls_1_a_closure_of_one_family_or_cart_does_not_keep_the_others_token_from_refresh(
    bench: Bench,
) -> None:
    shop = bench.shop("thebase", "card")
    _ends(bench, shop, "access_expires_at", ENDED)
    _closure(bench, "stock", ends=timedelta(hours=1))
    _closure(bench, "all", ends=timedelta(hours=1), cart="shopserve")

    run = shop.run("import_orders")

    assert (run["state"], _refreshes(shop)) == ("succeeded", 1)


def test_cls_1_in_a_closure_without_known_end_only_who_may_probe_it_refreshes(
    bench: Bench,
) -> None:
    shop = bench.shop("thebase", "card")
    _ends(bench, shop, "access_expires_at", ENDED)
    _closure(bench, "all", probe=timedelta(minutes=10))

    early = shop.run("import_orders")
    until = _refused_as_closed(bench, shop)
    bench.sql("update closures set probe_at = now()")
    _notice(bench)
    bench.process.token_care.refresh_ending()
    calls = shop.calls()
    probe = shop.run("import_orders")

    assert (early["state"], calls) == ("closed", 0)
    assert timedelta(minutes=9) < until - datetime.now(UTC) < timedelta(minutes=11)
    assert (probe["state"], shop.calls("oauth.token")) == ("succeeded", 1)
    assert _open_closures(bench) == 0


def test_cls_1_when_the_refresh_before_a_probe_fails_no_other_shop_tries_one_at_once(
    bench: Bench,
) -> None:
    first, second = bench.shop("thebase", "card"), bench.shop("thebase", "card")
    for shop in (first, second):
        _ends(bench, shop, "access_expires_at", ENDED)
    _closure(bench, "all", probe=timedelta(seconds=-1))
    bench.simulator.close("thebase")

    found = first.run("import_orders")
    kept = second.run("import_orders")

    assert (found["state"], kept["state"]) == ("running", "closed")
    assert (first.calls(), second.calls()) == (1, 0)
    bench.simulator.open("thebase")
    bench.sql("update shops set refresh_until = now() where refresh_until is not null")
    assert second.run("import_orders")["state"] == "succeeded"


@pytest.mark.parametrize("status", [503, 200])
def test_cls_3_a_token_address_in_maintenance_postpones_that_shop_and_closes_nothing(
    bench: Bench, status: int
) -> None:
    shop, other = bench.shop("thebase", "card"), bench.shop("thebase", "card")
    shop.map_items()
    shop.stock_up(20)
    _ends(bench, shop, "access_expires_at", ENDED)
    page = {"status": status, "body": "ただいまメンテナンス中です", "content_type": "text/html"}
    with bench.fault("respond", endpoint="oauth.token", **page):
        runs = [shop.run(action) for action in ("import_orders", "sync_stock")]

    assert other.run("import_orders")["state"] == "succeeded"
    assert _open_closures(bench) == 0
    assert [run["state"] for run in runs] == ["running", "running"]
    assert bench.column("select distinct attempts from run_items where state = 'due'") == [0]
    assert shop.calls() == 1  # not once for each of its items
    waits = bench.column("select due_at from runs where state = 'pending'")
    assert timedelta(seconds=50) < waits[0] - datetime.now(UTC) < timedelta(seconds=61)

    bench.process.token_tools.cache._paused.clear()
    bench.later(seconds=61)

    assert [shop.shown(run["id"])["state"] for run in runs] == ["succeeded", "succeeded"]


def test_cls_6_token_care_ends_in_time_and_leaves_the_rest_to_its_next_tick(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the order of their ends; those too late for that give way."""
    ended, later, sooner = (bench.shop("thebase") for _ in range(3))
    _ends(bench, ended, "access_expires_at", ENDED)
    _ends(bench, later, "access_expires_at", timedelta(minutes=5))
    _ends(bench, sooner, "access_expires_at", timedelta(minutes=2))
    monkeypatch.setattr(care, "LONGEST_S", 0.1)

    seen = []
    with bench.fault("delay", seconds=0.2, endpoint="oauth.token"):
        for _ in range(3):
            bench.process.token_care.refresh_ending()
            seen.append([_refreshes(shop) for shop in (sooner, later, ended)])

    assert seen == [[1, 0, 0], [1, 1, 0], [1, 1, 1]]


def test_cls_6_token_care_does_not_wait_for_a_shop_another_worker_refreshes(bench: Bench) -> None:
    shop = bench.shop("thebase")
    _ends(bench, shop, "access_expires_at", SOON)
    bench.sql("update shops set refresh_holder = 'x', refresh_until = now() + interval '45 s'")

    with bench.process.database.begin() as connection:
        assert rows.ending_soon(connection) == []


def test_cls_6_after_weeks_of_standstill_nobody_is_warned_of_what_the_next_refresh_mends(
    bench: Bench,
) -> None:
    shop = bench.shop("thebase")
    _ends(bench, shop, "refresh_expires_at", timedelta(hours=5))
    _ends(bench, shop, "access_expires_at", -timedelta(days=29))

    _closure(bench, "all", ends=timedelta(hours=1))
    bench.process.token_care.refresh_ending()
    bench.cancel_closures()
    bench.process.token_care.refresh_ending()

    assert shop.log() == []
    (ends_at,) = bench.column("select refresh_expires_at from shops")
    assert ends_at - datetime.now(UTC) > timedelta(days=29)


def test_cls_6_a_shop_whose_refreshes_fail_warns_a_person_days_ahead(bench: Bench) -> None:
    shop = bench.shop("thebase")
    _ends(bench, shop, "refresh_expires_at", timedelta(days=2, hours=1))
    _ends(bench, shop, "access_expires_at", ENDED)

    with bench.fault("respond", endpoint="oauth.token", status=500):
        bench.process.token_care.refresh_ending()

    (line,) = shop.log()
    assert "あと2日で切れます" in line["message"]
    assert _locked(bench) == [False]


@pytest.mark.parametrize("nobody_refreshes", ["parked = true", "auth_failed_at = now()"])
def test_cls_6_a_refresh_token_that_has_ended_is_called_so(
    bench: Bench, nobody_refreshes: str
) -> None:
    shop = bench.shop("thebase")
    _ends(bench, shop, "refresh_expires_at", -timedelta(days=3))
    bench.sql(f"update shops set {nobody_refreshes}")  # noqa: S608

    bench.process.token_care.refresh_ending()

    (line,) = shop.log()
    assert line["message"].startswith("BASEの認証が切れています。")
    assert shop.calls() == 0


def test_cls_6_a_refresh_token_about_to_end_warns_a_person_days_ahead_once_a_day(
    bench: Bench,
) -> None:
    """The kill switch keeps it from being refreshed: nobody but a person can."""
    shop, other = bench.shop("thebase"), bench.shop("thebase")
    _ends(bench, shop, "refresh_expires_at", timedelta(days=6, hours=1))
    bench.renkei.ok("shop", "park", shop.key)

    bench.process.token_care.refresh_ending()
    bench.process.token_care.refresh_ending()

    (line,) = shop.log()
    assert (line["level"], line["needs_person"]) == ("warning", True)
    assert "あと6日" in line["message"]
    assert "renkei shop authorize" in line["message"]
    assert other.log() == []

    bench.sql("update shops set refresh_warned_at = refresh_warned_at - interval '25 hours'")
    bench.process.token_care.refresh_ending()
    assert len(shop.log()) == 2
