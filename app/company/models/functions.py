"""The schema `auth`: what must be asked before it is known who somebody is, one row at a time.

Run as `crm_auth`, which owns and reads no table. Each function has one narrow contract, checks what
it is given, and answers nothing else. `app/kit/security/auth_functions.py` calls them; nobody else
does.
"""

# ruff: noqa: S608 -- the only thing put into the texts is our own constants

from app.kit.database.sql_functions import SqlFunction, register
from app.kit.database.stamp import Role

_HEAD = """create or replace function auth.{signature} returns {returns} language plpgsql volatile
security definer set search_path = pg_catalog, public as $$
#variable_conflict use_column
{body} $$"""

PAUSE = "interval '15 minutes'"
# Reset links within the pause: to one address for one network, for one network in all, and to one
# address for all networks together. The last is wide, and what a network was refused doesn't count
# there: others who wish for somebody's link do not keep them from their own.
LINKS, NETWORK_LINKS, ADDRESS_LINKS = 3, 20, 30


def auth_function(signature: str, returns: str, body: str, *, gone: str = "") -> SqlFunction:
    """Register a function of the schema; `gone` is one that it takes the place of."""
    head, _, arguments = signature.partition("(")
    types = ", ".join(part.split()[1] for part in arguments.rstrip(")").split(",") if part.strip())
    return register(
        SqlFunction(
            f"{head}({types})",
            (f"drop function if exists auth.{gone};\n" if gone else "")
            + _HEAD.format(signature=signature, returns=returns, body=body.strip()),
            schema="auth",
            callers=(Role.AUTH,),
            definer=True,
        )
    )


RIGHTS = auth_function(
    "rights(p_user int, p_membership bigint)",
    "table (permission text, view text)",
    """
begin
  return query
  select p.name::text, v.name::text
  from ab_permission_view pv
  join ab_permission p on p.id = pv.permission_id
  join ab_view_menu v on v.id = pv.view_menu_id
  where pv.id in (
    select pr.permission_view_id from ab_permission_view_role pr
     where pr.role_id in (
       select mr.role_id from membership_role mr
        where mr.membership_id = p_membership
       union all
       select ur.role_id from ab_user_role ur join ab_role r on r.id = ur.role_id
        where p_membership is null and ur.user_id = p_user and r.company_id is null));
end""",
)

MEMBERSHIPS = auth_function(
    "memberships(p_session bigint)",
    "table (membership_id bigint, company_name text, current boolean)",
    """
begin
  return query
  select m.id, c.name, m.id is not distinct from s.membership_id
    from user_session s join membership m on m.user_id = s.user_id
    join company c on c.id = m.company_id
   where s.id = p_session and s.ended_at is null and m.active and m.archived_at is null
  union all
  -- No membership means: as the installation's administrator.
  select null::bigint, '', s.membership_id is null from user_session s
   where s.id = p_session and s.ended_at is null and exists (
     select 1 from ab_user_role ur join ab_role r on r.id = ur.role_id
      where ur.user_id = s.user_id and r.company_id is null and r.template = 'superuser')
  order by 2, 1;
end""",
)

CHOOSE = auth_function(
    "choose(p_session bigint, p_membership bigint)",
    "boolean",
    """
begin
  update user_session s set membership_id = p_membership
   where s.id = p_session and s.ended_at is null and (
     exists (select 1 from membership m where m.id = p_membership and m.user_id = s.user_id
       and m.active and m.archived_at is null)
     or p_membership is null and exists (
       select 1 from ab_user_role ur join ab_role r on r.id = ur.role_id
        where ur.user_id = s.user_id and r.company_id is null and r.template = 'superuser'));
  return found;
end""",
)

END_SESSION = auth_function(
    "end_session(p_session bigint, p_at timestamptz)",
    "void",
    "begin update user_session set ended_at = p_at where id = p_session and ended_at is null; end",
)

OWN_SESSIONS = auth_function(
    "own_sessions(p_session bigint, p_at timestamptz)",
    """table (id bigint, kind text, created_at timestamptz, last_seen_at timestamptz, ip text,
user_agent text, company_name text)""",
    """
begin
  return query
  select o.id, o.kind, o.created_at, o.last_seen_at, o.ip, o.user_agent, c.name
    from user_session s join user_session o on o.user_id = s.user_id
    left join membership m on m.id = o.membership_id left join company c on c.id = m.company_id
   where s.id = p_session and s.ended_at is null and o.ended_at is null and o.expires_at > p_at
   order by o.last_seen_at desc, o.id desc;
end""",
)

END_OWN = auth_function(
    "end_own(p_session bigint, p_other bigint, p_at timestamptz)",
    "boolean",
    """
begin
  update user_session o set ended_at = p_at from user_session s
   where s.id = p_session and s.ended_at is null and o.id = p_other and o.user_id = s.user_id
     and o.ended_at is null;
  return found;
end""",
)

ASK_RESET = auth_function(
    "ask_reset(p_email text, p_network text, p_at timestamptz)",
    "boolean",
    f"""
declare n int; k text;
begin
  delete from sign_in_throttle where since < p_at - {PAUSE};
  foreach k in array array['forgot-pair:' || lower(p_email) || ' ' || p_network,
      'forgot-network:' || p_network, 'forgot:' || lower(p_email)] loop
    insert into sign_in_throttle as t (key, failures, since) values (k, 1, p_at)
    on conflict (key) do update set failures = t.failures + 1 returning failures into n;
    if n > (case split_part(k, ':', 1) when 'forgot-pair' then {LINKS}
        when 'forgot-network' then {NETWORK_LINKS} else {ADDRESS_LINKS} end) then
      return false;
    end if;
  end loop;
  return true;
end""",
    gone="forgot(text, text, text, timestamptz, timestamptz)",
)

BEGIN_RESET = auth_function(
    "begin_reset(p_email text, p_token text, p_at timestamptz, p_until timestamptz)",
    "table (first_name text, email text, locale text)",
    """
declare known ab_user;
begin
  select * into known from ab_user u where lower(u.email) = lower(p_email) and u.active;
  if known.id is null then return; end if;
  insert into password_reset (user_id, token_hash, created_at, expires_at)
  values (known.id, p_token, p_at, p_until);
  return query select known.first_name::text, known.email::text, known.locale;
end""",
)

RESET_FOR = auth_function(
    "reset_for(p_token text, p_at timestamptz)",
    "table (email text, first_name text, last_name text, companies text[])",
    """
begin
  return query
  select u.email::text, u.first_name::text, u.last_name::text,
    array(select c.name from membership m join company c on c.id = m.company_id
      where m.user_id = u.id)
    from password_reset r join ab_user u on u.id = r.user_id
   where r.token_hash = p_token and r.used_at is null and r.expires_at > p_at and u.active;
end""",
    # It gave the address alone, and what a function returns cannot be replaced.
    gone="reset_for(text, timestamptz)",
)

RESET_PASSWORD = auth_function(
    "reset_password(p_token text, p_password text, p_at timestamptz)",
    "text",
    """
declare who int; address text;
begin
  update password_reset r set used_at = p_at
   where r.token_hash = p_token and r.used_at is null and r.expires_at > p_at
     and exists (select 1 from ab_user u where u.id = r.user_id and u.active)
  returning r.user_id into who;
  if who is null then return null; end if;
  update password_reset set used_at = p_at where user_id = who and used_at is null;
  update user_session set ended_at = p_at where user_id = who and ended_at is null;
  update ab_user set password = p_password, changed_on = p_at where id = who;
  select lower(email) into address from ab_user where id = who;
  -- In the order in which a try takes them.
  delete from sign_in_throttle where starts_with(key, 'pair:' || address || ' ')
    or starts_with(key, 'device:' || address || ' ');
  delete from sign_in_throttle where key = 'account:' || address;
  return address;
end""",
)

CHANGE_PASSWORD = auth_function(
    "change_password(p_session bigint, p_password text, p_at timestamptz)",
    "boolean",
    """
declare who int;
begin
  select s.user_id into who from user_session s where s.id = p_session and s.ended_at is null;
  if who is null then return false; end if;
  update ab_user set password = p_password, changed_on = p_at where id = who;
  update user_session set ended_at = p_at
   where user_id = who and id <> p_session and ended_at is null;
  update password_reset set used_at = p_at where user_id = who and used_at is null;
  return true;
end""",
)

CHANGE_PROFILE = auth_function(
    "change_profile(p_session bigint, p_first text, p_last text, p_locale text, p_zone text)",
    "boolean",
    """
begin
  update ab_user u set first_name = p_first, last_name = p_last, locale = p_locale,
    time_zone = p_zone
    from user_session s where s.id = p_session and s.ended_at is null and u.id = s.user_id;
  return found;
end""",
)

INVITED = auth_function(
    "invited(p_token text, p_at timestamptz)",
    "table (email text, company_name text, known boolean, locale text)",
    """
begin
  return query
  select i.email, c.name,
    exists (select 1 from ab_user u where lower(u.email) = i.email and u.password is not null),
    c.locale
    from invitation i join company c on c.id = i.company_id
   where i.token_hash = p_token and i.accepted_at is null and i.revoked_at is null
     and i.expires_at > p_at;
end""",
)

ACCEPT = auth_function(
    "accept_invitation(p_token text, p_session bigint, p_first text, p_last text,"
    " p_password text, p_locale text, p_at timestamptz)",
    "table (user_id int, membership_id bigint)",
    """
declare i invitation; who ab_user; place bigint;
begin
  update invitation n set accepted_at = p_at, version = n.version + 1
   where n.token_hash = p_token and n.accepted_at is null and n.revoked_at is null
     and n.expires_at > p_at
  returning * into i;
  if i.id is null then return; end if;
  select * into who from ab_user u where lower(u.email) = i.email;
  if who.id is null then
    if p_password is null then raise exception 'a new person needs a password'; end if;
    insert into ab_user
      (first_name, last_name, username, email, password, active, locale, created_on)
    values (p_first, p_last, i.email, i.email, p_password, true, p_locale, p_at)
    returning * into who;
  elsif who.password is null then
    update ab_user set password = p_password, first_name = p_first, last_name = p_last
     where id = who.id;
  elsif not exists (select 1 from user_session s
      where s.id = p_session and s.user_id = who.id and s.ended_at is null) then
    -- The mail alone must not open somebody's account: they sign in first.
    raise exception 'sign in first';
  end if;
  -- Locked against whoever is linking the employee just now: who came first keeps them, and the
  -- other one comes in without.
  perform 1 from employee e
    where e.company_id = i.company_id and e.id = i.employee_id for update;
  if exists (select 1 from membership m where m.company_id = i.company_id
      and m.employee_id = i.employee_id and m.archived_at is null) then
    i.employee_id := null;
  end if;
  insert into membership as m (company_id, user_id, employee_id, all_stores, created_by)
  values (i.company_id, who.id, i.employee_id, i.all_stores, i.created_by)
  on conflict (company_id, user_id) do update set active = true, archived_at = null,
    all_stores = excluded.all_stores, version = m.version + 1, changed_at = p_at,
    employee_id = case when m.archived_at is null then m.employee_id else excluded.employee_id end
   where not m.active or m.archived_at is not null
  returning m.id into place;
  if place is not null then
    delete from membership_role where company_id = i.company_id and membership_id = place;
    delete from membership_store where company_id = i.company_id and membership_id = place;
    insert into membership_role (company_id, membership_id, role_id)
    select i.company_id, place, r.id from ab_role r
     where r.company_id = i.company_id and r.id = any (i.role_ids);
    insert into membership_store (company_id, membership_id, store_id)
    select i.company_id, place, s.id from store s
     where s.company_id = i.company_id and s.id = any (i.store_ids);
  else
    -- They came in by another way meanwhile. What they have stays: an old offer must not take the
    -- last administrator's roles away.
    select m.id into place from membership m
     where m.company_id = i.company_id and m.user_id = who.id;
  end if;
  update user_session set membership_id = place where id = p_session;
  return query select who.id, place;
end""",
)

CREATE_USER = auth_function(
    "create_user(p_email text, p_first text, p_last text, p_password text, p_locale text)",
    "int",
    """
declare who int;
begin
  insert into ab_user (first_name, last_name, username, email, password, active, locale, created_on)
  values (p_first, p_last, lower(p_email), lower(p_email), p_password, true, p_locale, now())
  returning id into who;
  return who;
end""",
)

CREATE_COMPANY = auth_function(
    "create_company(p_slug text, p_name text, p_currency text, p_country text, p_zone text,"
    " p_locale text)",
    "bigint",
    """
declare made bigint;
begin
  insert into company (slug, name, currency, country, time_zone, locale)
  values (p_slug, p_name, p_currency, p_country, p_zone, p_locale) returning id into made;
  return made;
end""",
)

ADD_MEMBERSHIP = auth_function(
    "add_membership(p_company bigint, p_user int, p_all_stores boolean, p_employee bigint)",
    "bigint",
    """
declare place bigint;
begin
  insert into membership (company_id, user_id, all_stores, employee_id)
  values (p_company, p_user, p_all_stores, p_employee) returning id into place;
  return place;
end""",
)

# What a command did about somebody's way in, which no row of the company's says.
NOTE_ACCESS = auth_function(
    "note_access(p_membership bigint, p_what text)",
    "void",
    """
begin
  insert into audit_entry (company_id, request_id, table_name, row_id, action, after)
  select m.company_id, coalesce(current_setting('app.request_id', true), ''), 'membership', m.id,
    'update', jsonb_build_object('access', p_what)
    from membership m where m.id = p_membership and m.company_id = crm_company();
end""",
)

USER_BY_EMAIL = auth_function(
    "user_by_email(p_email text)",
    "int",
    "begin return (select u.id from ab_user u where lower(u.email) = lower(p_email)); end",
)

APPOINT_SUPERUSER = auth_function(
    "appoint_superuser(p_user int)",
    "boolean",
    """
begin
  insert into ab_user_role (user_id, role_id)
  select p_user, r.id from ab_role r where r.company_id is null and r.template = 'superuser'
  on conflict do nothing;
  return exists (select 1 from ab_user_role ur join ab_role r on r.id = ur.role_id
    where ur.user_id = p_user and r.company_id is null);
end""",
)
