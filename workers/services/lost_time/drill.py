"""The drill after the database was set back; docs/decisions/0021-a-database-set-back.md."""

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from math import ceil
from time import sleep

from redis.exceptions import RedisError
from sqlalchemy import Engine

from adapters.postgres.access.audit import Entry, record
from adapters.postgres.clock import clock
from adapters.postgres.database import DatabaseUnavailable
from adapters.postgres.engine.lost_time import installation
from adapters.postgres.shops import lost_time
from adapters.postgres.shops.lock_outs import lock_out
from adapters.postgres.shops.lost_time import MarkedShop
from adapters.redis.connections import open_redis
from adapters.redis.high_water import HighWater
from domain.carts.cart import Cart
from domain.errors import AuthenticationFailed, BrokenRule, SyncError
from workers.calls.interactive import open_shop_cart
from workers.places import redis_url
from workers.services.backups import refuse_while_at_work
from workers.services.cart_calls import opened_shop
from workers.services.lost_time.orders import bring_back
from workers.services.lost_time.report import ShopReport
from workers.services.lost_time.stock import differences
from workers.settings import Settings

Tell = Callable[[str], None]

# A cart that names neither pace nor closure is asked again by calling the command again.
AGAIN = "call `renkei db restored` again"


def catch_up_all(
    settings: Settings, engine: Engine, who: str, at: datetime, tell: Tell
) -> Iterator[ShopReport]:
    """Catch every marked shop up with its cart, and yield a report of each.

    Called again it goes on with the shops that are still marked.

    Args:
        at: aware; the time the database is of.
        tell: told what is being done, a line each.

    Raises: BrokenRule: a process is connected, the time lies ahead, or Redis does not answer.
    """
    with engine.begin() as connection:
        refuse_while_at_work(connection)
        if at > clock(connection):
            raise BrokenRule("--at lies in the future: name the time the database is of")
        begun = lost_time.restored_to(connection) == at
    if not begun:
        _begin(engine, who, at)
    _forget_what_was_seen(settings, engine)
    with engine.begin() as connection:
        marked = lost_time.marked_shops(connection)
    reports = []
    for shop in marked:
        tell(f"{shop.key}: reading its orders")
        report = ShopReport(merchant=shop.merchant, shop=shop.key)
        _catch_up(settings, engine, shop, report, tell)
        reports.append((shop, report))
    # All orders first: shops may work meanwhile, and stock is read for as long as it takes.
    for shop, report in reports:
        if not report.waits:
            tell(f"{shop.key}: comparing its stock")
            _compare(settings, engine, shop, report, tell)
        yield report


def _begin(engine: Engine, who: str, at: datetime) -> None:
    """Mark every shop."""
    with engine.begin() as connection:
        lost_time.begin_anew(connection, at)
        record(connection, Entry(None, who, "db.restored", "all shops", detail={"at": at}))


def _forget_what_was_seen(settings: Settings, engine: Engine) -> None:
    """Forget the lost runs once every shop is marked, so that no crash lets one work.

    At each call: the one before may have ended in between, and shops would be marked anew.
    """
    with engine.begin() as connection:
        whose = installation(connection)
    try:
        with open_redis(redis_url(settings)) as redis:
            HighWater(redis).forget(whose)
    except RedisError as error:
        raise BrokenRule(f"Redis does not answer ({type(error).__name__}): {AGAIN}") from error


def _catch_up(
    settings: Settings, engine: Engine, marked: MarkedShop, report: ShopReport, tell: Tell
) -> None:
    try:
        shop = opened_shop(settings, engine, marked.id)
        if shop.cart is Cart.BASE and shop.account is None:  # it may be another shop's (STK-8)
            raise BrokenRule(
                f"nobody knows yet whose shop it is: run `renkei shop test {shop.key}`"
            )
        wait = partial(_wait_for_calls, tell, shop.key)
        with open_shop_cart(settings, engine, shop, wait_for_calls=wait) as cart:
            bring_back(engine, shop, cart, report)
    except DatabaseUnavailable:
        raise
    except AuthenticationFailed as error:
        report.needs_authorisation, report.waits = True, str(error)
        with engine.begin() as connection:
            lock_out(connection, marked.id, own=error.own)
    except SyncError as error:
        report.waits = f"{error}: {AGAIN}"


def _compare(
    settings: Settings, engine: Engine, marked: MarkedShop, report: ShopReport, tell: Tell
) -> None:
    try:
        shop = opened_shop(settings, engine, marked.id)
        wait = partial(_wait_for_calls, tell, shop.key)
        with open_shop_cart(settings, engine, shop, wait_for_calls=wait) as cart:
            report.stock = differences(engine, shop, cart)
    except DatabaseUnavailable:
        raise
    except SyncError as error:
        report.stock_unread = str(error)


def _wait_for_calls(tell: Tell, key: str, seconds: float) -> None:
    """Wait until the cart takes calls of a shop again: begun anew, it would never come to the end.

    BASE gives 5,000 an hour, and each order takes one.
    """
    tell(f"{key}: its calls to the cart are used up, goes on in {ceil(seconds / 60)} min")
    sleep(seconds)
