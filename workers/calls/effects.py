"""Sending what must happen at most once (RET-5).

intent recorded → the cart read if an earlier answer was lost → recorded as sent in the very moment
of sending → outcome recorded. States and crash points: docs/decisions/0005-effects.md.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from adapters.postgres.engine import effects
from adapters.postgres.engine.effects import Effect
from domain.engine.effects import EffectState, after_reading, must_read_first, unknown_until
from domain.errors import (
    AlreadyDone,
    AuthenticationFailed,
    LeaseLost,
    Postponed,
    Rejected,
    RemoteBusy,
    RemoteDown,
)
from domain.orders.cart_order import CartOrder
from workers.calls.work import ShopWork
from workers.engine.context import Record


@dataclass(frozen=True, slots=True)
class Reading:
    """What the cart shows of an effect.

    Attributes:
        at: when the read began.
        shows: tells whether an order shows the effect; None if it does not tell.
    """

    at: datetime
    order: CartOrder
    shows: Callable[[CartOrder], bool | None]


# Refused, or it never left: certainly not happened.
_NOT_HAPPENED = (Rejected, AuthenticationFailed, Postponed, RemoteBusy, RemoteDown, LeaseLost)


@dataclass(frozen=True, slots=True)
class EffectLedger:
    """The effects of one claim. Attributes: deadline_s: how long one such call may take in all."""

    work: ShopWork
    deadline_s: float

    def once(
        self,
        kind: str,
        key: str,
        send: Callable[[], None],
        reading: Reading,
        record: Record | None = None,
    ) -> None:
        """Make sure an effect has happened, sending it only if it certainly has not.

        Args:
            send: makes the call.
            reading: what a fresh read of the cart shows of this effect.
            record: written together with the confirmation.

        Raises:
            Postponed: it may still happen, so nothing is sent before it can be ruled out.
            AlreadyDone: the cart refused the call, and a read does not show it done.
        """
        with self.work.database.begin() as connection:
            effect = effects.plan(connection, self.work.shop.id, kind, key)
        if effect.sent_at is not None and must_read_first(effect.state):
            effect = self._after_reading(effect, effect.sent_at, reading)
        if effect.state is EffectState.CONFIRMED or reading.shows(reading.order):
            self._confirm(effect, effect.attempts, record)
            return
        self._send(effect, send, reading, record)

    def _after_reading(self, effect: Effect, sent_at: datetime, reading: Reading) -> Effect:
        """Return the effect after the cart was read for a lost answer."""
        happened = reading.shows(reading.order)
        state = after_reading(sent_at, effect.deadline_s, reading.at, happened=happened)
        if state is EffectState.UNKNOWN:
            raise Postponed(
                f"{effect.kind} of {effect.key}: its answer was lost, waiting until it shows",
                until=unknown_until(sent_at, effect.deadline_s),
            )
        if state is EffectState.PLANNED:
            self._move(effect, EffectState.PLANNED, effect.attempts)
            with self.work.database.begin() as connection:
                return effects.plan(connection, self.work.shop.id, effect.kind, effect.key)
        return effect

    def _send(
        self,
        effect: Effect,
        send: Callable[[], None],
        reading: Reading,
        record: Record | None,
    ) -> None:
        sent = effect.attempts + 1
        try:
            self.work.gate.before_sending = self._recording(effect)
            try:
                send()
            finally:
                self.work.gate.before_sending = None
        except AlreadyDone:
            # Done before, perhaps by a person in the cart; or not changeable, which is a refusal.
            if not self._shown_now(reading):
                self._move(effect, EffectState.PLANNED, sent)
                raise
        except _TakenByAnother as error:
            raise Postponed(f"{effect.kind} of {effect.key}: another worker sends it") from error
        except _NOT_HAPPENED as error:
            doubt = error.may_have_happened  # only the cart's own JSON rules it out (CLS-9)
            self._move(effect, EffectState.UNKNOWN if doubt else EffectState.PLANNED, sent)
            raise
        except Exception:
            self._move(effect, EffectState.UNKNOWN, sent)
            raise
        self._confirm(effect, sent, record)

    def _shown_now(self, reading: Reading) -> bool | None:
        """Read the order again and tell whether it shows the effect."""
        raw = self.work.cart.read_order(reading.order.key)
        return None if raw is None else reading.shows(self.work.cart.decode(raw))

    def _recording(self, effect: Effect) -> Callable[[], None]:
        """Return what records "sent": the turn has come and the lease was checked right before."""
        marked = False

        def mark() -> None:
            nonlocal marked
            with self.work.database.begin() as connection:
                if marked:  # the same call again with a new token: the first one was refused
                    ours = effects.mark_sent_again(connection, effect)
                else:
                    ours = effects.mark_sent(connection, effect, self.deadline_s)
            if not ours:
                raise _TakenByAnother
            marked = True

        return mark

    def _confirm(self, effect: Effect, attempts: int, record: Record | None) -> None:
        with self.work.database.begin() as connection:
            effects.move(connection, effect, EffectState.CONFIRMED, attempts=attempts)
            if record is not None:
                record(connection)

    def _move(self, effect: Effect, to: EffectState, attempts: int) -> None:
        with self.work.database.begin() as connection:
            effects.move(connection, effect, to, attempts=attempts)


class _TakenByAnother(Exception):
    """Another worker moved the effect between our plan and our sending."""
