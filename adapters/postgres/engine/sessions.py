"""Who has the database open."""

from sqlalchemy import Connection

from adapters.postgres.statement import Statement

_OTHERS = Statement[str]("""
select distinct application_name from pg_stat_activity
 where datname = current_database() and usename = current_user and pid <> pg_backend_pid()
   and backend_type = 'client backend' and application_name like 'renkei%'
   and application_name <> current_setting('application_name')
 order by 1
""")


def others(connection: Connection) -> list[str]:
    """Return the names of our other processes that are connected to this database."""
    return _OTHERS.all(connection)
