"""The one kind of statement: names, rows, and a connection that is gone."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

import psycopg
import pytest
from sqlalchemy import Connection, Engine

from adapters.postgres.database import DatabaseUnavailable
from adapters.postgres.statement import Statement, made_of, words


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, slots=True)
class Wheel:
    size: int
    colour: Colour


@dataclass(frozen=True, slots=True)
class Car:
    name: str
    colour: Colour
    roof: Colour | None
    colours: frozenset[Colour]
    sizes: tuple[int, ...]
    price: float
    wheels: tuple[Wheel, ...]
    spare: Wheel | None = None
    note: str | None = field(repr=False, default=None)


_CAR = Statement[Car]("""
select 'A-1' as name, :colour as colour, cast(:roof as text) as roof,
       cast(:colours as text[]) as colours, array[3, 4] as sizes, 1.5 as price,
       '[{"size": 17, "colour": "red"}]'::jsonb as wheels, cast(:spare as jsonb) as spare
""")


def test_a_dataclass_is_made_of_what_its_fields_want(engine: Engine) -> None:
    with engine.begin() as connection:
        car = _CAR.one(
            connection,
            colour=Colour.RED,
            roof=None,
            colours=list(Colour),
            spare='{"size": 15, "colour": "blue"}',
        )

    wheel = Wheel(17, Colour.RED)
    assert car == Car(
        "A-1", Colour.RED, None, frozenset(Colour), (3, 4), 1.5, (wheel,), Wheel(15, Colour.BLUE)
    )
    assert [type(one) for one in (car.colour, car.price)] == [Colour, float]
    assert {type(one) for one in car.colours} == {Colour}
    assert car.wheels[0].colour is Colour.RED


def test_a_dataclass_can_be_made_of_other_columns_too() -> None:
    assert made_of(Wheel, {"size": 3, "colour": "blue"}) == Wheel(3, Colour.BLUE)


def _shown(*, colour: Colour, size: int) -> str:
    return f"{colour.name} {size}"


def test_a_function_gets_the_columns_by_name(engine: Engine) -> None:
    statement = Statement("select 4 as size, 'blue' as colour", _shown)

    with engine.begin() as connection:
        assert statement.all(connection) == ["BLUE 4"]


def test_names_are_bound_once_each_and_casts_are_left_alone(engine: Engine) -> None:
    statement = Statement[tuple[str, int, str]](
        "select :word::text || ':' || :word, :count::int + 1, '12:30'::time::text"
    )

    with engine.begin() as connection:
        row = statement.one(connection, word="a:c", count=2)

    assert row == ("a:c:a:c", 3, "12:30:00")


def test_a_name_without_a_value_is_a_bug(engine: Engine) -> None:
    with engine.begin() as connection, pytest.raises(KeyError, match="word"):
        Statement[None]("select :word").run(connection)


@pytest.mark.parametrize(
    ("sql", "kind", "value"),
    [
        ("7, 8", int, 7),
        ("'x'", str, "x"),
        ("true", bool, True),
        ("0.5::float8", float, 0.5),
        ("timestamptz '2026-11-03T00:00Z'", datetime, datetime(2026, 11, 3, tzinfo=UTC)),
    ],
)
def test_a_scalar_is_the_first_column(
    engine: Engine, sql: str, kind: type[object], value: object
) -> None:
    with engine.begin() as connection:
        assert Statement(f"select {sql}", kind).one(connection) == value


def test_dict_and_tuple_take_the_columns_as_they_are(engine: Engine) -> None:
    with engine.begin() as connection:
        assert Statement[dict[str, object]]("select 1 as a, 'x' as b").all(connection) == [
            {"a": 1, "b": "x"}
        ]
        assert Statement[tuple[int, str]]("select 1 as a, 'x' as b").all(connection) == [(1, "x")]


def test_a_statement_has_to_say_what_its_rows_are(engine: Engine) -> None:
    statement: Statement[int] = Statement("select 1")

    with engine.begin() as connection, pytest.raises(TypeError, match="say what rows"):
        statement.one(connection)


def test_no_row_is_none_or_a_lookup_error(engine: Engine) -> None:
    statement = Statement[int]("select 1 where :there")

    with engine.begin() as connection:
        assert statement.all(connection, there=False) == []
        assert statement.first(connection, there=False) is None
        with pytest.raises(LookupError):
            statement.one(connection, there=False)


_ADD = Statement[None]("insert into merchants (key, name) values (:key, :name)")
_RENAME = Statement[None]("update merchants set name = :name where key <> 'default'")
_NAMES = Statement[tuple[str, str]](
    "select key, name from merchants where key <> 'default' order by key"
)


def _names(engine: Engine) -> list[tuple[str, str]]:
    with engine.begin() as connection:
        return _NAMES.all(connection)


def test_run_tells_rows_touched_and_run_many_takes_many(engine: Engine) -> None:
    with engine.begin() as connection:
        _ADD.run_many(connection, [{"key": key, "name": key.upper()} for key in "abc"])
        assert _RENAME.run(connection, name="x") == 3
    assert _names(engine) == [("a", "x"), ("b", "x"), ("c", "x")]


def test_a_transaction_that_fails_leaves_nothing(engine: Engine) -> None:
    def fail(connection: Connection) -> None:
        _ADD.run(connection, key="a", name="A")
        _ADD.run(connection, key="a", name="again")

    with pytest.raises(psycopg.errors.UniqueViolation), engine.begin() as connection:
        fail(connection)
    assert _names(engine) == []


_PID = Statement[int]("select pg_backend_pid()")
_END = Statement[bool]("select pg_terminate_backend(:pid)")


@pytest.mark.parametrize("many", [False, True], ids=["one", "many"])
def test_a_lost_connection_is_told_and_the_pool_renewed(engine: Engine, *, many: bool) -> None:
    def use_after_its_end(connection: Connection) -> None:
        pid = _PID.one(connection)
        with engine.connect() as other:
            assert _END.one(other, pid=pid)
        if many:
            _ADD.run_many(connection, [{"key": "a", "name": "A"}])
        else:
            _ADD.run(connection, key="a", name="A")

    with pytest.raises(DatabaseUnavailable), engine.begin() as connection:
        use_after_its_end(connection)
    for _ in range(3):
        assert _names(engine) == []


def test_a_statement_that_takes_too_long_is_not_a_bug(engine: Engine) -> None:
    def wait(connection: Connection) -> None:
        Statement[None]("set local statement_timeout = '20ms'").run(connection)
        Statement[None]("select pg_sleep(5)").run(connection)

    with (
        pytest.raises(DatabaseUnavailable, match="QueryCanceled"),
        engine.begin() as connection,
    ):
        wait(connection)


def test_words_become_constants() -> None:
    assert words(Colour) == "('red', 'blue')"
