"""What a BASE order costs."""

from simulator.messages import Document
from simulator.thebase.wire import Line


def total_of(document: Document) -> int:
    """Return the total in yen: live lines, fees, discounts and the shop's adjustment.

    An order without a live line costs nothing.
    """
    live = [line for line in document["order_items"] if line["status"] != Line.CANCELLED]
    if not live:
        return 0
    return int(
        sum(line["total"] for line in live)
        + document["shipping_fee"]
        + document["cod_fee"]
        - document["order_discount"]["discount"]
        - document["order_header_coin"]["discount"]
        + document["order_amount_adjustment"]["adjusted_amount"],
    )
