"""The engine without the business: an action it was never told of, from its plan to its replay."""

from collections.abc import Iterator

from sqlalchemy import Engine, text

from adapters.postgres.engine import dead_letters, runs
from adapters.postgres.engine.items import ClaimedItem
from adapters.postgres.engine.planned_items import NewItem
from adapters.postgres.engine.runs import ClaimedRun
from domain.engine.runs import LetterState, RunMode
from domain.errors import Rejected, RemoteDown
from tests.component.engine_alone import Alone, Claimed
from tests.component.engine_rows import new_shop
from workers.engine import planner
from workers.engine.context import Outcome, Step, TakenAgain
from workers.engine.registry import Registration, registry_of


class Greet(TakenAgain):
    """Greets everybody: one is asleep at first, one does not want to be greeted."""

    def __init__(self) -> None:
        self.greeted: list[str] = []
        self.refuses = {"花子"}

    def plan(self, _: Claimed, run: ClaimedRun) -> Iterator[Step]:
        wanted = run.replayed or ["太郎", "花子"]
        yield Step(lambda _: [NewItem(name) for name in wanted])

    def execute(self, _: Claimed, item: ClaimedItem) -> Outcome:
        if item.key == "太郎" and item.attempts == 1:
            raise RemoteDown("is asleep")
        if item.key in self.refuses:
            raise Rejected("does not answer")
        self.greeted.append(item.key)
        return Outcome()


def _registered(greet: Greet) -> Registration:
    address = ("greetings.greet", "greetings")
    return Registration(
        action="greet", handler=greet, address=address, label="挨拶", category="出荷", priority=1
    )


def test_an_action_the_engine_was_never_told_of_is_planned_retried_buried_and_replayed(
    engine: Engine,
) -> None:
    greet = Greet()
    host = Alone(engine, registry_of([_registered(greet)]))
    with engine.begin() as connection:
        shop_id = new_shop(connection, "hall", ("greet",))
        merchant_id = connection.scalar(text("select merchant_id from shops"))

    assert planner.start_due_runs(host, "greet") == 1
    host.drain()
    assert _column(engine, "select state from run_items order by key") == ["due", "failed"]

    _time_passes(engine)
    host.drain()
    assert greet.greeted == ["太郎"]
    assert _column(engine, "select state from runs") == ["partly_failed"]
    assert _column(engine, "select reason from dead_letters") == ["does not answer"]

    greet.refuses.clear()
    with engine.begin() as connection:
        (letter,) = dead_letters.choose(connection, merchant_id)
        dead_letters.decide(
            connection, [letter.id], state=LetterState.REPLAYED, actor="test", reason="asked again"
        )
        request = {"keys": [letter.key]}
        runs.insert(
            connection, shop_id=shop_id, action="greet", mode=RunMode.REPLAY, request=request
        )
    host.drain()

    assert greet.greeted == ["太郎", "花子"]
    assert _column(engine, "select state from dead_letters") == ["closed"]
    assert _column(engine, "select message from api_log where level = 'info' order by id") == [
        "挨拶アクションが終了しました。(成功:1失敗:1)",
        "挨拶アクションが終了しました。(成功:1失敗:0)",
    ]


def _time_passes(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("update run_items set due_at = now() where state = 'due'"))


def _column(engine: Engine, query: str) -> list[object]:
    with engine.begin() as connection:
        return list(connection.execute(text(query)).scalars())
