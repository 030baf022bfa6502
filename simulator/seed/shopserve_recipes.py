"""The kinds of ShopServe orders a seed makes."""

from dataclasses import dataclass

from simulator.shopserve.wire import NO, YES, Confirm, Folder, Payment, Settlement


@dataclass(frozen=True, slots=True)
class Recipe:
    """One kind of order.

    Attributes:
        name: what tests ask for.
        method_code: payment method.
        payment: 入金ステータス.
        settlement: 決済ステータス.
        destinations: お届け先.
        lines: order lines of each destination.
        provisional: destinations with a provisional tracking number, from the first on.
        confirm: 確認ステータス.
        folder: where the order lies.
        cancel: Yes or No.
        test_order: Yes or No.
        fee_yen: handling fee.
        discount_yen: discount.
        points_yen: paid with points.
        options: whether the first line has an option.
        everyday: whether seeds use it without being asked.
    """

    name: str
    method_code: str = "CreditCard"
    payment: str = Payment.UNPAID
    settlement: str = Settlement.NONE
    destinations: int = 1
    lines: int = 1
    provisional: int = 1
    confirm: str = Confirm.UNCONFIRMED
    folder: str = Folder.LEDGER
    cancel: str = NO
    test_order: str = NO
    fee_yen: int = 0
    discount_yen: int = 0
    points_yen: int = 0
    options: bool = False
    everyday: bool = True


_OK = Settlement.AUTHORIZED
_ALL = (
    Recipe("card", settlement=_OK),
    Recipe("two_destinations", settlement=_OK, destinations=2, provisional=2, discount_yen=300),
    Recipe("bank_unpaid", "BankTransfer", lines=2),
    Recipe("cash_on_delivery", "CashOnDelivery", fee_yen=330, lines=2),
    Recipe("no_tracking_number", settlement=_OK, provisional=0),
    Recipe("deferred", "DeferredPayment", settlement=_OK, lines=2),
    Recipe("card_points_options", settlement=_OK, points_yen=120, options=True, lines=3),
    Recipe(
        "convenience_paid",
        "ConvenienceNumber",
        payment=Payment.PAID,
        settlement=Settlement.SCHEDULED,
    ),
    Recipe("bank_paid", "BankTransfer", payment=Payment.PAID),
    Recipe("convenience_unpaid", "ConvenienceNumber"),
    Recipe("bank_atm_paid", "PayEasy", payment=Payment.PAID, settlement=Settlement.SCHEDULED),
    Recipe("slip_unpaid", "ConvenienceSlip", settlement=_OK),
    Recipe("postal_unpaid", "PostalTransfer"),
    Recipe("free_payment_paid", "FreePayment1", payment=Payment.PAID),
    Recipe("deferred_unauthorised", "DeferredPayment"),
    Recipe("np_deferred", "NpDeferred", settlement=_OK),
    Recipe("paidy", "Paidy", settlement=_OK),
    Recipe("rakuten_pay", "RakutenPay", settlement=_OK),
    Recipe("paypay", "PayPay", settlement=_OK, lines=2),
    Recipe("au_pay", "AuPay", settlement=_OK),
    Recipe("three_destinations", settlement=_OK, destinations=3, provisional=3, points_yen=200),
    Recipe("two_destinations_one_number", settlement=_OK, destinations=2, provisional=1),
    Recipe("confirmed_already", settlement=_OK, confirm=Confirm.CONFIRMED),
    Recipe(
        "cancelled",
        settlement=Settlement.CANCELED,
        folder=Folder.CANCELED,
        cancel=YES,
    ),
    Recipe("test_order", settlement=_OK, test_order=YES),
    Recipe("card_error", settlement=Settlement.ERROR, everyday=False),
    Recipe("unknown_method", "SomedayPay", everyday=False),
    Recipe("completed", settlement=Settlement.COLLECTED, folder=Folder.COMPLETED, everyday=False),
)
RECIPES = {recipe.name: recipe for recipe in _ALL}
EVERYDAY = tuple(recipe.name for recipe in _ALL if recipe.everyday)
PLAIN = ("card",)
