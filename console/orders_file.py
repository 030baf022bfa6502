"""The file `orders export` writes: one row per shipping instruction, or per line of one."""

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any

from console.output import encode, visible

_INSTRUCTION = (
    "number",
    "shop",
    "cart_order_key",
    "part",
    "status",
    "hold_reasons",
    "allocated",
    "payment",
    "api_status",
    "ordered_at",
    "payment_method",
    "delivery_method",
    "total_yen",
    "shipping_fee_yen",
    "discount_yen",
    "tax_yen",
)
_BUYER = ("name", "postal_code", "address", "tel", "email")
_RECIPIENT = ("name", "postal_code", "address", "tel")
_WISHES = ("wished_date", "wished_time", "remarks", "gift", "methods")
_LAST = (
    "shipped_method",
    "tracking_number",
    "shipped_on",
    "completed_at",
    *_WISHES,
    "shop_removed",
)
_LINE = (
    "sku",
    "name",
    "quantity",
    "unit_price_yen",
    "options_yen",
    "total_yen",
    "tax_rate",
    "options",
)

# Letters that Unicode and Microsoft's Shift-JIS spell differently.
_CP932 = str.maketrans("\N{MINUS SIGN}〜—‖¢£¬", "－～―∥￠￡￢")
# What stands for a letter Shift-JIS does not have (ゲタ).
_UNKNOWN = "〓"
# A spreadsheet would take a text that begins like this for a formula.
_FORMULA = ("=", "@", "\t", "\r", "+", "-")

Order = dict[str, Any]


def orders_csv(orders: Sequence[Order], *, lines: bool) -> str:
    """Return the text of the file, with a header. Args: lines: one row per line."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(_header(lines=lines))
    for order in orders:
        writer.writerows(_rows(order, lines=lines))
    return text.getvalue()


def encoded(text: str, encoding: str) -> tuple[bytes, int]:
    """Return the bytes of the file and how many letters the encoding does not have.

    UTF-8 gets the mark spreadsheets need to recognise it.
    """
    if encoding == "utf-8":
        return text.encode("utf-8-sig", "replace"), 0
    known = []
    for letter in text.translate(_CP932):
        try:
            known.append(letter.encode(encoding))
        except UnicodeEncodeError:
            known.append(b"")
    missing = sum(not letter for letter in known)
    unknown = _UNKNOWN.encode(encoding)
    return b"".join(letter or unknown for letter in known), missing


def _header(*, lines: bool) -> list[str]:
    return [
        *_INSTRUCTION,
        *(f"buyer_{name}" for name in _BUYER),
        *(f"recipient_{name}" for name in _RECIPIENT),
        *_LAST,
        *((f"line_{name}" for name in _LINE) if lines else ("lines",)),
    ]


def _rows(order: Order, *, lines: bool) -> Iterator[list[str]]:
    common = [
        *(_cell(order[name]) for name in _INSTRUCTION),
        *(_cell(order["buyer"][name]) for name in _BUYER),
        *(_cell(order["recipient"][name]) for name in _RECIPIENT),
        *(_cell(order[name]) for name in _LAST),
    ]
    if not lines:
        contents = " / ".join(map(_contents, order["lines"]))
        yield [*common, _cell(contents)]
        return
    for line in order["lines"]:
        yield [*common, *(_cell(line[name]) for name in _LINE)]


def _contents(line: dict[str, Any]) -> str:
    chosen = f" ({', '.join(line['options'])})" if line["options"] else ""
    return f"{line['sku']} x {line['quantity']}{chosen}"


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, list):
        return _harmless(", ".join(map(str, value)))
    if isinstance(value, str):
        return _harmless(value)
    return str(value if isinstance(value, int) else encode(value))


def _harmless(text: str) -> str:
    """Return text no spreadsheet runs: +81… and -1 are numbers, =… and @… are formulas."""
    text = visible(text)
    if not text.startswith(_FORMULA):
        return text
    rest = text[1:].replace("-", "").replace(" ", "")
    number = text[0] in "+-" and rest.isdigit()
    return text if number else f"'{text}"
