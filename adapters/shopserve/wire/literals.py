"""ShopServe's status words. The literal and the text of the admin screen are both accepted."""

import unicodedata
from collections.abc import Mapping
from typing import TypeVar

from adapters.http.reading import unknown, word
from domain.orders.cart_order import Folder, Settlement

Kind = TypeVar("Kind")

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
    "": Settlement.UNTOLD,
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


class Literals:
    """Tells what the literals of one order mean, and collects those nobody knows."""

    def __init__(self) -> None:
        """Start with none."""
        self.unknown: list[str] = []

    def meaning(self, told: object, table: Mapping[str, Kind], path: str) -> Kind | None:
        """Return what a literal means, None for one nobody knows."""
        known = table.get(_folded(told))
        if known is None:
            self.unknown.append(unknown(told, path))
        return known

    def settlement(self, told: object, path: str) -> Settlement:
        """Return the settlement status."""
        literal = _folded(told)
        for beginning, meaning in SETTLEMENT_BEGINNINGS.items():
            if literal.startswith(beginning):
                return meaning
        return self.meaning(told, SETTLEMENTS, path) or Settlement.UNKNOWN


def _folded(told: object) -> str:
    """Return a literal in the form of the tables; what is no text at all is no literal."""
    if told is None:
        return ""
    if not isinstance(told, str | int) or isinstance(told, bool):
        return f"({type(told).__name__})"
    literal = unicodedata.normalize("NFKC", word(told)).strip()
    return literal.removesuffix("み") if literal.endswith("済み") else literal
