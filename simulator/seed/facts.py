"""What a hub should make of an order, read from the contract independently of the hub."""

from collections import Counter
from dataclasses import dataclass, field

from simulator.messages import Document
from simulator.order_book import Order
from simulator.shopserve import wire as shopserve_wire
from simulator.shopserve.shop import ShopServeShop
from simulator.thebase.shop import BaseShop
from simulator.thebase.wire import Dispatch, Line

_PAID_WHEN_MONEY_CAME = frozenset(
    {"BankTransfer", "ConvenienceNumber", "PayEasy", "ConvenienceSlip", "PostalTransfer"},
)
_PAID_WHEN_AUTHORISED = frozenset({"DeferredPayment", "NpDeferred"})
_BROKEN = frozenset({shopserve_wire.Settlement.ERROR, shopserve_wire.Settlement.CANCELED})


@dataclass(slots=True)
class Facts:
    """Facts about one order as it stands now.

    Attributes:
        key: cart order key.
        number: order number.
        recipe: the kind of order.
        payment: payment method as the cart names it.
        total_yen: what the buyer pays.
        refusal: why the order is not imported, empty when it is; partly cancelled ones are where
            the shop wants them, so what they would become is told all the same.
        instructions: shipping instructions the order becomes, while no two of its methods are
            known to be of one company (BASE).
        paid: whether it counts as paid.
        without_method: destinations without provisional tracking number (ShopServe).
        without_code: live lines for which no SKU can be named.
        skus: pieces per SKU over the live lines.
    """

    key: str
    number: str
    recipe: str
    payment: str
    total_yen: int
    refusal: str = ""
    instructions: int = 0
    paid: bool = False
    without_method: int = 0
    without_code: int = 0
    skus: Counter[str] = field(default_factory=Counter)

    def document(self) -> Document:
        """Return the facts for the control API."""
        return {name: getattr(self, name) for name in self.__slots__}


def facts_of(shop: ShopServeShop | BaseShop, order: Order) -> Facts:
    """Return the facts of one order; one that lacks what they need is refused as unreadable."""
    try:
        if isinstance(shop, ShopServeShop):
            return _shopserve_facts(shop, order)
        return _base_facts(order)
    except (AttributeError, LookupError, TypeError):
        return Facts(order.key, "", order.recipe, "", 0, refusal="unreadable")


def _shopserve_facts(shop: ShopServeShop, order: Order) -> Facts:
    basic, payment = order.document["basic"], order.document["payment"]
    deliveries = order.document["deliveries"]
    facts = Facts(
        key=order.key,
        number=basic["order_number"],
        recipe=order.recipe,
        payment=payment["method_code"],
        total_yen=basic["total_amount"],
        refusal=_shopserve_refusal(basic),
        instructions=len(deliveries),
        paid=_shopserve_paid(basic, payment["method_code"]),
        without_method=sum(not each["tracking_numbers"] for each in deliveries),
    )
    for line in (each for delivery in deliveries for each in delivery["items"]):
        choices = tuple(line["variation"])
        sku = shop.sku_of(line["item_code"], choices) or ("" if choices else line["item_code"])
        facts.without_code += not sku
        facts.skus[sku] += line["quantity"]
    return facts


def _shopserve_refusal(basic: Document) -> str:
    if basic["cancel"] == shopserve_wire.YES:
        return "cancelled"
    if basic["folder"] != shopserve_wire.Folder.LEDGER:
        return "folder"
    if basic["test_order"] == shopserve_wire.YES:
        return "test_order"
    unconfirmed = basic["confirm_status"] == shopserve_wire.Confirm.UNCONFIRMED
    return "" if unconfirmed else "confirmed"


def _shopserve_paid(basic: Document, method: str) -> bool:
    if method in _PAID_WHEN_MONEY_CAME or method.startswith("FreePayment"):
        return bool(basic["payment_status"] == shopserve_wire.Payment.PAID)
    settlement = basic["settlement_status"]
    if method in _PAID_WHEN_AUTHORISED:
        return bool(settlement == shopserve_wire.Settlement.AUTHORIZED)
    return method in shopserve_wire.METHODS and settlement not in _BROKEN


def _base_facts(order: Order) -> Facts:
    document = order.document
    live = [each for each in document["order_items"] if each["status"] != Line.CANCELLED]
    facts = Facts(
        key=order.key,
        number=order.key,
        recipe=order.recipe,
        payment=document["payment"],
        total_yen=document["total"],
        refusal=_base_refusal(document),
        instructions=len({_method_of(document, line) for line in live}),
        paid=document["dispatch_status"] == Dispatch.ORDERED,
    )
    for line in live:
        facts.without_code += not line["item_identifier"]
        sku = f"{line['item_identifier'] or ''}{line['variation_identifier'] or ''}"
        facts.skus[sku] += line["amount"]
    return facts


def _base_refusal(document: Document) -> str:
    status = str(document["dispatch_status"])
    if status not in (Dispatch.UNPAID, Dispatch.ORDERED):
        return status
    states = {each["status"] for each in document["order_items"]}
    if status == Dispatch.ORDERED and Line.DISPATCHED in states:
        return "partly_dispatched"
    return "partly_cancelled" if Line.CANCELLED in states else ""


def _method_of(document: Document, line: Document) -> str:
    for group in document["shipping_lines"] or []:
        if str(line["order_item_id"]) in [str(each) for each in group["order_item_ids"]]:
            return str(group["shipping_method"])
    return str(line["shipping_method"] or document["shipping_method"] or "")


def expectations(shop: ShopServeShop | BaseShop) -> Document:
    """Return what a first import of a shop should find."""
    every = [facts_of(shop, order) for order in shop.orders]
    importable = [facts for facts in every if not facts.refusal and not facts.without_code]
    return {
        "orders": len(every),
        "importable": len(importable),
        "instructions": sum(facts.instructions for facts in importable),
        "split": sum(facts.instructions > 1 for facts in importable),
        "paid": sum(facts.paid for facts in importable),
        "unpaid": sum(not facts.paid for facts in importable),
        "without_method": sum(facts.without_method for facts in importable),
        "without_code": sum(bool(facts.without_code and not facts.refusal) for facts in every),
        "refused": dict(sorted(Counter(each.refusal for each in every if each.refusal).items())),
        "total_yen": sum(facts.total_yen for facts in importable),
        "pieces": sum(sum(facts.skus.values()) for facts in importable),
    }
