"""The control API as a whole: finds what answers a call."""

from collections.abc import Callable

from simulator.control import orders, running, shops, troubles
from simulator.control.answers import Arguments, ControlError
from simulator.messages import Answer, Call, encode
from simulator.world import World

Handler = Callable[[World, Call, Arguments], Answer]

# Method, noun and number of path segments after the noun.
_HANDLERS: dict[tuple[str, str, int], Handler] = {
    ("GET", "health", 0): running.health,
    ("POST", "reset", 0): running.reset,
    ("GET", "settings", 0): running.settings,
    ("PATCH", "settings", 0): running.settings,
    ("GET", "effects", 0): running.effects,
    ("GET", "counters", 0): running.counters,
    ("POST", "seed", 0): shops.seed,
    ("GET", "shops", 0): shops.list_shops,
    ("GET", "shops", 1): shops.show_shop,
    ("PATCH", "shops", 1): shops.change_shop,
    ("POST", "shops", 2): shops.end_tokens,
    ("GET", "stock", 1): shops.show_stock,
    ("PUT", "stock", 1): shops.sell_or_count,
    ("DELETE", "stock", 2): shops.remove_item,
    ("GET", "orders", 1): orders.list_orders,
    ("POST", "orders", 1): orders.add_order,
    ("GET", "orders", 2): orders.show_order,
    ("POST", "orders", 2): orders.change_order,
    ("GET", "faults", 0): troubles.list_faults,
    ("POST", "faults", 0): troubles.add_fault,
    ("DELETE", "faults", 0): troubles.clear_faults,
    ("DELETE", "faults", 1): troubles.remove_fault,
    ("GET", "closures", 0): troubles.list_closures,
    ("PUT", "closures", 0): troubles.set_closure,
}


def answer_control(world: World, call: Call) -> Answer:
    """Answer a call below /_sim."""
    noun, *arguments = call.path.strip("/").split("/")
    handler = _HANDLERS.get((call.method, noun, len(arguments)))
    if handler is None:
        return _refuse("no such address", 404)
    try:
        return handler(world, call, tuple(arguments))
    except ControlError as error:
        return _refuse(str(error), error.status)
    except (LookupError, TypeError, ValueError) as error:
        return _refuse(f"{type(error).__name__}: {error}", 400)


def _refuse(message: str, status: int) -> Answer:
    return Answer(status, encode({"error": message}))
