"""`python -m simulator`: both carts on one port until SIGINT or SIGTERM."""

import argparse
import asyncio
import ctypes
import gc
import json
import os
import signal
import sys
import time
from collections.abc import Sequence

from simulator.seed.plan import SeedPlan, sow
from simulator.server import start_server
from simulator.shopserve.wire import PREFIX as SHOPSERVE_PREFIX
from simulator.thebase.wire import PREFIX as BASE_PREFIX
from simulator.world import Shop, World

_PR_SET_PDEATHSIG = 1
_GC_THRESHOLD = 50_000


def _read_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="simulator", description="Both carts, simulated.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 for a free port")
    parser.add_argument("--seed", type=int, default=1, help="where invented data come from")
    parser.add_argument("--shops", type=int, default=1, help="shops on each cart")
    parser.add_argument("--orders", type=int, default=30, help="orders of each shop")
    parser.add_argument("--items", type=int, default=20, help="items of each shop")
    parser.add_argument("--parent", type=int, default=0, help="stop when this process ends")
    return parser.parse_args(argv)


def die_with_parent(parent: int) -> None:
    """Have the kernel end this process when the one that started it ends.

    Args:
        parent: its process id; it may have ended already.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        sys.exit(1)


async def _run(arguments: argparse.Namespace) -> None:
    """Serve until a signal arrives."""
    world = World()
    plan = SeedPlan(
        seed=arguments.seed,
        shops=arguments.shops,
        orders=arguments.orders,
        items=arguments.items,
    )
    shops = sow(world, plan, time.time())
    runner, port = await start_server(world, arguments.host, arguments.port)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    _announce(f"http://{arguments.host}:{port}", port, shops)
    await stop.wait()
    await runner.cleanup()


def _announce(url: str, port: int, shops: list[Shop]) -> None:
    """Print the addresses as one JSON line, then the secrets of the seeded shops."""
    out = sys.stdout
    addresses = {
        "url": url,
        "port": port,
        "pid": os.getpid(),
        "shopserve": f"{url}{SHOPSERVE_PREFIX}",
        "thebase": f"{url}{BASE_PREFIX}",
    }
    out.write(json.dumps(addresses) + "\n")
    for shop in shops:
        out.write(f"{shop.key}\t{addresses[shop.cart]}\t{json.dumps(shop.secrets())}\n")
    out.flush()


def main(argv: Sequence[str] | None = None) -> None:
    """Run the simulator until SIGINT or SIGTERM.

    Args:
        argv: command line arguments; None for those of the process.
    """
    arguments = _read_arguments(argv)
    if arguments.parent:
        die_with_parent(arguments.parent)
    gc.set_threshold(_GC_THRESHOLD)
    asyncio.run(_run(arguments))


if __name__ == "__main__":
    main()
