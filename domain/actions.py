"""The actions a robot runs for a shop (アクション): one table, which everything else reads.

A new action is one row here, one module in workers/actions and one line in workers/wiring.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from enum import StrEnum
from fractions import Fraction
from types import MappingProxyType

from domain.carts.cart import Cart, call_deadline_s
from domain.engine.cadence import Cadence
from domain.errors import ApiFamily

EVERY_CART = tuple(Cart)
ONLY_SHOPSERVE = (Cart.SHOPSERVE,)


class Action(StrEnum):
    """One thing a robot does for one shop."""

    IMPORT_ORDERS = "import_orders"
    CONFIRM_ORDERS = "confirm_orders"
    SYNC_STATUS = "sync_status"
    RETURN_SHIPMENTS = "return_shipments"
    COMPLETE_ORDERS = "complete_orders"
    SYNC_STOCK = "sync_stock"


class Queue(StrEnum):
    """Kinds of work that Celery's workers take their messages from."""

    PLAN = "plan"
    ORDERS = "orders"
    SHIPMENTS = "shipments"
    STOCK = "stock"
    # What beat asks for by the second; nobody's work waits behind it, nor it behind anybody's.
    TICKS = "ticks"


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionFacts:
    """What is fixed about one action.

    Attributes:
        label: its name in the API log (LOG-1).
        carts: who can do it; BASE has nothing to confirm and no folder to complete into.
        queue: where the messages of its items go.
        task: wire name of the Celery task that handles one item; renaming it is a migration.
        does: what that task does, in a sentence for Flower.
        priority: who is served first when calls are short; a smaller number is earlier (CLS-2).
        reserve: the share of an hour's or day's calls it leaves to what is served before it.
        cadence: of a fresh robot.
        api: the family of calls it cannot do without.
        category: 出荷 or 在庫, in the API log (LOG-1).
    """

    label: str
    carts: tuple[Cart, ...]
    queue: Queue
    task: str
    does: str
    priority: int
    reserve: Fraction
    cadence: Cadence
    api: ApiFamily = ApiFamily.ORDERS
    category: str = "出荷"

    def deadline_s(self, cart: Cart) -> float:
        """Return the seconds one of its calls may take in all."""
        return call_deadline_s(cart, self.api)


ACTIONS: Mapping[Action, ActionFacts] = MappingProxyType(
    {
        Action.IMPORT_ORDERS: ActionFacts(
            label="出荷指示データ取得",
            carts=EVERY_CART,
            queue=Queue.ORDERS,
            task="orders.import_order",
            does="Import one order of one shop (出荷指示取得).",
            priority=1,
            reserve=Fraction(5, 100),
            cadence=Cadence(every_s=300),
        ),
        Action.CONFIRM_ORDERS: ActionFacts(
            label="確認ステータス更新",
            carts=ONLY_SHOPSERVE,
            queue=Queue.ORDERS,
            task="orders.confirm_order",
            does="Tell ShopServe one order was taken (確認ステータス更新).",
            priority=1,
            reserve=Fraction(5, 100),
            cadence=Cadence(every_s=600),
        ),
        Action.SYNC_STATUS: ActionFacts(
            label="ステータス同期",
            carts=EVERY_CART,
            queue=Queue.ORDERS,
            task="statuses.sync_order",
            does="Take over one order's payment or cancellation (ステータス同期).",
            priority=2,
            reserve=Fraction(15, 100),
            cadence=Cadence(every_s=600),
        ),
        Action.RETURN_SHIPMENTS: ActionFacts(
            label="出荷実績戻し",
            carts=EVERY_CART,
            queue=Queue.SHIPMENTS,
            task="shipments.return_shipment",
            does="Tell one cart that an order was shipped (出荷実績戻し).",
            priority=0,
            reserve=Fraction(0),
            cadence=Cadence(at=time(18, 0)),
        ),
        Action.COMPLETE_ORDERS: ActionFacts(
            label="取引完了フォルダ移動",
            carts=ONLY_SHOPSERVE,
            queue=Queue.ORDERS,
            task="orders.complete_order",
            does="Move one order to the completed folder (取引完了フォルダ移動).",
            priority=1,
            reserve=Fraction(5, 100),
            cadence=Cadence(at=time(19, 0)),
        ),
        Action.SYNC_STOCK: ActionFacts(
            label="在庫連携",
            carts=EVERY_CART,
            queue=Queue.STOCK,
            task="stock.push_sku",
            does="Tell one shop the stock of one SKU (在庫連携).",
            priority=3,
            reserve=Fraction(30, 100),
            cadence=Cadence(every_s=300),
            api=ApiFamily.STOCK,
            category="在庫",
        ),
    }
)


def actions_of(cart: Cart) -> tuple[Action, ...]:
    """Return what a cart can do, in the order of a shop's day."""
    return tuple(action for action, facts in ACTIONS.items() if cart in facts.carts)
