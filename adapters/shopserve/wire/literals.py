"""ShopServe's status words. The literal and the text of the admin screen are both accepted."""

from domain.orders.cart_order import Folder, Settlement

YES, NO = "Yes", "No"

CONFIRMED = {"Confirmed": True, "Unconfirmed": False, "確認済": True, "未確認": False}
SHIPPED = {
    "Shipped": True,
    "NotShipped": False,
    "ShippingReserved": False,
    "発送済": True,
    "未発送": False,
    "発送予約": False,
}
PAID = {"Paid": True, "Unpaid": False, "入金済": True, "未入金": False}
FOLDERS = {
    "Ledger": Folder.LEDGER,
    "受注台帳": Folder.LEDGER,
    "Completed": Folder.COMPLETED,
    "取引完了フォルダ": Folder.COMPLETED,
    "Canceled": Folder.CANCELED,
    "受注キャンセルフォルダ": Folder.CANCELED,
    "Trash": Folder.TRASH,
    "ごみ箱": Folder.TRASH,
}
SETTLEMENTS = {
    "": Settlement.NONE,
    "None": Settlement.NONE,
    "Authorized": Settlement.AUTHORIZED,
    "与信OK": Settlement.AUTHORIZED,
    "Requesting": Settlement.REQUESTING,
    "依頼中": Settlement.REQUESTING,
    "Requested": Settlement.REQUESTED,
    "決済依頼済": Settlement.REQUESTED,
    "SlipSent": Settlement.SLIP_SENT,
    "CollectionScheduled": Settlement.COLLECTION_SCHEDULED,
    "Collected": Settlement.COLLECTED,
    "回収済": Settlement.COLLECTED,
    "Canceled": Settlement.CANCELED,
    "キャンセル": Settlement.CANCELED,
    "Error": Settlement.ERROR,
    "エラー": Settlement.ERROR,
}
# The screen adds a date (回収予定10/5), so these are told by how they begin.
SETTLEMENT_BEGINNINGS = {
    "回収予定": Settlement.COLLECTION_SCHEDULED,
    "ハガキ発送済": Settlement.SLIP_SENT,
}
FLAGS = {YES: True, NO: False}
