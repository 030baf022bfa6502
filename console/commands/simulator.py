"""`renkei simulator`: both carts as HTTP servers, for trying things out."""

import os
import signal
import sys

import click

from console.output import print_json
from console.session import Session, leaf
from console.words import whole
from simulator.process import start

ORDERS = 30
ITEMS = 20


@click.command()
@click.option("--port", type=whole(0, 65535), default=0, help="0 = any free port.")
@click.option("--shops", type=whole(0, 1000), default=1, help="Sample shops per cart.")
@leaf
def simulator(session: Session, port: int, shops: int) -> None:
    """Run simulated carts until Ctrl-C; prints their addresses and sample secrets."""
    if session.as_json:
        _serve(port, shops)
        return
    arguments = ["-m", "simulator", "--port", str(port), "--shops", str(shops)]
    arguments += ["--orders", str(ORDERS), "--items", str(ITEMS)]
    os.execv(sys.executable, [sys.executable, *arguments])  # noqa: S606 -- becomes the simulator


def _serve(port: int, shops: int) -> None:
    """Run the simulator as a child and describe it in one document."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    with start(port) as child:
        seeded = child.client().seed(shops=shops, orders=ORDERS, items=ITEMS) if shops else []
        print_json(
            {
                "url": child.url,
                "pid": child.pid,
                "shops": [
                    {
                        "key": one.key,
                        "cart": one.cart,
                        "api_url": one.api_url,
                        "secrets": one.secrets,
                    }
                    for one in seeded
                ],
            }
        )
        try:
            child.process.wait()
        except KeyboardInterrupt:
            return
