"""What people ask for in the middle of it all."""

from sqlalchemy import text

from adapters.postgres.database import DatabaseUnavailable
from adapters.postgres.engine import runs
from domain.actions import Action
from domain.engine.runs import RunMode
from tests.chaos.faults import Scene


class AskForCompare:
    """Somebody asks for the full compare of a shop's stock (STK-6)."""

    def strike(self, scene: Scene) -> None:
        try:
            with scene.engine.begin() as connection:
                shops = list(connection.execute(text("select id from shops order by id")).scalars())
                runs.insert(
                    connection,
                    shop_id=scene.dice.choice(shops),
                    action=Action.SYNC_STOCK,
                    mode=RunMode.COMPARE,
                )
        except DatabaseUnavailable:
            scene.station.later(1.0, lambda: self.strike(scene))
