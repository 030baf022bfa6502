"""What `--faults` does in the middle of a phase: SIGKILL one worker and empty Redis."""

import os
import signal

from adapters.postgres.views.totals import RunCounts
from console.demo.stage import Stage
from console.supervisor.programs import worker_programs
from domain.actions import Action
from workers.app import broker_of
from workers.places import places

# Early enough that plenty is left also where a look comes late.
STRIKE_AT = 0.2


class Faults:
    """Strikes once, when a fifth of a phase is done."""

    def __init__(self, stage: Stage, action: Action) -> None:
        """Args: action: whose phase this is, for the record."""
        self._stage = stage
        self._action = action
        self._done = False

    def look(self, now: RunCounts) -> None:
        """Strike if it is time. A phase that was over before is struck too, and says so."""
        enough = now.items and now.runs_ended + now.items_ended >= now.items * STRIKE_AT
        if self._done or not (enough or now.over):
            return
        self._done = True
        name = worker_programs(self._stage.settings)[0].name
        pid = self._stage.station.state().processes[name].pid
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
        with broker_of(places(self._stage.settings).redis_url) as redis:
            redis.flushall()
        self._stage.struck.append(
            {
                "phase": self._action.value,
                "killed": name,
                "pid": pid,
                "redis": "emptied",
                "items_done": now.items_ended,
                "items": now.items,
            }
        )
