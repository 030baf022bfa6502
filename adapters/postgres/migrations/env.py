"""Alembic's entry: runs on the connection `upgrade` hands over."""

from alembic import context

from adapters.postgres.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    compare_server_default=True,
)
with context.begin_transaction():
    context.run_migrations()
