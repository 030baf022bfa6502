"""Who may call the JSON API, and what was answered to requests that may come twice."""

from sqlalchemy import Column, SmallInteger, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY

from adapters.postgres.schema.base import index, moment, reference, thing

api_clients = thing(
    "api_clients",
    reference("merchant_id", "merchants.id"),
    Column("name", Text, nullable=False),
    # SHA-256 of the token, hexadecimal; the token itself is shown once and kept nowhere.
    Column("token_hash", Text, nullable=False, unique=True),
    Column("scopes", ARRAY(Text), nullable=False),
    moment("created_at", default_now=True),
    moment("last_used_at"),
    moment("revoked_at"),
    index(
        "uq_api_clients_live_name", "merchant_id", "name", unique=True, where="revoked_at is null"
    ),
)

idempotency_keys = thing(
    "idempotency_keys",
    reference("client_id", "api_clients.id"),
    Column("key", Text, nullable=False),
    # SHA-256 of method, path, query and body, hexadecimal.
    Column("request_hash", Text, nullable=False),
    Column("status", SmallInteger, nullable=False),
    Column("response", Text, nullable=False),
    moment("created_at", default_now=True),
    moment("expires_at", nullable=False),
    UniqueConstraint("client_id", "key"),
    index("ix_idempotency_keys_expires_at", "expires_at"),
)
