"""Reading a list by offset while it moves.

BASE tells no total and orders come newest first. A new order pushes every row down, so rows come
twice: they are dropped. A row that vanishes pulls the rest up, so rows could slip past: each page
therefore begins a few rows early and must begin with a row seen before; if it does not, reading
goes back. Only an empty page is taken as the end, because the largest page the cart really
serves is not certain.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeVar

from domain.errors import RemoteDown

PAGE_ROWS = 100
OVERLAP_ROWS = 5
MOST_STALLS = 5  # pages in a row that brought nothing new
MOST_PAGES = 2000

Row = TypeVar("Row")


class Pages(Generic[Row]):
    """Iterates over a list page by page; each key comes once.

    Raises: RemoteDown: the list does not come to an end, or moves too fast to be read.
    """

    def __init__(self, fetch: Callable[[int], Sequence[Row]], key_of: Callable[[Row], str]) -> None:
        """Args: fetch: rows from an offset on; key_of: what tells two rows apart."""
        self._fetch = fetch
        self._key_of = key_of
        self._seen: set[str] = set()
        self._start = 0
        self._overlap = 0
        self._full = PAGE_ROWS

    def __iter__(self) -> Iterator[list[Row]]:
        """Yield only rows not seen before, and no empty pages."""
        stalls = 0
        for _ in range(MOST_PAGES):
            rows = self._fetch(self._start)
            if not rows and not self._overlap:
                return
            new = self._new(rows) if self._follows(rows) else []
            stalls = 0 if new else stalls + 1
            if stalls > MOST_STALLS:
                break
            if new:
                yield new
            if self._ended(rows):
                return
        raise RemoteDown("BASE: the list does not come to an end")

    def _follows(self, rows: Sequence[Row]) -> bool:
        """Tell whether nothing slipped past between the last page and this one."""
        return not self._overlap or (bool(rows) and self._key_of(rows[0]) in self._seen)

    def _new(self, rows: Sequence[Row]) -> list[Row]:
        new = {self._key_of(row): row for row in rows}
        fresh = [row for key, row in new.items() if key not in self._seen]
        self._seen.update(new)
        return fresh

    def _ended(self, rows: Sequence[Row]) -> bool:
        """Choose where to read on; tell whether an empty page said that there is no more."""
        if not self._follows(rows):
            self._start = max(0, self._start - self._full // 2)
            self._overlap = min(self._start, 1)
            return False
        end = self._start + len(rows)
        if len(rows) < self._full:
            if not self._fetch(end):
                return True
            self._full = len(rows)  # the cart serves shorter pages than asked for
        self._overlap = min(OVERLAP_ROWS, len(rows) - 1)
        self._start = end - self._overlap
        return False
