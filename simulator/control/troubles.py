"""Control of what goes wrong: faults and closures."""

from simulator.closures import ALL, FAMILIES, Closure
from simulator.control.answers import Arguments, ControlError, done, read_object
from simulator.messages import Answer, Call
from simulator.seed.plan import CARTS
from simulator.world import World


def list_faults(world: World, _call: Call, _arguments: Arguments) -> Answer:
    """Answer GET /_sim/faults."""
    return done({"faults": world.faults.documents()})


def add_fault(world: World, call: Call, _arguments: Arguments) -> Answer:
    """Answer POST /_sim/faults."""
    return done({"id": world.faults.add(read_object(call))})


def clear_faults(world: World, _call: Call, _arguments: Arguments) -> Answer:
    """Answer DELETE /_sim/faults."""
    world.faults.rules.clear()
    return done({})


def remove_fault(world: World, _call: Call, arguments: Arguments) -> Answer:
    """Answer DELETE /_sim/faults/{id}."""
    del world.faults.rules[int(arguments[0])]
    return done({})


def list_closures(world: World, _call: Call, _arguments: Arguments) -> Answer:
    """Answer GET /_sim/closures."""
    return done({"closures": [each.document() for each in world.closures.in_force]})


def set_closure(world: World, call: Call, _arguments: Arguments) -> Answer:
    """Answer PUT /_sim/closures: close or open a part of a cart."""
    request = read_object(call)
    closure = Closure(
        cart=request["cart"],
        api=request.get("api", ALL),
        shop=request.get("shop", ""),
        status=request.get("status", 503),
    )
    if closure.cart not in CARTS or closure.api not in FAMILIES:
        raise ControlError(f"cart is one of {CARTS}, api one of {sorted(FAMILIES)}")
    if request.get("closed", True):
        world.closures.close(closure)
    else:
        world.closures.open(closure.cart, closure.api, closure.shop)
    return done({"closures": [each.document() for each in world.closures.in_force]})
