"""How figures are shown: plain tables that can be pasted into docs/benchmarks.md."""

from collections.abc import Sequence
from statistics import median

Row = Sequence[str]


def show(title: str, head: Row, rows: Sequence[Row]) -> None:
    """Print a Markdown table whose columns line up."""
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    print(f"\n{title}\n", flush=True)
    print(_line(head, widths))
    print("|" + "|".join("-" * (width + 2) for width in widths) + "|")
    for row in rows:
        print(_line(row, widths))


def _line(row: Row, widths: Sequence[int]) -> str:
    cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
    return "| " + " | ".join(cells) + " |"


def ratio(a: Sequence[float], b: Sequence[float]) -> str:
    """Return the median of the rounds' ratios and their spread; not the ratio of medians.

    A short round can end within one step of the clock of CPU time: it has no ratio.
    """
    found = [x / y for x, y in zip(a, b, strict=True) if y]
    if not found:
        return "too short to tell"
    return f"{median(found):.2f} ({min(found):.2f} to {max(found):.2f})"
