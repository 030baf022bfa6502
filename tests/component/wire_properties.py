"""Any body is read or Undecodable, and what is said of it shows none of its values."""

from collections.abc import Callable

from hypothesis import strategies as st

from domain.errors import Undecodable
from tests.component.json_mutations import ANYTHING, change, mutated, paths

SECRET = "東京都秘密0-0-0"
_SECRETS: list[object] = [SECRET, [SECRET], {SECRET: SECRET}, [{"x": SECRET}], [[SECRET] * 3]]


@st.composite
def _with_a_secret(draw: st.DrawFn, sample: dict[str, object]) -> dict[str, object]:
    document = draw(mutated(sample))
    place = draw(st.sampled_from(paths(sample)))
    change(document, place, draw(st.sampled_from(_SECRETS)), remove=False)
    return document


def order_like(sample: dict[str, object]) -> st.SearchStrategy[dict[str, object]]:
    """Draw documents that were one once."""
    return st.one_of(mutated(sample), _with_a_secret(sample))


def body_like(*samples: dict[str, object]) -> st.SearchStrategy[object]:
    """Draw anything JSON can hold, most of it near one of the samples."""
    return st.one_of(ANYTHING, *(order_like(sample) for sample in samples))


def check_read_or_undecodable(read: Callable[[object], object], body: object) -> None:
    """Fail if reading raises anything else, or tells a value."""
    refused = None
    try:
        read(body)
    except Undecodable as error:
        refused = error
    if refused is not None:
        assert SECRET not in str(refused)
        assert refused.__context__ is None
