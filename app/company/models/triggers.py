"""Triggers that make a change of rights count at the next click, and note it in the audit trail.

Roles are held in link tables without versions, so the usual triggers say nothing about them: these
write `audit_entry` rows of the role or membership concerned, and raise the company's
`perm_version`, by which every process keys the rights it remembers.

That row orders changes of power, too: whoever raises it waits for the one before, and at the end of
the transaction it is seen whether the company is still administered. Two who remove each other at
once leave one.
"""

from app.kit.database.install.immutability import REFUSED_CHANGE
from app.kit.database.sql_functions import SqlFunction, register

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


def _of_membership(what: str, join: str) -> SqlFunction:
    """Note which of `what` a membership got or lost; `join` is where their names come from."""
    name = f"crm_membership_{what}"
    return _register(
        name,
        f"""
begin
  {_BUMP.format(company="c.company_id", rows="changed c")}
  {_NOTE}
  select c.company_id, {_WHO}, 'membership', c.membership_id, 'update',
    case when tg_op = 'DELETE' then jsonb_build_object('{what}', jsonb_agg(x.name)) end,
    case when tg_op = 'INSERT' then jsonb_build_object('{what}', jsonb_agg(x.name)) end
  from changed c join {join}
  group by c.company_id, c.membership_id;
  return null;
end""",
        _statement_triggers(name, f"membership_{what.removesuffix('s')}"),
    )


MEMBERSHIP_ROLES = _of_membership("roles", "ab_role x on x.id = c.role_id")
MEMBERSHIP_STORES = _of_membership(
    "stores", "store x on x.company_id = c.company_id and x.id = c.store_id"
)

# Work that waits was deferred by somebody who saw all clients; from now on it sees fewer. What was
# deferred under the closed setting stays closed: less is never wrong.
CLIENTS_CLOSED = _register(
    "crm_clients_closed",
    """
begin
  update job set role = 'crm_store_clients'
   where company_id = new.id and role = 'crm_store' and state <> 'done';
  return null;
end""",
    "create or replace trigger crm_clients_closed after update of clients_seen on company"
    " for each row when (new.clients_seen = 'own' and old.clients_seen <> 'own')"
    " execute function crm_clients_closed();",
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
  -- For good: a key that somebody kept is worth nothing when its maker is let in again.
  update api_key k set revoked_at = now() from changed c
   where k.company_id = c.company_id and k.membership_id = c.id and k.revoked_at is null
     and (not c.active or c.archived_at is not null);
  return null;
end""",
    "drop trigger if exists crm_membership_ended on membership; create trigger crm_membership_ended"
    " after update on membership referencing new table as changed"
    " for each statement execute function crm_membership_ended();",
)

# Somebody deactivated in the whole installation is nobody who could give rights. And a company's
# people are shown by name and address: whoever reads them by change is told of new ones.
USER_ACTIVE = _register(
    "crm_user_active",
    f"""
begin
  {
        _BUMP.format(
            company="m.company_id",
            rows="changed c join was w on w.id = c.id and w.active is distinct from c.active"
            " join membership m on m.user_id = c.id",
        )
    }
  update membership m set changed_at = clock_timestamp() from changed c join was w on w.id = c.id
   where m.user_id = c.id and (w.email, w.first_name, w.last_name)
     is distinct from (c.email, c.first_name, c.last_name);
  return null;
end""",
    "drop trigger if exists crm_user_active on ab_user; create trigger crm_user_active"
    " after update on ab_user referencing old table as was new table as changed"
    " for each statement execute function crm_user_active();",
)

ADMINISTRATORS = register(
    SqlFunction(
        "crm_administrators(bigint)",
        """create or replace function crm_administrators(p_company bigint) returns setof bigint
language sql stable set search_path = pg_catalog, public as $$
  -- Counted, and not each right looked for anew among all that somebody has.
  select m.id from membership m join ab_user u on u.id = m.user_id and u.active
   where m.company_id = p_company and m.active and m.archived_at is null and m.all_stores
     and exists (select 1 from ab_permission_view where essential)
     and (select count(*) from ab_permission_view where essential) = (
       select count(distinct pv.id) from membership_role mr
         join ab_permission_view_role rr on rr.role_id = mr.role_id
         join ab_permission_view pv on pv.id = rr.permission_view_id and pv.essential
        where mr.company_id = m.company_id and mr.membership_id = m.id)
$$""",
    )
)

STAYS_ADMINISTERED = _register(
    "crm_stays_administered",
    """
begin
  if exists (select 1 from crm_administrators(new.company_id)) then
    update perm_version set administered = true
     where company_id = new.company_id and not administered;
  elsif exists (select 1 from perm_version v join company c on c.id = v.company_id
      where v.company_id = new.company_id and v.administered) then
    raise exception 'nobody would be left who holds every right'
      using errcode = 'check_violation', table = 'membership', constraint = 'last_administrator';
  end if;
  return null;
end""",
    "drop trigger if exists crm_stays_administered on perm_version;"
    " create constraint trigger crm_stays_administered"
    " after insert or update of version on perm_version deferrable initially deferred"
    " for each row execute function crm_stays_administered();",
)

# What has a store and a currency is a document, whichever domain it is of.
HAS_DOCUMENTS = register(
    SqlFunction(
        "crm_has_documents(bigint, bigint)",
        """create or replace function crm_has_documents(p_company bigint, p_store bigint)
returns boolean language plpgsql stable set search_path = pg_catalog, public as $$
declare
  document regclass; found_one boolean;
begin
  for document in
    select c.oid from pg_class c join pg_attribute a on a.attrelid = c.oid
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
       and not c.relispartition and not a.attisdropped
       and a.attname in ('company_id', 'store_id', 'currency')
     group by c.oid having count(*) = 3
  loop
    execute format('select exists (select from %s where company_id = $1'
      ' and ($2 is null or store_id = $2))', document) into found_one using p_company, p_store;
    if found_one then return true; end if;
  end loop;
  return false;
end $$""",
    )
)


def _currency_stays(table: str, store: str, row: str) -> SqlFunction:
    """Refuse another currency under what is written already: its numbers would mean other sums.

    Locked before it is looked: a document on its way holds its store and company by their keys.
    """
    name = f"crm_{table}_currency"
    return _register(
        name,
        f"""
begin
  perform 1 from {table} t where {row} for update;
  if crm_has_documents(old.company_id, {store}) then
    raise exception using errcode = '{REFUSED_CHANGE}', table = '{table}', column = 'currency',
      message = 'the currency of {table} is never changed under its documents';
  end if;
  return new;
end""",
        f"create or replace trigger {name} before update of currency on {table}"
        " for each row when (new.currency is distinct from old.currency)"
        f" execute function {name}();",
    )


COMPANY_CURRENCY = _currency_stays("company", "null", "t.id = old.id")
STORE_CURRENCY = _currency_stays(
    "store", "old.id", "t.company_id = old.company_id and t.id = old.id"
)
