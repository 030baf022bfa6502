"""Tracking numbers (問番): the one form in which they are kept, and what is none (RET-7)."""

import re

from domain.notation import Misentered, plain

SHORTEST, LONGEST = 4, 30
FORM = f"{SHORTEST} to {LONGEST} letters, digits and hyphens, at least one digit"

HYPHENS = "‐‑‒–—―−ー﹣－"  # noqa: RUF001 - everything people type for a hyphen, NFKC or not
_TO_HYPHEN = str.maketrans(dict.fromkeys(HYPHENS, "-"))
_SIGNS = re.compile(rf"[0-9A-Za-z-]{{{SHORTEST},{LONGEST}}}")
# What a spreadsheet makes of a long number: 4.1E+11, 4E11, 4123.0.
_ROUNDED = re.compile(r"[0-9]+(?:[.,][0-9]+)?E[+-]?[0-9]+|[0-9]+\.[0-9]*", re.IGNORECASE)
_SEVERAL = re.compile(r"[0-9A-Za-z-]{4,}[\s,;/、,;・&|]+[0-9A-Za-z-]{4,}.*", re.DOTALL)


def tracking_number(text: str) -> str:
    """Return a tracking number as it is kept: NFKC, every hyphen the same, nothing around it.

    It has 4 to 30 letters, digits and hyphens, and at least one digit.

    Raises: Misentered: it is none; says what it looks like instead.
    """
    told = plain(text).translate(_TO_HYPHEN)
    if not told:
        raise Misentered("the tracking number is blank")
    if _ROUNDED.fullmatch(told):
        raise Misentered(
            f"{text!r} is a number a spreadsheet has rounded, no tracking number:"
            " format the column as text and enter it again"
        )
    if _SEVERAL.fullmatch(told):
        raise Misentered(f"{text!r} is more than one tracking number: one instruction has one")
    if not _SIGNS.fullmatch(told) or not any(sign.isdigit() for sign in told):
        raise Misentered(f"{text!r} is no tracking number: {FORM}")
    return told
