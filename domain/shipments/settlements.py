"""Requesting settlement of a card order (決済依頼; RET-2), and whether it went through (CMP-2)."""

from enum import StrEnum

from domain.errors import BrokenRule
from domain.orders.cart_order import CartOrder, PaymentClass, Settlement, ShopServeStatus
from domain.orders.payment_methods import PaymentTable
from domain.orders.payments import CREDIT_REACHED

ACCEPTED = CREDIT_REACHED - {Settlement.AUTHORIZED}
"""依頼中 or later: somebody has requested it, never request it again."""

COLLECTING = frozenset({Settlement.COLLECTION_SCHEDULED, Settlement.COLLECTED})
"""回収予定 or 回収済."""

_REQUESTABLE = frozenset({Settlement.NONE, Settlement.AUTHORIZED})


class SettlementStep(StrEnum):
    """What settlement asks for before the first part of an order is shipped."""

    NOT_NEEDED = "not_needed"
    ACCEPTED = "accepted"
    REQUEST = "request"


def settlement_step(order: CartOrder, payments: PaymentTable) -> SettlementStep:
    """Return what to do about settlement before a ShopServe order is set 発送済 (RET-2).

    Args: order: read from the cart just now; the request is not repeatable.
    Raises: BrokenRule: settlement failed, was cancelled, or is in a state we do not know; or
        nobody knows what the payment method means (PAY-1).
    """
    if not isinstance(order.status, ShopServeStatus):
        return SettlementStep.NOT_NEEDED
    if payments.known_class_of(order) is not PaymentClass.CARD:
        return SettlementStep.NOT_NEEDED
    if order.status.settlement in ACCEPTED:
        return SettlementStep.ACCEPTED
    if order.status.settlement in _REQUESTABLE:
        return SettlementStep.REQUEST
    raise BrokenRule(
        f"order {order.number}: settlement (決済ステータス) is {order.status.settlement}; "
        "settle it in ShopServe's ledger, then return the shipment again"
    )


def request_happened(order: CartOrder) -> bool | None:
    """Tell from a fresh read whether a request whose answer was lost was accepted (RET-5).

    Returns: None where the state does not tell; nothing may be sent then.
    """
    if not isinstance(order.status, ShopServeStatus):
        return None
    if order.status.settlement in ACCEPTED:
        return True
    return False if order.status.settlement in _REQUESTABLE else None
