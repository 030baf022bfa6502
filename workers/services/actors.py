"""Who asks for a change, and the trace it leaves (監査)."""

from dataclasses import dataclass

from sqlalchemy import Connection

from adapters.postgres.access.audit import Entry, record


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks for changes in one merchant's data.

    Attributes:
        name: the person at a command line, or `api:` and the client's name.
        reason: why; kept with who and when.
    """

    merchant_id: int
    name: str
    reason: str = ""

    def did(self, connection: Connection, what: str, subject: str, /, **detail: object) -> None:
        """Record a change in its own transaction.

        Args:
            what: verb and object, e.g. `shop.park`.
            detail: the new values; never credentials or personal data.
        """
        record(connection, self.entry(what, subject, **detail))

    def entry(self, what: str, subject: str, /, **detail: object) -> Entry:
        """Return the entry `did` records, for changes that are recorded together."""
        return Entry(self.merchant_id, self.name, what, subject, self.reason, detail)
