"""What one refused call means for the rest of its shop or cart: park, carry over, lock out."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from redis.exceptions import RedisError
from sqlalchemy import Connection

from adapters.postgres.access.audit import Entry, record
from adapters.postgres.database import DatabaseUnavailable
from adapters.postgres.engine import api_log, lanes, planned_items, runs
from adapters.postgres.engine.api_log import LogLine, Subject, WholeShop
from adapters.postgres.engine.pauses import Noted
from adapters.postgres.shops import lock_outs
from adapters.postgres.shops.lock_outs import RefusalKind
from adapters.postgres.shops.robots import park
from adapters.redis.budget import CallBudget
from domain.actions import ACTIONS, Action
from domain.carts.cart import limits_of
from domain.engine.budget import Limit, is_just_reset, resumes_at, waits_from
from domain.engine.maintenance import MESSAGE as MAINTENANCE
from domain.errors import (
    AccountTaken,
    AuthenticationFailed,
    BudgetSpent,
    Closed,
    RemoteBusy,
    Stopping,
    Unserved,
    Unserving,
)
from workers.calls.accounts import BY_ITSELF
from workers.calls.board import ClosureBoard, ShopDirectory
from workers.calls.cart_clocks import CartClocks
from workers.calls.pauses import PauseBoard
from workers.engine.context import Claim, Clock, Reaction

# Postponed without a known end: look again after this.
UNKNOWN_PAUSE = timedelta(seconds=5)

AUTH_FAILED = "APIの認証に失敗しました。この店舗の連携を停止します。認証情報を確認してください。"
INCIDENT = LogLine(
    "APIの認証に失敗しました。同じカートの複数の店舗で同時に起きているため、カート側の障害として扱い、"
    "認証が再び受け付けられ次第、自動的に再開します。",
    "warning",
)


@dataclass(frozen=True, slots=True)
class CartReactions:
    """Implements workers.engine.context.Reactions for calls to carts."""

    directory: ShopDirectory
    closures: ClosureBoard
    pauses: PauseBoard
    budget: CallBudget
    clock: Clock
    cart_clocks: CartClocks

    def of_postponement(self, claim: Claim, error: Exception, *, probing: bool) -> Reaction:
        """See Reactions.of_postponement."""
        if isinstance(error, Closed):
            return self._closed(claim, error, probing=probing)
        if isinstance(error, BudgetSpent):
            return self._spent(claim, error)
        if isinstance(error, RemoteBusy):  # for longer than an attempt waits
            error = _long_wait(error)
        if isinstance(error, Unserved):
            return self._unserved(claim, error, probing=probing)
        self.directory.forget(claim.shop_id)
        return Reaction()

    def again_at(self, error: Exception, at: datetime | None) -> datetime | None:
        """See Reactions.again_at."""
        if isinstance(error, Stopping):
            return None
        if isinstance(error, Unserved | BudgetSpent):  # known since it was noted
            at = error.until
        return at or self.clock() + UNKNOWN_PAUSE

    def of_retry(self, claim: Claim, error: Exception, at: datetime) -> Reaction:
        """See Reactions.of_retry: the shop's other work slows down too."""
        if isinstance(error, DatabaseUnavailable):
            return Reaction()  # our own trouble, not the shop's

        def slow_down(connection: Connection) -> None:
            lanes.slow_down(connection, claim.shop_id)
            if isinstance(error, RemoteBusy):
                lanes.block(connection, claim.shop_id, until=at, priority=0)

        return Reaction(slow_down)

    def of_failure(self, claim: Claim, error: Exception) -> Reaction:
        """See Reactions.of_failure: refused credentials stop the shop (CLS-3).

        So does an account that another shop is on (STK-8): a person has to remove one of them.
        """
        if isinstance(error, AccountTaken):
            return Reaction(lambda connection: self._park(connection, claim, str(error)))
        if not isinstance(error, AuthenticationFailed):
            return Reaction()

        def stop(connection: Connection) -> None:
            self.lock_out(connection, claim, claim.action, error)
            lock_outs.owe_daily_run(connection, claim.run_id)
            planned_items.carry_over(
                connection, claim.run_id, "the shop's credentials were refused"
            )

        return Reaction(stop, carries=True)

    def _park(self, connection: Connection, claim: Claim, reason: str) -> None:
        """Turn the shop's kill switch on, with the reason in the audit."""
        shop = self.directory.shop(claim.shop_id)
        park(connection, shop.id, None, parked=True)
        self.directory.forget(shop.id)
        record(connection, Entry(shop.merchant_id, BY_ITSELF, "shop.park", shop.key, reason))

    def lock_out(
        self, connection: Connection, about: Subject, action: str, error: AuthenticationFailed
    ) -> None:
        """Stop a shop whose credentials were refused (CLS-3); the first to find out alerts.

        Several shops of a cart that are refused together are an incident: one alert (CLS-10).
        """
        found = lock_outs.lock_out(connection, about.shop_id, own=error.own)
        if found is not None:
            category = ACTIONS[Action(action)].category
            alarms = found.refusal is not RefusalKind.INCIDENT
            line = LogLine(AUTH_FAILED, "error", needs_person=True) if alarms else INCIDENT
            api_log.log(connection, about, category, line)
            for other in found.joined:
                api_log.log(connection, WholeShop(other), category, INCIDENT)
        self.directory.forget(about.shop_id)

    def pause(
        self, about: Subject, action: str, error: Unserved, *, probing: bool = False
    ) -> Noted:
        """Have a shop's work wait until its cart serves it again (CLS-9)."""
        self.directory.forget(about.shop_id)
        return self.pauses.note(about, action, error, probing=probing)

    def _unserved(self, claim: Claim, error: Unserved, *, probing: bool) -> Reaction:
        noted = self.pause(claim, claim.action, error, probing=probing)
        error.until = noted.again_at
        if error.why is not Unserving.UNAVAILABLE or error.api is None:
            return Reaction()
        if not self.pauses.others_unavailable(claim.shop_id):
            return Reaction()
        shut = Closed(str(error), api=error.api, asked_s=error.asked_s)
        return self._closed(claim, shut, probing=probing)

    def _closed(self, claim: Claim, error: Closed, *, probing: bool) -> Reaction:
        if error.until is None:  # the cart itself said so; tell the other shops
            shop = self.directory.shop(claim.shop_id)
            self.closures.note(shop, error.api, probing=probing, asked_s=error.asked_s)
        return Reaction(lambda connection: _note_closure(connection, claim), carries=True)

    def _spent(self, claim: Claim, error: BudgetSpent) -> Reaction:
        limit, shop = Limit(error.limit), self.directory.shop(claim.shop_id)
        # The hour and the day are the cart's own, by its clock (CLK-2).
        ahead = self.cart_clocks.ahead(shop.api_url)
        at_cart = self.clock() + ahead
        until = error.until or resumes_at(limit, at_cart) - ahead
        error.until = until
        if error.by_cart and not is_just_reset(limit, at_cart):
            calls, ahead_s = limits_of(shop.cart).calls(limit) or 0, ahead.total_seconds()
            try:
                self.budget.fill(claim.shop_id, limit.value, calls, cart_ahead_s=ahead_s)
            except RedisError:
                self.directory.forget(claim.shop_id)
        own = ACTIONS[Action(claim.action)].priority
        priority = waits_from(own, limit, by_cart=error.by_cart)
        return Reaction(
            lambda connection: lanes.block(
                connection, claim.shop_id, until=until, priority=priority
            )
        )


def _long_wait(busy: RemoteBusy) -> Unserved:
    error = Unserved(str(busy), why=Unserving.LONG_WAIT, asked_s=busy.retry_after_s)
    error.may_have_happened = busy.may_have_happened
    return error


def _note_closure(connection: Connection, claim: Claim) -> None:
    """Carry over what a run has left; the first to find the cart closed writes the line."""
    if runs.mark_closed_by_cart(connection, claim.run_id):
        category = ACTIONS[Action(claim.action)].category
        api_log.log(connection, claim, category, LogLine(MAINTENANCE, "error"))
    planned_items.carry_over(connection, claim.run_id, MAINTENANCE)
