"""Entries of a queue's list that no process of ours would write."""

import base64
import json
from typing import Any

OVER_AN_HOUR = "2099-01-01T00:00:00+00:00"
Told = dict[str, Any]


def note(task: str, *args: object, **headers: object) -> Told:
    """Return a message as Celery writes it, with other headers where they are given."""
    embedded = dict.fromkeys(("callbacks", "errbacks", "chain", "chord"))
    body = json.dumps([args, {}, embedded]).encode()
    told: Told = {"lang": "py", "task": task, "id": "1", "root_id": "1", "parent_id": None}
    told |= {"group": None, "retries": 0, "eta": None, "expires": None, "timelimit": [None, None]}
    return {
        "body": base64.b64encode(body).decode(),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {**told, **headers},
        "properties": {
            "correlation_id": "1",
            "delivery_mode": 2,
            "delivery_info": {"exchange": "", "routing_key": "plan"},
            "priority": 0,
            "body_encoding": "base64",
            "delivery_tag": "1",
        },
    }


def _with(message: Told, **changes: object) -> Told:
    return {**message, **{name.replace("_", "-"): value for name, value in changes.items()}}


def strange(task: str) -> dict[str, bytes]:
    """Return such entries by what is wrong with them, around a task that is known."""
    good = note(task, 1)
    told = {
        "a time to begin": note(task, 1, eta=OVER_AN_HOUR),
        "a time to end": note(task, 1, expires="2001-01-01T00:00:00+00:00"),
        "a time that is none": note(task, 1, eta="soon"),
        "a task of somebody else": note("their.task", 1),
        "a task of Celery's": note("celery.backend_cleanup"),
        "a task that is a list": {**good, "headers": {**good["headers"], "task": [1]}},
        "no argument": note(task),
        "a text for an id": note(task, "1"),
        "a huge number": note(task, 10**30),
        "true for an id": note(task, True),
        "retries": note(task, 1, retries=3),
        "a limit of time": note(task, 1, timelimit=[1, 1]),
        "a pickle": _with(good, content_type="application/x-python-serialize"),
        "an unknown encoding": _with(good, content_encoding="klingon"),
        "a body that is no base64": _with(good, body="?"),
        "a body that is no JSON": _with(good, body=base64.b64encode(b"{").decode()),
        "a body of another shape": _with(good, body=base64.b64encode(b"{}").decode()),
        "a large body": note(task, "x" * 100_000),
        "compressed": {**good, "headers": {**good["headers"], "compression": "zlib"}},
        "no headers": _with(good, headers=None),
        "no properties": _with(good, properties={}),
        "protocol 1": _with(good, headers={}, body=base64.b64encode(b'{"task": "x"}').decode()),
        "a number": 7,
        "null": None,
        "a list": [],
        "an empty object": {},
    }
    raw = {"not JSON": b"not JSON", "not text": b"\xff\xfe\x00", "empty": b""}
    raw |= {"too deep": b"[" * 100_000}
    return {**{name: json.dumps(one).encode() for name, one in told.items()}, **raw}
