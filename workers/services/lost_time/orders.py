"""One shop's orders of the lost time, brought back one by one."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, Engine

from adapters.postgres.clock import clock
from adapters.postgres.engine import api_log
from adapters.postgres.engine.api_log import WholeShop
from adapters.postgres.orders import import_tasks, order_parts
from adapters.postgres.orders.import_tasks import ImportTask
from adapters.postgres.orders.lost_time import catch_up
from adapters.postgres.shops.lost_time import note_caught_up
from adapters.postgres.shops.shops import Shop
from domain.actions import ACTIONS, Action
from domain.engine.cadence import TOKYO
from domain.errors import Permanent
from domain.orders.cancellations import is_cancelled
from domain.orders.cart_order import CartOrder
from domain.orders.eligibility import Skip, TaskState, next_look
from domain.orders.instructions import Status
from workers.actions.order_conversion import convert, record
from workers.calls.work import ShopCart
from workers.services.lost_time.reading import Raw, Told, listed_orders, register, whole_orders
from workers.services.lost_time.report import ShopReport

_CATEGORY = ACTIONS[Action.IMPORT_ORDERS].category


def bring_back(database: Engine, shop: Shop, cart: ShopCart, report: ShopReport) -> None:
    """Read the cart to its end, record each order by itself, and let the shop work again.

    Ended at any point, it is begun again: what is recorded already is left as it is.

    Raises: SyncError: the cart could not be read to its end.
    """
    found = listed_orders(database, shop, cart)
    report.failed += [row.reason for row in found.unreadable.values()]
    one = _OneOrder(database, shop, cart, report)
    for key, told in whole_orders(cart, register(database, shop, found), found):
        one.bring_back(key, told)
    with database.begin() as connection:
        note_caught_up(connection, shop.id)
        line = api_log.LogLine(report.line(), "warning", needs_person=True)
        api_log.log(connection, WholeShop(shop.id), _CATEGORY, line)


@dataclass(frozen=True, slots=True)
class _OneOrder:
    database: Engine
    shop: Shop
    cart: ShopCart
    report: ShopReport

    def bring_back(self, key: str, told: Told) -> None:
        if told is None:
            self.report.left_out.append(f"{key}: the cart does not know it any more")
            return
        try:
            if isinstance(told, Permanent):
                raise told
            with self.database.begin() as connection:
                self._record(connection, key, told)
        except Permanent as error:
            self.report.failed.append(f"{key}: {error}")
            with self.database.begin() as connection:
                self._note_failed(connection, key, str(error))

    def _record(self, connection: Connection, key: str, raw: Raw) -> None:
        order = self.cart.decode(raw)
        today = clock(connection).astimezone(TOKYO).date()
        task = import_tasks.known(connection, self.shop.id, [key]).get(key)
        if task is None or task.state is TaskState.CONVERTED:
            self._catch_up(connection, order, today)
        else:
            import_tasks.store_raw(connection, task.id, raw)
            self._take_over(
                connection, import_tasks.load(connection, task.id) or task, order, today
            )

    def _catch_up(self, connection: Connection, order: CartOrder, today: date) -> None:
        left = catch_up(connection, self.shop.id, order, today)
        self.report.caught_up += left
        if is_cancelled(order):
            self.report.cancelled.append(order.number)
        elif not left:
            self.report.open += 1

    def _take_over(
        self, connection: Connection, task: ImportTask, order: CartOrder, today: date
    ) -> None:
        made = convert(connection, self.shop, task, order)
        if isinstance(made, Skip):
            self._leave_out(connection, task, made)
            return
        log = record(connection, self.shop, made, today)
        api_log.log(connection, WholeShop(self.shop.id), _CATEGORY, *log)
        parts = order_parts.of_orders(connection, self.shop.id, [order.key])[order.key]
        for part in parts:
            shipped = part.status is Status.SHIPPED
            (self.report.shipped if shipped else self.report.on_hold).append(part.number)

    def _leave_out(self, connection: Connection, task: ImportTask, why: Skip) -> None:
        self.report.left_out.append(f"{task.key}: {why.reason}")
        state = TaskState.WAITING if why.remember else TaskState.SKIPPED
        again = next_look(state, permanent=False, at=clock(connection))
        import_tasks.set_state(connection, task.id, state, reason=why.reason, retry_after=again)

    def _note_failed(self, connection: Connection, key: str, reason: str) -> None:
        task = import_tasks.known(connection, self.shop.id, [key]).get(key)
        if task is not None:
            again = next_look(TaskState.FAILED, permanent=True, at=clock(connection))
            import_tasks.set_state(
                connection, task.id, TaskState.FAILED, reason=reason, retry_after=again
            )
