"""Shops that come back: the same account is the same shop, with its orders and cursor (SHP-1).

add -> revive            the account is known when the shop is added (ShopServe)
add -> first call -> fold the cart tells it later (BASE): what was said of the new one goes over

docs/decisions/0017-one-account-one-shop.md
"""

from datetime import datetime

import psycopg
from sqlalchemy import Connection

from adapters.postgres.engine import api_log
from adapters.postgres.engine.api_log import LogLine, WholeShop
from adapters.postgres.shops.removals import stop_work
from adapters.postgres.shops.robots import restart_robots
from adapters.postgres.shops.secrets import SecretBox
from adapters.postgres.shops.shops import NewShop, addresses, known_key
from adapters.postgres.shops.tokens import store_tokens
from adapters.postgres.statement import Statement
from domain.actions import ACTIONS, Action

BACK = "削除されていた店舗が再登録されました。注文、取得位置、対応表、設定を引き継ぎます。"

_REVIVE = Statement[None]("""
update shops
   set removed_at = null, key = :key, name = :name, api_url = :api_url, auth_url = :auth_url,
       credentials = :credentials, tokens = null, refresh_holder = null, refresh_until = null,
       refresh_warned_at = null, auth_failed_at = null
 where id = :shop_id
""")
# What the shop shows by now nobody knows: every mapping is told anew (STK-1).
_TELL_ALL = Statement[None](
    "update stock_pushes set wanted_version = wanted_version + 1 where shop_id = :shop_id"
)
_FREE_LANE = Statement[None]("""
with freed as (delete from lane_blocks where shop_id = :shop_id),
     served as (delete from shop_pauses where shop_id = :shop_id)
update lanes set allowed_in_flight = null, slowed_at = null where shop_id = :shop_id
""")


def revive_shop(
    connection: Connection, shop_id: int, new: NewShop, box: SecretBox, now: datetime
) -> None:
    """Bring a removed shop back under the key, name, addresses and secrets that were given anew.

    Its settings, switches, robots, rules, carriers and mappings are what they were; each robot's
    first slot is one cadence from now.

    Raises: BrokenRule when the merchant has another shop of that key.
    """
    told = {**addresses(new), "credentials": box.seal(new.credentials)}
    try:
        _REVIVE.run(connection, new, shop_id=shop_id, **told)
    except psycopg.errors.UniqueViolation as error:
        raise known_key(new) from error
    if new.tokens is not None:
        store_tokens(connection, shop_id, new.tokens, now, box)
    begin_again(connection, shop_id, now)


def begin_again(connection: Connection, shop_id: int, now: datetime) -> None:
    """Let a shop that is back begin as if nothing of before were under way."""
    stop_work(connection, shop_id)
    category = ACTIONS[Action.IMPORT_ORDERS].category
    api_log.log(connection, WholeShop(shop_id), category, LogLine(BACK))
    restart_robots(connection, shop_id, now)
    _TELL_ALL.run(connection, shop_id=shop_id)
    _FREE_LANE.run(connection, shop_id=shop_id)
