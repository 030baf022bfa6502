"""What concerns all phases together: calls made and errors met."""

from adapters.postgres.database import autocommit
from adapters.postgres.views.totals import totals
from console.demo.figures import Figure
from console.demo.stage import Stage

# Signing in is not a call a run makes.
SIGNING_IN = "oauth."
FIRST_ERROR = 400


class WholePhase:
    """Implements Phase."""

    name = "count"

    def run(self, stage: Stage) -> None:
        """See Phase.run: nothing is left to do."""

    def figures(self, stage: Stage) -> list[Figure]:
        """See Phase.figures. What a killed worker called is not in our books."""
        with autocommit(stage.engine).connect() as connection:
            ours = totals(connection)
        rows = [
            row
            for row in stage.simulator.counters()["calls"]
            if not row["endpoint"].startswith(SIGNING_IN)
        ]
        calls = sum(int(row["calls"]) for row in rows)
        errors = sum(int(row["calls"]) for row in rows if _is_error(row["outcome"]))
        exact = not stage.faults
        return [
            Figure("calls made", ours.calls, calls, asserted=exact),
            Figure("errors", ours.failures, errors, asserted=exact),
        ]


def _is_error(outcome: str) -> bool:
    return not outcome.isdigit() or int(outcome) >= FIRST_ERROR
