"""The failures the system reasons about."""

import inspect
import pickle

import pytest

from domain import errors
from domain.errors import ApiFamily, BudgetSpent, Closed, Rejected, RemoteBusy, SyncError
from tests.unit.samples import NOON

KINDS = [
    kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, SyncError)
]
SAMPLES: list[SyncError] = [
    RemoteBusy("slow down", retry_after_s=3.5),
    Closed("closed", api=ApiFamily.STOCK, until=NOON),
    BudgetSpent("spent", until=NOON, limit="hour", by_cart=True),
    Rejected("refused", code="bad_params"),
]


@pytest.mark.parametrize("error", SAMPLES, ids=lambda error: type(error).__name__)
def test_errors_survive_pickling_with_all_they_carry(error: SyncError) -> None:
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes

    assert type(copy) is type(error)
    assert str(copy) == str(error)
    assert vars(copy) == vars(error)


def test_cls_03_every_failure_is_of_exactly_one_kind() -> None:
    kinds = (errors.Transient, errors.Postponed, errors.Permanent, errors.LeaseLost)

    for kind in set(KINDS) - {SyncError}:
        assert sum(issubclass(kind, one) for one in kinds) == 1


def test_the_tree_in_the_docstring_names_every_class() -> None:
    told = errors.__doc__ or ""

    assert [kind.__name__ for kind in KINDS if kind.__name__ not in told] == []
