"""Figures: what we say, what the simulator's own log says, and whether they agree."""

from dataclasses import asdict, dataclass

from console.output import columns


@dataclass(frozen=True, slots=True)
class Figure:
    """One row of the table at the end.

    Attributes:
        figure: such as `orders imported`.
        ours: from PostgreSQL.
        simulator: from the simulator's log, tables and expectations.
        asserted: False for what faults change: calls made and errors met.
    """

    figure: str
    ours: int
    simulator: int
    asserted: bool = True

    @property
    def ok(self) -> bool:
        """Whether the demo may end well with it."""
        return self.ours == self.simulator or not self.asserted

    def document(self) -> dict[str, object]:
        """Return it for --json and for the table."""
        return {**asdict(self), "ok": self.ok}


def _verdict(row: dict[str, object]) -> str:
    if row["ours"] == row["simulator"]:
        return "✓"
    return "✗" if row["asserted"] else "(faults)"


COLUMNS = columns("figure, ours, simulator=simulator's log, ok", ok=_verdict)
