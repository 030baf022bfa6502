"""docs/glossary.md is true: its names are where it says, and README's table is a part of it."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README_ROW = 3


def rows(file: str, columns: int) -> list[tuple[str, ...]]:
    """Return the rows of the tables of words, without their heads."""
    text = (ROOT / file).read_text("utf-8")
    found: list[tuple[str, ...]] = []
    inside = False
    for line in text.splitlines():
        cells = tuple(cell.strip() for cell in line.split(" | "))
        if line.startswith("| English | Japanese |"):
            inside = True
        elif not line.startswith("|"):
            inside = False
        elif inside and not line.startswith("|---"):
            found.append((cells[0].removeprefix("| "), *cells[1:-1], cells[-1].removesuffix(" |")))
    assert found
    assert {len(row) for row in found} == {columns}
    return found


GLOSSARY = rows("docs/glossary.md", 5)


def test_a_word_of_the_readme_means_what_the_glossary_says() -> None:
    told = [row[:README_ROW] for row in GLOSSARY]

    assert [row for row in rows("README.md", README_ROW) if row not in told] == []


def test_a_word_has_one_meaning() -> None:
    words = [word for row in GLOSSARY for word in re.split(r", | / ", row[0])]

    assert sorted(words) == sorted(set(words))


@pytest.mark.parametrize("row", GLOSSARY, ids=lambda row: row[0])
def test_every_name_is_where_the_glossary_says(row: tuple[str, ...]) -> None:
    name, place = (cell.strip("`") for cell in row[README_ROW:])

    assert re.search(rf"\b{name}\b", (ROOT / place).read_text("utf-8"))
