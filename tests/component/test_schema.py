"""The migrated database is what the tables' description says, to the last default."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Engine, text

from adapters.postgres.schema import metadata
from adapters.postgres.shops import folding

DESCRIBED = "described"
Parts = set[tuple[str, str, str, str]]

# Table, kind, name and definition of everything a table consists of.
_PARTS = """
with tables as (
  select c.oid, c.relname, c.reloptions
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
   where n.nspname = current_schema() and c.relkind in ('r', 'p', 'v', 'm', 'f')
     and c.relname <> 'alembic_version'
)
select t.relname, 'table', coalesce(obj_description(t.oid, 'pg_class'), ''),
       coalesce(array_to_string(t.reloptions, ','), '')
  from tables t
union all
select t.relname, 'column', a.attname,
       concat_ws(' | ', a.attnum, format_type(a.atttypid, a.atttypmod), a.attnotnull,
                 a.attidentity, a.attgenerated, a.attcollation,
                 pg_get_expr(d.adbin, d.adrelid), col_description(t.oid, a.attnum))
  from tables t
  join pg_attribute a on a.attrelid = t.oid and a.attnum > 0
  left join pg_attrdef d on d.adrelid = t.oid and d.adnum = a.attnum
union all
select t.relname, 'constraint', k.conname, pg_get_constraintdef(k.oid)
  from tables t join pg_constraint k on k.conrelid = t.oid
union all
select t.relname, 'index', x.relname, pg_get_indexdef(x.oid)
  from tables t join pg_index i on i.indrelid = t.oid join pg_class x on x.oid = i.indexrelid
union all
select t.relname, 'trigger', g.tgname, pg_get_triggerdef(g.oid)
  from tables t join pg_trigger g on g.tgrelid = t.oid and not g.tgisinternal
"""


def _parts(connection: Connection, schema: str) -> Parts:
    connection.execute(text(f"set local search_path to {schema}"))
    found: Parts = set()
    for table, kind, name, definition in connection.execute(text(_PARTS)):
        found.add((table, kind, name, definition.replace(f"{schema}.", "")))
    return found


def _differences(engine: Engine, change: str | None = None) -> Parts:
    """Return what only the migrated or only the described tables have, after a change of those."""
    with engine.connect() as connection:
        if change:
            connection.exec_driver_sql(change)
        connection.execute(text(f"create schema {DESCRIBED}"))
        connection.execute(text(f"set local search_path to {DESCRIBED}"))
        metadata.create_all(connection, checkfirst=False)
        return _parts(connection, "public") ^ _parts(connection, DESCRIBED)


def test_the_migrated_database_is_the_described_one(engine: Engine) -> None:
    assert _differences(engine) == set()


def test_alembic_finds_nothing_to_migrate(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, metadata) == []


@pytest.mark.parametrize(
    "change",
    [
        "alter table audit add column more text",
        "alter table skus alter column version type integer",
        "alter table skus alter column secured drop default",
        "alter table skus alter column secured drop not null",
        "alter table skus drop constraint skus_code_not_blank_check",
        "alter table rules drop constraint rules_standard_or_own_check",
        "drop index ix_mappings_sku",
        "drop index ix_runs_open; create index ix_runs_open on runs (id) where state <> 'closed'",
        "alter table run_items set (fillfactor = 80)",
        "comment on table skus is 'x'",
        "create table more (id int)",
    ],
)
def test_the_comparison_sees(engine: Engine, change: str) -> None:
    assert _differences(engine, change)


def test_shp_01_a_shop_that_comes_back_leaves_nothing_of_itself_behind() -> None:
    """Every column of a shop, and every table that belongs to one, has its place in the fold."""
    columns = set(metadata.tables["shops"].columns.keys())
    belonging = {
        table.name
        for table in metadata.tables.values()
        for column in table.columns
        if column.name == "shop_id" or "shops" in {k.column.table.name for k in column.foreign_keys}
    }

    assert {*folding.SETTINGS, *folding.GIVEN, *folding.KEPT} == columns
    assert {*folding.MOVED, *folding.JOINED, *folding.NEVER_BEFORE_PROVEN} == belonging
