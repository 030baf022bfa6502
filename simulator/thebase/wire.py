"""BASE's own words: literals, scopes, fields of the list and fixed tables."""

from enum import StrEnum

PREFIX = "/base"

MAX_LIMIT = 100
DEFAULT_LIMIT = 20
MAX_COMMENT_CHARACTERS = 250
IMAGE_COUNT = 20
DEFAULT_IMAGE_COUNT = 5
IMAGE_SIZES = ("origin", "76", "146", "300", "500", "640", "sp_480", "sp_640")
DEFAULT_SCOPE = "read_users"
SCOPES = (
    "read_users",
    "read_users_mail",
    "read_items",
    "write_items",
    "read_orders",
    "write_orders",
    "read_savings",
)
DELIVERY_COMPANIES = {
    1: "クロネコヤマト",
    2: "佐川急便",
    3: "日本通運",
    4: "日本郵便",
    5: "西濃運輸",
    6: "福山通運",
    7: "その他",
}
SUMMARY_FIELDS = (
    "unique_key",
    "ordered",
    "cancelled",
    "dispatched",
    "payment",
    "first_name",
    "last_name",
    "total",
    "delivery_date",
    "delivery_time_zone",
    "terminated",
    "dispatch_status",
    "modified",
    "subscription",
)


class Dispatch(StrEnum):
    """Status of an order."""

    UNPAID = "unpaid"
    ORDERED = "ordered"
    UNSHIPPABLE = "unshippable"
    SHIPPING = "shipping"
    DISPATCHED = "dispatched"
    CANCELLED = "cancelled"


class Line(StrEnum):
    """Status of an order line."""

    ORDERED = "ordered"
    DISPATCHED = "dispatched"
    CANCELLED = "cancelled"


class Atobarai(StrEnum):
    """Status of the deferred payment transaction (後払い決済)."""

    ORDERED = "ordered"
    SHIPPING = "shipping"
    ARRIVED = "arrived"
    CANCELLED = "cancelled"


TRANSACTIONS = {
    "creditcard": "c_c_payment_transaction",
    "cvs": "cvs_payment_transaction",
    "base_bt": "bt_payment_transaction",
    "atobarai": "atobarai_payment_transaction",
    "carrier_01": "carrier_payment_transaction",
    "carrier_02": "carrier_payment_transaction",
    "carrier_03": "carrier_payment_transaction",
    "paypal": "paypal_payment_transaction",
    "amazon_pay": "amazon_payment_transaction",
    "paypay": "paypay_payment_transaction",
    "bnpl": "bnpl_payment_transaction",
    "bnpl_installment": "bnpl_payment_transaction",
    "coin": "coin_payment_transaction",
}
PREPAID = frozenset({"cvs", "base_bt"})
CANCEL_REFUSALS = {
    "creditcard": "not_cancel_credit_card",
    "cvs": "not_cancel_cvs",
    "base_bt": "not_cancel_base_bt",
    "atobarai": "not_cancel_atobarai",
    "carrier_01": "not_cancel_carrier",
    "carrier_02": "not_cancel_carrier",
    "carrier_03": "not_cancel_carrier",
    "coin": "not_cancel_coin",
}
