"""ShopServe's own words: literals, codes, groups and fixed answers."""

from enum import StrEnum

PREFIX = "/shopserve/v2"

YES = "Yes"
NO = "No"
UNLIMITED = 99_999_999
MAX_QUANTITY = 9_999
MAX_SIZE = 100
MAX_SERIAL_CODES = 100
MAX_WINDOW_DAYS = 7
MAX_AGE_YEARS = 2

GROUPS = ("basic", "payment", "orderer", "deliveries", "memo")
CARRIERS = {
    "YAMATO": "ヤマト運輸",
    "SAGAWA": "佐川急便",
    "JAPANPOST": "日本郵便",
    "SEINO": "西濃運輸",
    "FUKUYAMA": "福山通運",
    "OTHER": "その他",
}


class Confirm(StrEnum):
    """確認ステータス."""

    UNCONFIRMED = "Unconfirmed"
    CONFIRMED = "Confirmed"


class Shipping(StrEnum):
    """発送ステータス."""

    NOT_SHIPPED = "NotShipped"
    RESERVED = "ShippingReserved"
    SHIPPED = "Shipped"


class Payment(StrEnum):
    """入金ステータス."""

    UNPAID = "Unpaid"
    PAID = "Paid"


class Settlement(StrEnum):
    """決済ステータス."""

    NONE = "None"
    AUTHORIZED = "Authorized"
    REQUESTING = "Requesting"
    REQUESTED = "Requested"
    SLIP_SENT = "SlipSent"
    SCHEDULED = "CollectionScheduled"
    COLLECTED = "Collected"
    CANCELED = "Canceled"
    ERROR = "Error"


class Folder(StrEnum):
    """Where the order lies: 受注台帳, 取引完了, 受注キャンセル, ごみ箱."""

    LEDGER = "Ledger"
    COMPLETED = "Completed"
    CANCELED = "Canceled"
    TRASH = "Trash"


class Management(StrEnum):
    """What a stock figure belongs to: the item or each combination of choices."""

    ITEM = "Item"
    VARIATION = "Variation"


METHODS = {
    "CreditCard": "クレジットカード決済",
    "CashOnDelivery": "代金引換",
    "BankTransfer": "銀行振込",
    "PostalTransfer": "郵便振替",
    "ConvenienceNumber": "コンビニ(番号端末式)",
    "PayEasy": "銀行ATM・ネットバンキング決済",
    "ConvenienceSlip": "コンビニ決済(払込票)",
    "DeferredPayment": "後払い",
    "NpDeferred": "NP後払い",
    "Paidy": "あと払い(ペイディ)",
    "RakutenPay": "楽天ペイ(オンライン決済)",
    "PayPay": "PayPay(オンライン決済)",
    "AuPay": "au PAY(ネット支払い)",
    "FreePayment1": "自由決済1",
}
SETTLED_ON_REQUEST = frozenset(
    {"CreditCard", "ConvenienceSlip", "DeferredPayment", "NpDeferred", "Paidy"},
)
# A card nobody told us of, as a shop may have one.
UNHEARD_CARD = "SomedayCard"
SETTLED_NAMES = frozenset(METHODS[code] for code in SETTLED_ON_REQUEST)
COLLECTED_WHEN_PAID = frozenset({"ConvenienceNumber", "PayEasy"})
