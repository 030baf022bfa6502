"""Items nobody will try again until a person, or the next run's rule, says so (CLS-4)."""

from enum import StrEnum

from domain.errors import BrokenRule


class UnknownDeadLetter(BrokenRule):
    """The merchant has no dead letter of that id."""


class LetterState(StrEnum):
    """What became of a dead letter."""

    OPEN = "open"
    REPLAYED = "replayed"
    DISCARDED = "discarded"
    CLOSED = "closed"


UNDECIDED = frozenset({LetterState.OPEN, LetterState.REPLAYED})
"""A person may still decide: a replay that changed nothing has not settled anything."""
