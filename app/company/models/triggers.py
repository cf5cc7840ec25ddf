"""Triggers that make a change of rights count at the next click, and note it in the audit trail.

Roles are held in link tables without versions, so the usual triggers say nothing about them: these
write `audit_entry` rows of the role or membership concerned, and raise the company's
`perm_version`, by which every process keys the rights it remembers.
"""

from app.kit.database.functions import SqlFunction, register

_HEAD = """create or replace function {name}() returns trigger language plpgsql
security definer set search_path = pg_catalog, public as $$
{body} $$;
{triggers}"""

_BUMP = """insert into perm_version as v (company_id, version)
  select distinct {company}, 1 from {rows} where {company} is not null
  on conflict (company_id) do update set version = v.version + 1;"""

_NOTE = """insert into audit_entry
    (company_id, user_id, request_id, table_name, row_id, action, before, after)"""
_WHO = """nullif(current_setting('app.user_id', true), '')::bigint,
    coalesce(current_setting('app.request_id', true), '')"""


def _statement_triggers(name: str, table: str) -> str:
    return "\n".join(
        f"drop trigger if exists {name}_{event} on {table};"
        f" create trigger {name}_{event} after {event} on {table}"
        f" referencing {which} table as changed for each statement execute function {name}();"
        for event, which in (("insert", "new"), ("delete", "old"))
    )


def _register(name: str, body: str, triggers: str) -> SqlFunction:
    return register(
        SqlFunction(
            f"{name}()",
            _HEAD.format(name=name, body=body.strip(), triggers=triggers),
            callers=(),
            definer=True,
        )
    )


ROLE_RIGHTS = _register(
    "crm_role_rights",
    f"""
begin
  {_BUMP.format(company="r.company_id", rows="changed c join ab_role r on r.id = c.role_id")}
  {_NOTE}
  select r.company_id, {_WHO}, 'ab_role', r.id, 'update',
    case when tg_op = 'DELETE' then x.rights end, case when tg_op = 'INSERT' then x.rights end
  from ab_role r join lateral (
    select jsonb_build_object(
      'rights', jsonb_agg(p.name || ' ' || w.name order by w.name, p.name)) rights
      from changed c join ab_permission_view pv on pv.id = c.permission_view_id
      join ab_permission p on p.id = pv.permission_id join ab_view_menu w on w.id = pv.view_menu_id
     where c.role_id = r.id) x on true
  where r.id in (select role_id from changed) and r.company_id = crm_company();
  return null;
end""",
    _statement_triggers("crm_role_rights", "ab_permission_view_role"),
)

MEMBERSHIP_ROLES = _register(
    "crm_membership_roles",
    f"""
begin
  {_BUMP.format(company="c.company_id", rows="changed c")}
  {_NOTE}
  select c.company_id, {_WHO}, 'membership', c.membership_id, 'update',
    case when tg_op = 'DELETE' then jsonb_build_object('roles', jsonb_agg(r.name)) end,
    case when tg_op = 'INSERT' then jsonb_build_object('roles', jsonb_agg(r.name)) end
  from changed c join ab_role r on r.id = c.role_id
  group by c.company_id, c.membership_id;
  return null;
end""",
    _statement_triggers("crm_membership_roles", "membership_role"),
)

MEMBERSHIP_STORES = _register(
    "crm_membership_stores",
    f"""
begin
  {_BUMP.format(company="c.company_id", rows="changed c")}
  {_NOTE}
  select c.company_id, {_WHO}, 'membership', c.membership_id, 'update',
    case when tg_op = 'DELETE' then jsonb_build_object('stores', jsonb_agg(s.name)) end,
    case when tg_op = 'INSERT' then jsonb_build_object('stores', jsonb_agg(s.name)) end
  from changed c join store s on s.id = c.store_id
  group by c.company_id, c.membership_id;
  return null;
end""",
    _statement_triggers("crm_membership_stores", "membership_store"),
)

ENDED = _register(
    "crm_membership_ended",
    f"""
begin
  {_BUMP.format(company="c.company_id", rows="changed c")}
  -- Whatever deactivates a membership, its sessions and keys stop with it.
  update user_session s set ended_at = now() from changed c
   where s.membership_id = c.id and s.ended_at is null
     and (not c.active or c.archived_at is not null);
  return null;
end""",
    "drop trigger if exists crm_membership_ended on membership; create trigger crm_membership_ended"
    " after update on membership referencing new table as changed"
    " for each statement execute function crm_membership_ended();",
)
