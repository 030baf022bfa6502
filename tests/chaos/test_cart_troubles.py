"""Troubles of a cart that are no shop's fault, with real processes: all come back (CLS-9, CLS-10).

Each prints the time until the last shop went on; docs/reliability.md has the figures.
"""

import time
from pathlib import Path

import pytest

from adapters.postgres.views.shops import refer
from tests.chaos.load import Load, loaded
from workers.services.actors import Actor
from workers.services.shops import park_shop

pytestmark = pytest.mark.chaos_long

PAIRS = 4
ITEMS = 6
STANDING_STILL = """
select count(*) from shops s left join shop_pauses p on p.shop_id = s.id and p.ended_at is null
 where s.cart = :cart and (s.auth_failed_at is not null or p.id is not null)
"""
ALL_AT_WORK = """
select (count(*) = 0)::int from shops s
 where s.cart = :cart
   and not exists (select 1 from run_items i where i.shop_id = s.id and i.state = 'succeeded'
                      and i.finished_at > :since)
"""
LOCKED_OUT = "select count(*) from shops where auth_failed_at is not null"
ENDED = "select count(*) from dead_letters where state = 'open'"
ALARMS = "select count(*) from api_log where needs_person"
OTHERS_AT_WORK = """
select count(*) from run_items i join shops s on s.id = i.shop_id
 where s.cart <> :cart and i.state = 'succeeded' and i.finished_at > :since
"""
FIREWALL = {"status": 403, "body": "<html>403</html>", "content_type": "text/html"}
REDIRECT = {"status": 302, "headers": {"Location": "https://login.example.jp/"}}
REFUSED = {"status": 401, "body": '{"error_code": "E401", "message": "refused"}'}
TOKEN_REFUSED = {
    "status": 401,
    "body": '{"error": "invalid_request", "error_description": "アクセストークンが無効です。"}',
}
LONG_WAIT = {"status": 429, "headers": {"Retry-After": "999999"}}


def _trouble(load: Load, cart: str, answer: dict[str, object], lasts_s: float) -> float:
    """Let a cart answer so for a while; returns how long its last shop took to go on."""
    ((began,),) = load.rows("select clock_timestamp()")
    rule = load.simulator.add_fault("respond", cart=cart, **answer)
    load.wait_for(STANDING_STILL, cart=cart)
    time.sleep(lasts_s)
    assert load.number(OTHERS_AT_WORK, cart=cart, since=began) > 0
    load.simulator.remove_fault(rule)
    ((since,),) = load.rows("select clock_timestamp()")
    load.wait_for(ALL_AT_WORK, within_s=300, cart=cart, since=since)
    ((took_s,),) = load.rows(
        "select extract(epoch from clock_timestamp() - cast(:since as timestamptz))", since=since
    )
    return float(str(took_s))


def _unpark(load: Load, cart: str) -> None:
    ((merchant_id, key),) = load.rows(
        "select merchant_id, key from shops where cart = :cart", cart=cart
    )
    with load.engine.begin() as connection:
        shop = refer(connection, int(str(merchant_id)), str(key))
        assert shop is not None
        actor = Actor(int(str(merchant_id)), "a person")
        park_shop(connection, actor, shop, None, parked=False)


@pytest.mark.parametrize("answer", [FIREWALL, REDIRECT], ids=["firewall", "redirect"])
@pytest.mark.parametrize("cart", ["shopserve", "thebase"])
def test_cls_9_after_half_a_minute_of_something_in_between_every_shop_goes_on(
    home: Path, tmp_path: Path, cart: str, answer: dict[str, object]
) -> None:
    with loaded(home, tmp_path / "logs", pairs=PAIRS, items=ITEMS) as load:
        took_s = _trouble(load, cart, answer, 30)
        locked_out, ended = load.number(LOCKED_OUT), load.number(ENDED)
        alarms = load.number(ALARMS)

    print(f"\n{cart}: the last shop went on {took_s:.1f} s after the trouble")
    assert (locked_out, ended, alarms) == (0, 0, 0)


def test_cls_10_after_half_a_minute_of_401_every_shop_comes_back_with_one_alarm(
    home: Path, tmp_path: Path
) -> None:
    with loaded(home, tmp_path / "logs", pairs=PAIRS, items=ITEMS) as load:
        took_s = _trouble(load, "shopserve", REFUSED, 30)
        load.wait_for("select (count(*) = 0)::int from dead_letters where state = 'open'")
        locked_out, alarms = load.number(LOCKED_OUT), load.number(ALARMS)

    print(f"\nshopserve: the last shop was back {took_s:.1f} s after the trouble")
    assert (locked_out, alarms) == (0, 1)


def test_cls_10_half_a_minute_of_401_for_fresh_tokens_locks_no_base_shop_out(
    home: Path, tmp_path: Path
) -> None:
    with loaded(home, tmp_path / "logs", pairs=PAIRS, items=ITEMS) as load:
        took_s = _trouble(load, "thebase", {**TOKEN_REFUSED, "path": "/items/"}, 30)
        locked_out, ended = load.number(LOCKED_OUT), load.number(ENDED)

    print(f"\nthebase: the last shop went on {took_s:.1f} s after the trouble")
    assert (locked_out, ended) == (0, 0)


def test_cls_9_a_wait_of_eleven_days_is_ended_by_a_person(home: Path, tmp_path: Path) -> None:
    with loaded(home, tmp_path / "logs", pairs=1, items=ITEMS) as load:
        load.simulator.add_fault("respond", cart="thebase", count=1, **LONG_WAIT)
        load.wait_for(STANDING_STILL, cart="thebase")
        ((since,),) = load.rows("select clock_timestamp()")
        _unpark(load, "thebase")
        load.wait_for(ALL_AT_WORK, cart="thebase", since=since)
        lines = load.number("select count(*) from api_log where message like '%999999%'")

    assert lines == 1
