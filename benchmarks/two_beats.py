"""`python -m benchmarks.two_beats`: two beats beside each other, and every slot ran once."""

import time

import click
from sqlalchemy import Connection, text

from benchmarks.running import Running, running
from benchmarks.tables import show
from domain.actions import Action

# A slot's run is there within a beat's two seconds and what a busy machine adds.
_LATEST_S = 8.0
ACTIONS = (Action.IMPORT_ORDERS, Action.SYNC_STATUS, Action.SYNC_STOCK)

_FIGURES = text("""
with slots as (
  select shop_id, action, slot, count(*) as runs, max(attempts) as attempts,
         max(generation) as claims
    from runs where slot <= :until group by 1, 2, 3
)
select (select count(*) from robots b,
               generate_series(b.anchor_at + make_interval(secs => b.every_s),
                               cast(:until as timestamptz), make_interval(secs => b.every_s))
         where b.enabled) as due,
       (select count(*) from slots) as ran,
       (select count(*) from slots where runs > 1) as more_than_once,
       (select count(*) from slots where attempts > 1) as tried_again,
       (select count(*) from slots where claims > attempts) as put_off
""")


@click.command()
@click.option("--minutes", default=10.0, show_default=True)
@click.option("--shops", default=20, show_default=True)
@click.option("--every-s", default=10, show_default=True, help="Cadence of every robot.")
@click.option("--beats", default=2, show_default=True)
def main(minutes: float, shops: int, every_s: int, beats: int) -> None:
    """Run robots of SHOPS shops with BEATS beats for MINUTES and count the slots."""
    with running(latency_s=0.02) as here:
        simulated = here.simulator.seed(shops=shops, items=2, orders=2, carts=["thebase"])
        with here.programs(beats=beats):
            for shop in simulated:
                here.open_shop(shop, ACTIONS, every_s)
            time.sleep(minutes * 60)
            figures = _counted(here)
    show(
        f"{beats} beats for {minutes:g} minutes: {shops * len(ACTIONS)} robots every {every_s} s",
        ("slots due", "slots that ran", "ran more than once", "tried again", "put off by pace"),
        [[str(figure) for figure in figures]],
    )


def _counted(here: Running) -> tuple[int, ...]:
    """Count the slots up to now when the last of them have had their run."""
    with here.engine.begin() as connection:
        until = connection.execute(text("select now()")).scalar_one()
    time.sleep(_LATEST_S)
    with here.engine.begin() as connection:
        return _figures(connection, until)


def _figures(connection: Connection, until: object) -> tuple[int, ...]:
    row = connection.execute(_FIGURES, {"until": until}).one()
    return tuple(int(figure) for figure in row)


if __name__ == "__main__":
    main()
