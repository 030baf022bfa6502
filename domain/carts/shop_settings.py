"""Settings of a shop that choose between rules; `renkei shop set` changes them."""

from enum import StrEnum


class SplitBy(StrEnum):
    """What makes a BASE order several instructions (IMP-10)."""

    COMPANY = "company"
    METHOD = "method"


class ShipDates(StrEnum):
    """Which shipped instructions a run of return_shipments takes (RET-1)."""

    OPEN = "open"
    """Whatever was shipped within 30 days and not yet returned."""
    TODAY = "today"
    """当日 alone."""
