"""Which shop has or had an account of a cart (STK-8), and the right to say so."""

from dataclasses import dataclass

from sqlalchemy import Connection

from adapters.postgres.statement import Statement
from domain.carts.accounts import AccountHolder, CartAccount


@dataclass(frozen=True, slots=True)
class AccountStanding:
    """What a locked shop is known by.

    Attributes:
        account, account_place: None until the cart has told them.
        has_history: it has orders or effects, which are its account's.
    """

    api_url: str
    account: str | None
    account_place: str | None
    has_history: bool


# Whoever adds, proves or revives an account waits for the others of the same one; the unique index
# alone would refuse the second with a failure that cannot tell whose shop is in the way.
_ALONE = Statement[None]("select pg_advisory_xact_lock(hashtextextended(:account, 0))")
_LIVE = Statement[AccountHolder]("""
select id, merchant_id, key, false as removed from shops
 where cart = :cart and account_place = :place and account = :name and removed_at is null
   and id is distinct from :but
""")
_REMOVED = Statement[AccountHolder]("""
select id, merchant_id, key, true as removed from shops
 where cart = :cart and account_place = :place and account = :name and removed_at is not null
   and merchant_id = :merchant_id
 order by removed_at desc limit 1
   for update
""")
_HAS_HISTORY = """
exists (select from import_tasks t where t.shop_id = s.id)
or exists (select from instructions i where i.shop_id = s.id)
or exists (select from effects e where e.shop_id = s.id)
"""
_HISTORY = Statement[bool](f"select {_HAS_HISTORY} from shops s where s.id = :shop_id")
_STANDING = Statement[AccountStanding](f"""
select s.api_url, s.account, s.account_place, {_HAS_HISTORY} as has_history
  from shops s
 where s.id = :shop_id and s.removed_at is null
   for no key update of s
""")
_NOTE = Statement[None](
    "update shops set account = :name, account_place = :place where id = :shop_id"
)


def lock_account(connection: Connection, account: CartAccount) -> None:
    """Have every other use of the account wait until this transaction is over.

    In the order of all: a shop that is there, its account, a shop that was removed.
    """
    _ALONE.run(connection, account=str(account))


def live_holder(
    connection: Connection, account: CartAccount, *, but: int | None = None
) -> AccountHolder | None:
    """Return the shop, of any merchant, that has the account. Args: but: not this one."""
    return _LIVE.first(connection, account, but=but)


def removed_holder(
    connection: Connection, account: CartAccount, merchant_id: int
) -> AccountHolder | None:
    """Lock and return the removed shop of a merchant that had the account, the last one."""
    return _REMOVED.first(connection, account, merchant_id=merchant_id)


def has_history(connection: Connection, shop_id: int) -> bool:
    """Tell whether a shop has orders or effects, which are its account's."""
    return bool(_HISTORY.first(connection, shop_id=shop_id))


def lock_standing(connection: Connection, shop_id: int) -> AccountStanding | None:
    """Lock a shop and return what it is known by; None when it was removed."""
    return _STANDING.first(connection, shop_id=shop_id)


def note_account(connection: Connection, shop_id: int, account: CartAccount) -> None:
    """Remember whose credentials a shop has; the account is locked and nobody else's."""
    _NOTE.run(connection, account, shop_id=shop_id)


_FORGET = Statement[None](
    "update shops set account = null, account_place = null where id = :shop_id"
)


def forget_account(connection: Connection, shop_id: int) -> None:
    """Have the cart asked once more whose shop it is, before its next run."""
    _FORGET.run(connection, shop_id=shop_id)
