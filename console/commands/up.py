"""`renkei up`: everything on one machine."""

import os

import click

from console.failures import CommandFailed
from console.output import print_json
from console.session import Session, leaf
from console.supervisor.programs import FLOWER_USER, all_programs, password_place, worker_programs
from console.supervisor.screen import show_running, tell
from console.supervisor.station import Station
from console.supervisor.stopping import StopSignals
from console.words import whole
from workers.settings import Settings

READY_TIMEOUT_S = 90.0


@click.command()
@click.option("--once", is_flag=True, help="Run every due robot once, then stop.")
@click.option("--port", type=whole(1, 65535), default=8000, help="Of the console.")
@leaf
def up(session: Session, once: bool, port: int) -> None:
    """Run everything on this machine until Ctrl-C: servers, workers, beat, console, Flower.

    A process that dies is started again. What each process says is in RENKEI_HOME/log.
    """
    settings = session.settings
    signals = StopSignals()
    station = Station(settings, tell=tell, environ=os.environ)
    station.claim()
    try:
        programs = worker_programs(settings) if once else all_programs(settings, port)
        station.open()
        signals.calm()
        station.run(programs)
        if once:
            _once(session, signals)
        else:
            _until_stopped(session, station, signals)
    except KeyboardInterrupt:
        tell("stopped while starting")
    finally:
        signals.calm()
        station.close(signals.hurry)


def _until_stopped(session: Session, station: Station, signals: StopSignals) -> None:
    if not station.wait_until_ready(READY_TIMEOUT_S, signals.stop) and not signals.stop.is_set():
        tell(f"not everything works yet, see {session.settings.home / 'log'}")
    if not signals.stop.is_set():
        if session.as_json:
            print_json(_described(session.settings, station))
        else:
            show_running(session.settings, station.state())
    signals.stop.wait()
    tell("stopping: work under way is finished first (Ctrl-C again hurries)")


def _once(session: Session, signals: StopSignals) -> None:
    from workers.services.due_robots import run_due_robots  # noqa: PLC0415 -- loads the workers

    ended, bad = run_due_robots(session.settings, signals.stop)
    document: dict[str, object] = {"runs": ended, "not_succeeded": bad}
    session.tell(document, f"{ended} runs ended, {len(bad)} of them did not succeed", *bad)
    if bad or signals.stop.is_set():
        raise CommandFailed("stopped before the end" if signals.stop.is_set() else "; ".join(bad))


def _described(settings: Settings, station: Station) -> dict[str, object]:
    state = station.state()
    return {
        "home": str(settings.home),
        "addresses": dict(state.addresses),
        "flower_user": FLOWER_USER,
        "flower_password_in": password_place(settings),
        "processes": {name: one.pid for name, one in state.processes.items()},
        "servers": {name: one.pid for name, one in state.servers.items()},
    }
