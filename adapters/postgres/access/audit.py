"""Who changed what, and why (監査)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from sqlalchemy import Connection

from adapters.postgres.statement import Statement

_RECORD = Statement[None]("""
insert into audit (merchant_id, actor, did, subject, reason, detail)
values (:merchant_id, :actor, :did, :subject, :reason, cast(:detail as jsonb))
""")


@dataclass(frozen=True, slots=True)
class Entry:
    """One change a person made.

    Attributes:
        merchant_id: None for what belongs to no merchant, such as a closure.
        did: verb and object, e.g. `shop.park`.
        subject: what it was done to, e.g. a shop key.
        detail: the new values; never credentials or personal data.
    """

    merchant_id: int | None
    actor: str
    did: str
    subject: str
    reason: str = ""
    detail: Mapping[str, object] = field(default_factory=dict)


def record(connection: Connection, *entries: Entry) -> None:
    """Write entries in the transaction of the changes themselves."""
    if entries:
        _RECORD.run_many(connection, [_columns(entry) for entry in entries])


def _columns(entry: Entry) -> dict[str, object]:
    detail = json.dumps(dict(entry.detail), ensure_ascii=False, default=str)
    return {**{field.name: getattr(entry, field.name) for field in fields(entry)}, "detail": detail}
