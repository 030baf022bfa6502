"""Flower, a window on the workers: behind a log-in, read-only, ids instead of arguments.

Used by `renkei up` and by compose.yaml: `celery -A workers.app flower --conf=...`.
The user is `operator`; the password is RENKEI_FLOWER_PASSWORD, or the one in RENKEI_HOME.
"""

import re

import tornado.web
from flower.views.monitor import Metrics

from workers import tasks
from workers.settings import Settings, private_secret

_settings = Settings.from_environ()
_password = _settings.flower_password or private_secret(_settings.home, "flower.password")

# What a task may show of its arguments: an id or the name of an action.
_HARMLESS = re.compile(r"\((?:(?:item|run)=\d+|'[a-z_]+',)?\)")


def format_task(task):  # noqa: ANN001, ANN201 -- Flower's own type, and untyped
    """Leave ids only, and say what the task does."""
    arguments = task.args if _HARMLESS.fullmatch(task.args or "") else ""
    known = tasks.app.tasks.get(task.name)
    does = (known.__doc__ or "").strip().splitlines()[0] if known is not None else ""
    task.args = " ".join(filter(None, (arguments, does)))
    task.kwargs = ""
    task.result = None
    return task


# Flower leaves its measurements open; here they are behind the same log-in.
Metrics.get = tornado.web.authenticated(Metrics.get)

basic_auth = [f"operator:{_password}"]
read_only = True
persistent = False
max_tasks = 10_000
# Seconds: workers that were replaced leave the list and the measurements.
purge_offline_workers = 300
tasks_columns = "name,args,state,received,started,runtime,worker,exception"
