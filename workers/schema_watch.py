"""Whether the database still is of this version, for processes that run for weeks (PLC-4).

A worker that meets another schema says so and begins nothing; what is under way ends. It goes on by
itself when the schema fits again, and otherwise ends when the new version's worker takes its place.
"""

import logging
import time
from collections.abc import Callable

from sqlalchemy import Connection, Engine

from adapters.postgres.database import DatabaseUnavailable, autocommit
from adapters.postgres.revision import REVISION, misfit, require_fit, revision_of

LOOK_EVERY_S = 5.0
SAY_EVERY_S = 60.0

_log = logging.getLogger(__name__)


class SchemaWatch:
    """Looks at the database's revision now and then; for one process.

    Attributes: is_newer: a newer version of renkei has migrated it, as far as looked.
    """

    def __init__(
        self,
        engine: Engine,
        clock: Callable[[], float] = time.monotonic,
        *,
        look_every_s: float = LOOK_EVERY_S,
    ) -> None:
        """Args: clock: seconds."""
        self.is_newer = False
        self._look_every_s = look_every_s
        self._engine = engine
        self._clock = clock
        self._wrong: str | None = None
        self._look_at = self._say_at = float("-inf")

    def fits(self) -> bool:
        """Tell whether new work may begin; looks every few seconds. Raises DatabaseUnavailable."""
        if self._clock() >= self._look_at:
            with autocommit(self._engine).connect() as connection:
                return self.look(connection)
        return self._wrong is None

    def look(self, connection: Connection) -> bool:
        """Look now, and say what is wrong at most once a minute."""
        now = self._clock()
        revision = revision_of(connection)
        before, self._wrong = self._wrong, misfit(revision)
        self.is_newer = revision is not None and revision > REVISION
        self._look_at = now + self._look_every_s
        if self._wrong is not None and now >= self._say_at:
            _log.error("%s; nothing new is begun on it", self._wrong)
            self._say_at = now + SAY_EVERY_S
        if before is not None and self._wrong is None:
            _log.info("the database is of this version again: work goes on")
            self._say_at = float("-inf")
        return self._wrong is None


def refuse_misfit(engine: Engine) -> None:
    """Keep a process from starting on a schema it does not fit. Raises WrongSchema.

    One whose database does not answer yet may start: it looks again before it begins anything.
    """
    try:
        with autocommit(engine).connect() as connection:
            require_fit(connection)
    except DatabaseUnavailable as error:
        _log.warning("the schema is looked at later: %s", error)
