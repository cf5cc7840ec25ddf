"""What the planner knows of the tables, and what it is told before it can know.

A table that was never analysed is planned for as if a company had a two-hundredth of its rows: a
join of five such tables looks like one row, and runs as five loops within each other (a page of the
small demo took 42 seconds). So `install` tells the planner the one thing that it cannot guess, and
whatever brings many rows at once ends with `analyse`: demo, import, migration, and the first start
on a database that was restored.
"""

from __future__ import annotations

from sqlalchemy import Connection, NullPool, text

from app.kit.database.prepared import NEVER_ANALYSED
from app.kit.database.session import make_engine, work
from app.kit.database.stamp import Role, Stamp

# pg_restore_attribute_stats came with this version; older servers are analysed only.
_TELLABLE = 180_000

# All rows of a table may belong to one company. ANALYZE replaces this by what is true.
_TELL = text(
    """select pg_restore_attribute_stats(
        'schemaname', n.nspname::text, 'relname', c.relname::text, 'attname', 'company_id',
        'inherited', false, 'null_frac', 0::real, 'avg_width', 8, 'n_distinct', 1::real)
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace and n.nspname = 'public'
    join pg_attribute a on a.attrelid = c.oid and a.attname = 'company_id' and not a.attisdropped
    where c.relkind = 'r' and c.reltuples <= 0 and not exists (
        select from pg_stats s
        where s.schemaname = n.nspname and s.tablename = c.relname and s.attname = 'company_id')"""
)


def tell(connection: Connection) -> None:
    """Tell the planner of tables that were never analysed. The connection acts as their owner."""
    version = connection.exec_driver_sql("show server_version_num").scalar_one()
    if int(version) >= _TELLABLE:
        connection.execute(_TELL)


def analyse(url: str) -> None:
    """Have the database count all its tables; `url` is of a login that may be their owner."""
    engine = make_engine(url, poolclass=NullPool)
    with work(Stamp(Role.OWNER), on=engine) as session:
        session.execute(text("analyze"))
    engine.dispose()


def analyse_new(url: str) -> None:
    """Do so where a table that has rows was never analysed: the database is new, or restored."""
    engine = make_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        missing = connection.exec_driver_sql(f"select {NEVER_ANALYSED}").scalar()
    engine.dispose()
    if missing:
        analyse(url)
