"""`renkei demo`: the whole job on private servers and simulated carts."""

import shutil
import time

import click

from console.demo.figures import COLUMNS
from console.demo.plan import MOST_ORDERS, MOST_SHOPS, MOST_SKUS, Plan
from console.demo.screen import DemoScreen
from console.demo.show import own_settings, play, staged
from console.demo.stage import Stage
from console.failures import CommandFailed
from console.output import print_json, print_table
from console.session import Session, leaf
from console.supervisor.programs import FLOWER_USER, password_place
from console.supervisor.stopping import StopSignals
from console.words import whole

DEFAULT = Plan()


@click.command()
@click.option("--shops", type=whole(1, MOST_SHOPS), default=DEFAULT.shops)
@click.option("--orders", type=whole(1, MOST_ORDERS), default=DEFAULT.orders)
@click.option("--skus", type=whole(1, MOST_SKUS), default=DEFAULT.skus)
@click.option("--faults", is_flag=True, help="Kill a worker and empty Redis in the middle.")
@click.option("--keep", is_flag=True, help="Leave everything up until Ctrl-C.")
@leaf
def demo(session: Session, shops: int, orders: int, skus: int, faults: bool, keep: bool) -> None:
    """Import, then push stock, then both again; the figures must be the simulator's.

    SHOPS are of both carts together; ORDERS and SKUS of each shop. Data lie in RENKEI_HOME/demo.
    """
    settings = own_settings(session.settings)
    signals, screen, began_at = StopSignals(), DemoScreen(), time.monotonic()
    plan = Plan(shops, orders, skus, faults, keep)
    try:
        with staged(settings, plan, screen, signals.hurry) as stage:
            play(stage)
            _print(session, stage, time.monotonic() - began_at)
            if keep:
                _keep(stage, screen, signals)
            signals.calm()
    finally:
        signals.calm()
        screen.close()
    if not stage.ok:
        raise CommandFailed(f"figures differ; logs are in {settings.home / 'log'}")
    shutil.rmtree(settings.home, ignore_errors=True)


def _print(session: Session, stage: Stage, seconds: float) -> None:
    rows = [figure.document() for figure in stage.figures]
    if session.as_json:
        print_json(
            {
                "ok": stage.ok,
                "seconds": round(seconds, 1),
                "phases": stage.seconds,
                "faults": stage.struck,
                "figures": rows,
            }
        )
        return
    print_table(rows, COLUMNS)
    for strike in stage.struck:
        click.echo(
            f"fault in {strike['phase']} at {strike['items_done']} of {strike['items']}:"
            f" {strike['killed']} killed, Redis emptied"
        )
    click.echo(f"{'equal' if stage.ok else 'DIFFERENT'} after {seconds:.1f} s")


def _keep(stage: Stage, screen: DemoScreen, signals: StopSignals) -> None:
    signals.calm()
    screen.say(f"simulated carts  {stage.simulator.url}")
    for name, address in stage.station.state().addresses.items():
        screen.say(f"{name:<17}{address}")
    screen.say(f"Flower's user is {FLOWER_USER}, its password in {password_place(stage.settings)}")
    screen.say(f"look around with  RENKEI_HOME={stage.settings.home} renkei ...")
    screen.say("Ctrl-C stops everything")
    signals.stop.wait()
