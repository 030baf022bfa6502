"""Bodies changed the way no vendor should: a Hypothesis strategy over any JSON document."""

import copy

from hypothesis import strategies as st

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(min_value=10**30, max_value=10**400),
    st.floats(),
    st.text(max_size=30),
    st.sampled_from(
        [
            "",
            " ",
            "12",
            "-3",
            "\uff11\uff12",
            "Yes",
            "SomethingNew",
            "\x00",
            "\ud800",
            "9" * 5000,
            "2026-13-40",
        ]
    ),
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
Path = tuple[str | int, ...]


def paths(value: object, here: Path = ()) -> list[Path]:
    """Return the path of every place below the top of a JSON value."""
    found: list[Path] = []
    entries: list[tuple[str | int, object]] = []
    if isinstance(value, dict):
        entries = list(value.items())
    elif isinstance(value, list):
        entries = list(enumerate(value))
    for name, inner in entries:
        found += [(*here, name), *paths(inner, (*here, name))]
    return found


def change(document: object, path: Path, new: object, *, remove: bool) -> None:
    """Replace or remove one place; a path that an earlier change broke is left alone."""
    place = document
    try:
        for name in path[:-1]:
            place = place[name]  # type: ignore[index]
        if remove:
            del place[path[-1]]  # type: ignore[attr-defined]
        else:
            place[path[-1]] = new  # type: ignore[index]
    except (IndexError, KeyError, TypeError):
        return


@st.composite
def mutated(draw: st.DrawFn, sample: dict[str, object]) -> dict[str, object]:
    """Return the sample with up to four places replaced by anything, removed, or added."""
    document = copy.deepcopy(sample)
    for _ in range(draw(st.integers(1, 4))):
        path = draw(st.sampled_from(paths(sample)))
        change(document, path, draw(ANYTHING), remove=draw(st.booleans()))
    if draw(st.booleans()):
        document[draw(st.text(max_size=8))] = draw(ANYTHING)
    return document


def with_numerals_as_text(value: object) -> object:
    """Return a document whose whole numbers came as text."""
    if isinstance(value, dict):
        return {name: with_numerals_as_text(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [with_numerals_as_text(inner) for inner in value]
    return str(value) if type(value) is int else value
