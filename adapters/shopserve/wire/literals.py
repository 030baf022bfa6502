"""ShopServe's status words. The literal and the text of the admin screen are both accepted."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime

from adapters.http.reading import Field
from domain.engine.cadence import TOKYO
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
_FLAGS = {YES: True, NO: False}
_DATE = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})(.*)", re.ASCII | re.DOTALL)
_EARLIEST_YEAR, _LATEST_YEAR = 2000, 2200


class Unknowns:
    """Collects literals nobody knows while one order is read."""

    def __init__(self) -> None:
        """Start with none."""
        self.found: list[str] = []

    def word(self, place: Field, table: Mapping[str, bool]) -> bool | None:
        """Return what a status word means, None for one nobody knows."""
        known = table.get(_folded(place))
        if known is None:
            self.found.append(place.unknown())
        return known

    def flag(self, place: Field) -> bool | None:
        """Return a Yes/No flag, None for anything else: a flag left out may have been a Yes."""
        return self.word(place, _FLAGS)

    def folder(self, place: Field) -> Folder:
        """Return where the order lies."""
        folder = FOLDERS.get(_folded(place), Folder.UNKNOWN)
        if folder is Folder.UNKNOWN:
            self.found.append(place.unknown())
        return folder

    def settlement(self, place: Field) -> Settlement:
        """Return the settlement status."""
        word = _folded(place)
        for beginning, meaning in SETTLEMENT_BEGINNINGS.items():
            if word.startswith(beginning):
                return meaning
        settlement = SETTLEMENTS.get(word, Settlement.UNKNOWN)
        if settlement is Settlement.UNKNOWN:
            self.found.append(place.unknown())
        return settlement


def _folded(place: Field) -> str:
    """Return a literal in the form of the tables; what is no text at all is no literal."""
    if place.value is None:
        return ""
    if not isinstance(place.value, str):
        return f"({type(place.value).__name__})"
    word = unicodedata.normalize("NFKC", place.value).strip()
    return word.removesuffix("み") if word.endswith("済み") else word


def moment(place: Field) -> datetime:
    """Return a date or time in any of the forms seen; without an offset it is Tokyo's.

    Raises: Undecodable: it is none of them.
    """
    match = _DATE.fullmatch(place.text())
    if match is None:
        raise place.wrong("a date")
    year, month, day, rest = match.groups()
    try:
        told = datetime.fromisoformat(f"{year}-{month:0>2}-{day:0>2}{rest.rstrip()}")
    except ValueError as error:
        raise place.wrong("a date") from error
    if not _EARLIEST_YEAR <= told.year < _LATEST_YEAR:
        raise place.wrong("a date of our time")
    return (told if told.tzinfo else told.replace(tzinfo=TOKYO)).astimezone(UTC)


def in_words(at: datetime) -> str:
    """Return a time as the cart writes it: Tokyo, to the second."""
    return at.astimezone(TOKYO).strftime("%Y-%m-%d %H:%M:%S")
