"""The warehouse ships what it may; then both carts are told (出荷実績戻し)."""

from collections import defaultdict
from datetime import datetime

from sqlalchemy import Connection

from adapters.postgres.views.shops import ShopRef
from adapters.postgres.views.totals import order_totals, shippable
from console.demo.figures import Figure
from console.demo.runs import run_everywhere
from console.demo.shops import NAME
from console.demo.stage import Stage
from domain.actions import Action
from domain.carts.cart import Cart
from domain.engine.cadence import TOKYO
from domain.warehouse.moves import Parcel, Ship
from domain.warehouse.targets import Target
from workers.services.actors import Actor
from workers.services.methods import Choice, set_carrier
from workers.services.stock import import_counts
from workers.services.warehouse import Request, perform

METHOD = "宅配便"
CARRIERS = {Cart.SHOPSERVE: "YAMATO", Cart.BASE: "クロネコヤマト"}
# What arrives before shipping begins, of every SKU: enough for all orders of a demo.
RECEIVED = 5_000


def return_shipments(stage: Stage) -> list[Figure]:
    """Ship everything and tell the carts: each settlement is a charge, each line a mail."""
    with stage.engine.begin() as connection:
        _receive(connection, stage)
        _ship(connection)
    run_everywhere(stage, Action.RETURN_SHIPMENTS)
    ours, theirs = stage.read(order_totals), stage.effects
    return [
        Figure("cards charged", ours.settlements, theirs("settlement_requested")),
        Figure("parcels told to ShopServe", ours.shipped_parcels, theirs("delivery_shipped")),
        Figure("lines dispatched in BASE", ours.dispatched_lines, theirs("line_dispatched")),
        Figure("deferred orders on their way", ours.deferred, theirs("atobarai_shipping")),
    ]


def _receive(connection: Connection, stage: Stage) -> None:
    for shop in stage.shops:
        for code in shop.on_hand:
            shop.on_hand[code] = max(shop.on_hand[code], RECEIVED)
        actor = Actor(shop.merchant_id, NAME)
        import_counts(connection, actor, NAME, shop.on_hand)
        ref = ShopRef(shop.id, shop.key, shop.cart)
        set_carrier(connection, actor, ref, Choice(METHOD, CARRIERS[shop.cart], checked=True))


def _ship(connection: Connection) -> None:
    today = datetime.now(TOKYO).date()
    requests: dict[int, list[Request]] = defaultdict(list)
    for number, row in enumerate(shippable(connection), start=1):
        parcel = Parcel(METHOD, f"4000-{number:04d}-{row.id % 10_000:04d}", today)
        target = Target(row.number, row.shop, row.key)
        requests[row.merchant_id].append(Request(target, Ship(parcel)))
    for merchant_id, wanted in requests.items():
        perform(connection, Actor(merchant_id, NAME), wanted)
