"""What buyers told a shop must not end in dead letters, logs or Flower."""

from collections.abc import Callable

import pytest
from psycopg.errors import UniqueViolation
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError

from adapters.postgres.statement import Statement
from domain.engine.retry import GiveUp, decide
from tests.unit.samples import NOON
from workers.engine.finish import without_data

SECRET = "佐伯 結衣 大阪市北区梅田9-9-9"


def _violation(engine: Engine) -> Exception:
    statement = Statement[None]("insert into merchants (key, name) values ('default', :name)")
    with engine.connect() as connection, pytest.raises(UniqueViolation) as refused:
        statement.run(connection, name=SECRET)
    return refused.value


def _violation_told_by_sqlalchemy(engine: Engine) -> Exception:
    with engine.connect() as connection, pytest.raises(IntegrityError) as refused:
        connection.execute(
            text("insert into merchants (key, name) values ('default', :name)"), {"name": SECRET}
        )
    return refused.value


@pytest.mark.parametrize("violation", [_violation, _violation_told_by_sqlalchemy])
def test_cls_4_a_dead_letter_of_a_bug_names_places_and_no_data(
    engine: Engine, violation: Callable[[Engine], Exception]
) -> None:
    error = violation(engine)

    decision = decide(error, attempt=1, jitter=0.5, now=NOON)

    assert isinstance(decision, GiveUp)
    assert decision.unexpected
    for kept in (decision.reason, without_data(error)):
        assert "UniqueViolation" in kept or "duplicate key" in kept
        assert SECRET not in kept
        assert "DETAIL" not in kept


def _convert() -> None:
    try:
        _read()
    except KeyError as error:
        raise RuntimeError("cannot convert") from error


def _read() -> None:
    raise KeyError("shipping_lines")


def test_a_traceback_says_where_it_happened_and_what_caused_it() -> None:
    with pytest.raises(RuntimeError) as raised:
        _convert()

    told = without_data(raised.value)

    assert "in _read" in told
    assert told.index("KeyError: 'shipping_lines'") < told.index("RuntimeError: cannot convert")
