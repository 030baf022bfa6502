"""The kinds of BASE orders a seed makes."""

from dataclasses import dataclass

from simulator.thebase.wire import Dispatch

SAME = "same"
BLANK = "blank"
GIFT = "gift"


@dataclass(frozen=True, slots=True)
class Recipe:
    """One kind of order.

    Attributes:
        name: what tests ask for.
        payment: BASE's key of the payment method.
        status: `dispatch_status` of the new order.
        paid: status of the payment transaction, empty when there is none.
        lines: order lines.
        methods: entries in `shipping_lines`; 0 for none.
        first_method: which of the shop's methods the first entry names.
        line_methods: whether the lines carry the method instead of `shipping_lines`.
        method: whether the order carries a method when nothing else does.
        receiver: `same` all null (Pay ID), `blank` all empty strings, `gift` somebody else.
        discount_yen: coupon.
        coin_yen: paid with coins.
        adjustment_yen: changed by the shop afterwards.
        cod_fee_yen: cash-on-delivery fee.
        options: whether the first line has a priced option.
        cancelled_lines: lines cancelled already, taken from the second on.
        dispatched_lines: lines dispatched already, taken from the first on.
        item_code: whether the first line has a 商品コード.
        everyday: whether seeds use it without being asked.
    """

    name: str
    payment: str = "creditcard"
    status: str = Dispatch.ORDERED
    paid: str = ""
    lines: int = 1
    methods: int = 0
    first_method: int = 0
    line_methods: bool = False
    method: bool = True
    receiver: str = SAME
    discount_yen: int = 0
    coin_yen: int = 0
    adjustment_yen: int = 0
    cod_fee_yen: int = 0
    options: bool = False
    cancelled_lines: int = 0
    dispatched_lines: int = 0
    item_code: bool = True
    everyday: bool = True


_ALL = (
    Recipe("card", paid="creditable"),
    Recipe("split_two_methods", paid="creditable", lines=3, methods=2, discount_yen=200),
    Recipe("deferred", "atobarai", paid="ordered", lines=2),
    Recipe("convenience_unpaid", "cvs", Dispatch.UNPAID, paid="unpaid"),
    Recipe("cash_on_delivery", "cod", cod_fee_yen=330, lines=2, receiver=GIFT),
    Recipe("options_and_coins", paid="creditable", options=True, coin_yen=150, lines=2),
    Recipe("bank_unpaid", "base_bt", Dispatch.UNPAID, paid="unpaid", lines=2),
    Recipe("pay_id_blank_recipient", "bnpl", paid="", receiver=BLANK),
    Recipe("partly_cancelled", paid="creditable", lines=3, cancelled_lines=1),
    Recipe("convenience_paid", "cvs", paid="paid"),
    Recipe("unshippable", paid="creditable", status=Dispatch.UNSHIPPABLE),
    Recipe("bank_paid", "base_bt", paid="paid"),
    Recipe("free_shipping_blank_method", paid="creditable", lines=2, method=False),
    Recipe("carrier_docomo", "carrier_01", paid="authorized"),
    Recipe("carrier_au", "carrier_02", paid="authorized"),
    Recipe("carrier_softbank", "carrier_03", paid="authorized"),
    Recipe("paypal", "paypal", receiver=GIFT),
    Recipe("amazon_pay", "amazon_pay"),
    Recipe("paypay", "paypay", lines=2),
    Recipe("coin", "coin"),
    Recipe("pay_id_instalments", "bnpl_installment", receiver=BLANK),
    Recipe("line_methods", paid="creditable", lines=2, line_methods=True),
    Recipe(
        "split_three_methods",
        paid="creditable",
        lines=4,
        methods=3,
        options=True,
        discount_yen=500,
        coin_yen=100,
        receiver=GIFT,
    ),
    Recipe("split_deferred", "atobarai", paid="ordered", lines=2, methods=2),
    Recipe("split_cash", "cod", lines=2, methods=2, cod_fee_yen=330),
    Recipe("adjusted", paid="creditable", adjustment_yen=-100, lines=2),
    Recipe("partly_dispatched", paid="captured", lines=2, dispatched_lines=1),
    Recipe("dispatched", paid="captured", lines=1, dispatched_lines=1),
    Recipe("cancelled", paid="cancelled", lines=1, cancelled_lines=1),
    Recipe("split_partly_cancelled", paid="creditable", lines=3, methods=2, cancelled_lines=1),
    Recipe(
        "two_methods_of_one_company",
        paid="creditable",
        lines=3,
        methods=2,
        first_method=3,
        discount_yen=200,
        everyday=False,
    ),
    Recipe(
        "bank_partly_cancelled",
        "base_bt",
        Dispatch.UNPAID,
        paid="unpaid",
        lines=2,
        cancelled_lines=1,
        everyday=False,
    ),
    Recipe("unknown_payment", "someday_pay", everyday=False),
    Recipe("bank_shortage", "base_bt", Dispatch.UNPAID, paid="shortage", everyday=False),
    Recipe("no_item_code", paid="creditable", lines=2, item_code=False, everyday=False),
)
RECIPES = {recipe.name: recipe for recipe in _ALL}
EVERYDAY = tuple(recipe.name for recipe in _ALL if recipe.everyday)
PLAIN = ("card",)
