"""Items nobody will try again until a person, or the next run's rule, says so (CLS-4)."""

from enum import StrEnum


class LetterState(StrEnum):
    """What became of a dead letter."""

    OPEN = "open"
    REPLAYED = "replayed"
    DISCARDED = "discarded"
    CLOSED = "closed"
