"""The walk over the database's catalogue: what is open that should be closed, and drift.

`violations` lists in words what would let one company see another, or what was forgotten.
`snapshot` describes a database so that two can be compared (Alembic's own check sees neither CHECK,
EXCLUDE, defaults, policies, triggers nor grants).
"""

from __future__ import annotations

from sqlalchemy import Connection, MetaData, text

from app.kit.database.install import visibility
from app.kit.database.install.rules import store_key
from app.kit.database.sql_functions import FUNCTIONS, SqlFunction

# What they hold is the same for every company, or says nothing about any.
_SHARED = ["ab_permission", "ab_permission_view", "ab_view_menu", "beat", "schedule_run"]
_APPLICATION = (
    "('crm_app', 'crm_store', 'crm_store_clients', 'crm_own_clients', 'crm_system',"
    " 'crm_platform', 'crm_auth', 'crm_search')"
)
_BOUND = "array['crm_store', 'crm_store_clients', 'crm_own_clients', 'public']"
_OF_COMPANY = f"array['crm_app'] || {_BOUND}"

_RULES: dict[str, str] = {
    "table {} has company_id and no row-level security": """
        select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid
         where c.relkind in ('r', 'p') and a.attname = 'company_id'
           and c.relnamespace = 'public'::regnamespace and not c.relrowsecurity""",
    "table {} is readable by an application role and has no policy for it": f"""
        select distinct c.relname || ' for ' || g.grantee
          from information_schema.role_table_grants g
          join pg_class c on c.relname = g.table_name and c.relnamespace = 'public'::regnamespace
         where g.grantee in {_APPLICATION} and c.relrowsecurity and not exists (
           select 1 from pg_policies p
            where p.tablename = c.relname and g.grantee = any (p.roles::text[]))""",
    "table {} has company_id and forces row security on its owner": """
        select relname from pg_class where relforcerowsecurity
           and relnamespace = 'public'::regnamespace""",
    # A policy for nobody in particular is one for everybody.
    "policy {} does not ask for the company": f"""
        select tablename || '.' || policyname from pg_policies p
         where schemaname = 'public' and roles::text[] && ({_OF_COMPANY})
           and exists (select 1 from information_schema.columns k where k.table_name = p.tablename
             and k.column_name = 'company_id')
           and (coalesce(qual, with_check) not like '%app.company_id%'
             or coalesce(with_check, qual) not like '%app.company_id%')""",
    "policy {} of somebody bound does not ask for the store": f"""
        select p.tablename || '.' || p.policyname from pg_policies p
         where p.schemaname = 'public' and p.roles::text[] && {_BOUND}
           and p.tablename = any (:store_bound)
           and (coalesce(qual, with_check, '') not like '%app.store_ids%'
             or coalesce(with_check, qual, '') not like '%app.store_ids%')""",
    "policy {} has an OR": f"""
        select tablename || '.' || policyname from pg_policies
         where schemaname = 'public' and roles::text[] && ({_OF_COMPANY})
           and concat(qual, ' ', with_check) ~* '\\mor\\M'
           and (tablename <> 'timeline_entry' or not roles::text[] && {_BOUND})
           -- read of one client, whom the index gives; what happened in no store is for all""",
    "table {} is open and has no row-level security": f"""
        select distinct c.relname || ' for ' || (a).grantee::regrole
          from (select relname, aclexplode(relacl) a from pg_class
             where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace
               and not relrowsecurity
            union select relname, aclexplode(attacl) from pg_class join pg_attribute
              on attrelid = pg_class.oid where relkind in ('r', 'p')
               and relnamespace = 'public'::regnamespace and not relrowsecurity) c
         where (a).grantee = 0 or (a).grantee::regrole::text in {_APPLICATION}
           and c.relname <> all (:shared)""",
    # `sights` are lines "client crm_store_clients client_store": whose rows not everybody sees, for
    # whom, and the table that says which.
    "policy {} does not ask who sees what the row names": """
        select distinct p.tablename || '.' || p.policyname from pg_policies p
          join pg_constraint c on c.conrelid = p.tablename::regclass and c.contype = 'f'
          join unnest(cast(:sights as text[])) s on c.confrelid = split_part(s, ' ', 1)::regclass
         where p.schemaname = 'public' and c.conparentid = 0
           and p.roles::text[] && array[split_part(s, ' ', 2), 'public']
           and p.tablename <> all (:apart) and p.tablename <> split_part(s, ' ', 3)
           and not (strpos(coalesce(with_check, qual), split_part(s, ' ', 3)) > 0 and (
             strpos(qual, split_part(s, ' ', 3)) > 0 or p.tablename = any (:of_stores)))""",
    "view {} is not security_invoker": """
        select relname from pg_class where relkind = 'v'
           and relnamespace in ('public'::regnamespace, 'bound'::regnamespace)
           and not coalesce('security_invoker=true' = any (reloptions), false)""",
    "materialised view {} is granted to an application role": f"""
        select c.relname from pg_class c, aclexplode(c.relacl) a
         where c.relkind = 'm' and a.grantee::regrole::text in {_APPLICATION}""",
    "unique key {} does not begin with company_id": """
        select i.relname from pg_index x join pg_class i on i.oid = x.indexrelid
          join pg_class t on t.oid = x.indrelid
          join pg_attribute a on a.attrelid = t.oid and a.attname = 'company_id'
         where x.indisunique and not x.indisprimary and not t.relispartition
           and t.relname <> 'company' -- its short name is the one key across companies
           and i.relname <> 'uq_membership_id' -- sessions are of no company before they name one
           and t.relnamespace = 'public'::regnamespace and x.indkey[0] <> a.attnum""",
    "primary key of {} does not begin with company_id": """
        select t.relname from pg_index x join pg_class t on t.oid = x.indrelid
          join pg_attribute a on a.attrelid = t.oid and a.attname = 'company_id'
         where x.indisprimary and x.indkey[0] <> a.attnum and not t.relispartition
           and t.relnamespace = 'public'::regnamespace
           -- Itself; the queue's and the framework's, whose rows may be of no company.
           and t.relname not in ('company', 'job', 'ab_role')""",
    # The key does not refuse an id that another company has: nobody but the sequence gives one.
    "id of {} may be given by whoever writes the row": """
        select t.relname from pg_index x join pg_class t on t.oid = x.indrelid
          join pg_attribute a on a.attrelid = t.oid and a.attname = 'company_id'
          join pg_attribute i on i.attrelid = t.oid and i.attname = 'id'
         where x.indisprimary and a.attnum = any (x.indkey) and i.attnum = any (x.indkey)
           and t.relnamespace = 'public'::regnamespace and i.attidentity <> 'a'""",
    "function {} is SECURITY DEFINER and not registered": """
        select n.nspname || '.' || p.proname from pg_proc p
          join pg_namespace n on n.oid = p.pronamespace
         where p.prosecdef and n.nspname !~ '^(pg_|information_schema)'
           and n.nspname || '.' || p.proname || '(' || oidvectortypes(p.proargtypes) || ')'
             <> all (:definers)""",
    "function {} is SECURITY DEFINER without SET search_path": """
        select p.proname from pg_proc p join pg_namespace n on n.oid = p.pronamespace
         where p.prosecdef and n.nspname !~ '^(pg_|information_schema)'
           and not coalesce(array_to_string(p.proconfig, ',') like '%search_path=%', false)""",
    "function {} may be executed by everybody": """
        select p.proname from pg_proc p join pg_namespace n on n.oid = p.pronamespace
         where p.prosecdef and n.nspname !~ '^(pg_|information_schema)'
           and (p.proacl is null or exists (
             select 1 from aclexplode(p.proacl) a where a.grantee = 0))""",
    "application role owns {}": f"""
        select c.relname from pg_class c join pg_roles r on r.oid = c.relowner
         where r.rolname in {_APPLICATION} and c.relnamespace = 'public'::regnamespace""",
    "{} may log in, inherit or bypass": f"""
        select rolname from pg_roles where rolname in {_APPLICATION}
           and (rolcanlogin or rolsuper or rolbypassrls)""",
    "foreign key {} between company tables does not carry the company": """
        select c.conname from pg_constraint c
          join pg_attribute a on a.attrelid = c.conrelid and a.attname = 'company_id'
          join pg_attribute b on b.attrelid = c.confrelid and b.attname = 'company_id'
         where c.contype = 'f' and c.conparentid = 0 and not a.attnum = any (c.conkey)""",
}

_SNAPSHOT: dict[str, str] = {
    "column": """select table_name || '.' || column_name, data_type || ' ' || is_nullable || ' '
        || coalesce(column_default, '') || ' ' || is_identity || ' '
        || coalesce(generation_expression, '')
        from information_schema.columns where table_schema in ('public', 'search', 'auth')""",
    "constraint": """select conrelid::regclass || '.' || conname, pg_get_constraintdef(oid)
        from pg_constraint where connamespace = 'public'::regnamespace""",
    "index": "select indexname, indexdef from pg_indexes where schemaname = 'public'",
    "policy": """select tablename || '.' || policyname, concat(roles, cmd, qual, with_check)
        from pg_policies""",
    "trigger": """select tgrelid::regclass || '.' || tgname, pg_get_triggerdef(oid)
        from pg_trigger where not tgisinternal""",
    "function": """select p.oid::regprocedure::text, pg_get_functiondef(p.oid) || p.proacl::text
        from pg_proc p join pg_namespace n on n.oid = p.pronamespace
        where n.nspname in ('public', 'search', 'auth') and not exists (
          select 1 from pg_depend d where d.objid = p.oid and d.deptype = 'e')""",
    "view": """select relname, pg_get_viewdef(oid) || reloptions::text || relacl::text
        from pg_class where relkind = 'v' and relnamespace = 'bound'::regnamespace""",
    "grant": """select table_name || ' ' || grantee || ' ' || privilege_type, ''
        from information_schema.role_table_grants where table_schema = 'public'""",
    "row security": """select relname, relrowsecurity || ' ' || relforcerowsecurity
        from pg_class where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace""",
}


def violations(connection: Connection, metadata: MetaData) -> list[str]:
    """Return a sentence for everything in the database of these tables that is open."""
    tables = metadata.tables.values()
    values = {
        "store_bound": [table.name for table in tables if store_key(table)],
        "sights": [
            f"{table.name} {role} {sight.table}"
            for table in tables
            for role, sight in table.info.get("visibility", {}).items()
        ],
        "apart": [table.name for table in tables if table.info.get("apart")],
        "of_stores": [table.name for table in tables if visibility.read_as_the_stores(table)],
        "shared": _SHARED,
        "definers": [_spelled(f) for f in FUNCTIONS if f.definer],
    }
    found: list[str] = []
    for sentence, query in _RULES.items():
        asked = {name: value for name, value in values.items() if f":{name}" in query}
        rows = connection.execute(text(query).bindparams(**asked))
        found += sorted(sentence.format(row[0]) for row in rows)
    return found


_SHORT = {"int": "integer", "timestamptz": "timestamp with time zone"}


def _spelled(function: SqlFunction) -> str:
    """Return name and types as the catalogue writes them: an overload is another function."""
    name, _, types = function.signature.rstrip(")").partition("(")
    long = (_SHORT.get(one.strip(), one.strip()) for one in types.split(","))
    return f"{function.schema}.{name}({', '.join(long)})"


def snapshot(connection: Connection) -> dict[str, str]:
    """Return the database's structure, one entry for each object."""
    return {
        f"{kind} {name}": definition
        for kind, query in _SNAPSHOT.items()
        for name, definition in connection.exec_driver_sql(query.replace("%", "%%"))
        if "alembic_version" not in name
    }


def differences(one: dict[str, str], other: dict[str, str]) -> list[str]:
    """Return what is only in one of two snapshots, or differs between them."""
    return [
        f"{key}: {one.get(key, 'missing')!r} against {other.get(key, 'missing')!r}"
        for key in sorted(one.keys() | other.keys())
        if one.get(key) != other.get(key)
    ]
