"""Signing in, in the schema `auth`: how often one may try, how long it lasts, who is there.

Guesses are counted before the password is looked at, so that a hundred at once are a hundred. By
whom they are counted decides whom they shut out:

- an account from one network: few tries, then that network waits, and nobody else;
- a network over all accounts, and an account over all networks, for those who guess from many
  places. The latter is wide, and what a network was refused doesn't count there;
- a device that somebody has signed in from before (a signed cookie says so) is counted by itself
  alone: nobody else can shut it out.
"""

# ruff: noqa: S608 -- the only thing put into the texts is our own constants

from app.company.models.functions import PAUSE, auth_function

# How often within the pause; each pause runs from the last try that was still allowed.
DEVICE_TRIES, PAIR_TRIES, NETWORK_TRIES, ACCOUNT_TRIES = 5, 5, 60, 50

READER = auth_function(
    "reader(p_token text, p_session bigint, p_membership bigint, p_idle interval[],"
    " p_oldest interval[], p_at timestamptz)",
    """table (session_id bigint, user_id int, first_name text, last_name text, email text,
locale text, time_zone text, superuser boolean, membership_id bigint, company_id bigint,
company_name text, currency text, employee_id bigint, all_stores boolean, store_ids bigint[],
role_names text[], perm_version bigint, own_store_clients boolean)""",
    """
declare s user_session; idle interval; oldest interval;
begin
  if p_membership is null then
    select * into s from user_session u
     where case when p_token is not null then u.token_hash = p_token else u.id = p_session end;
    -- Each of a browser that forgets, and of one that stays.
    idle := p_idle[case when s.stays then 2 else 1 end];
    oldest := p_oldest[case when s.stays then 2 else 1 end];
    -- Asked anew with every request: a shorter life counts for those who are in already.
    if s.id is null or s.ended_at is not null or s.expires_at <= p_at
      or s.last_seen_at + idle <= p_at or s.created_at + oldest <= p_at then return; end if;
    -- At most every five minutes: a read that writes each time would be a write.
    if s.last_seen_at < p_at - interval '5 minutes' then
      update user_session set last_seen_at = p_at,
        expires_at = least(created_at + oldest, p_at + idle)
       where id = s.id and last_seen_at = s.last_seen_at;
    end if;
  else
    s.membership_id := p_membership;
    select m.user_id into s.user_id from membership m where m.id = p_membership;
  end if;
  return query
  select s.id, u.id, u.first_name::text, u.last_name::text, u.email::text,
    coalesce(u.locale, c.locale, 'en'), coalesce(u.time_zone, c.time_zone, 'UTC'),
    m.id is null and exists (
      select 1 from ab_user_role ur join ab_role r on r.id = ur.role_id
       where ur.user_id = u.id and r.company_id is null and r.template = 'superuser'),
    m.id, c.id, c.name, c.currency, m.employee_id, m.all_stores,
    case when m.all_stores then null else array(
      select ms.store_id from membership_store ms
       where ms.company_id = m.company_id and ms.membership_id = m.id order by 1) end,
    array(select r.name::text from membership_role mr join ab_role r on r.id = mr.role_id
      where mr.company_id = m.company_id and mr.membership_id = m.id order by 1),
    coalesce(v.version, 0), coalesce(c.clients_seen = 'own', false)
  from ab_user u
  left join membership m
    on m.id = s.membership_id and m.user_id = u.id and m.active and m.archived_at is null
  left join company c on c.id = m.company_id
  left join perm_version v on v.company_id = c.id
  where u.id = s.user_id and u.active and (s.membership_id is null or m.id is not null);
end""",
    # The second for its columns, which a function of the same name cannot change.
    gone="reader(text, bigint, bigint, timestamptz), auth.reader(text, bigint, bigint, interval[],"
    " interval[], timestamptz)",
)

STORES = auth_function(
    "stores(p_membership bigint)",
    "bigint[]",
    """
begin
  return array(select s.id from membership m join store s on s.company_id = m.company_id
    where m.id = p_membership order by 1);
end""",
)

TRY_SIGN_IN = auth_function(
    "try_sign_in(p_login text, p_network text, p_device text, p_at timestamptz)",
    "table (user_id int, password text, active boolean, email text, locale text, tries_left int)",
    f"""
declare k text; n int; most int; tries int := 1000; keys text[];
begin
  delete from sign_in_throttle where since < p_at - {PAUSE};
  keys := case when p_device <> '' then array['device:' || lower(p_login) || ' ' || p_device]
    else array['pair:' || lower(p_login) || ' ' || p_network, 'network:' || p_network,
      'account:' || lower(p_login)] end;
  foreach k in array keys loop
    most := case split_part(k, ':', 1) when 'device' then {DEVICE_TRIES}
      when 'pair' then {PAIR_TRIES} when 'network' then {NETWORK_TRIES} else {ACCOUNT_TRIES} end;
    insert into sign_in_throttle as t (key, failures, since) values (k, 1, p_at)
    on conflict (key) do update set failures = t.failures + 1,
      since = case when t.failures >= most then t.since else excluded.since end
    returning failures into n;
    tries := least(tries, most - n);
    -- What is refused goes no further: one network alone never uses up the account's tries.
    exit when tries < 0;
  end loop;
  if tries < 0 then
    return query select null::int, null::text, false, null::text, null::text, tries;
    return;
  end if;
  return query
  select u.id, u.password::text, coalesce(u.active, false), u.email::text, u.locale, tries
    from (select 1) one left join ab_user u
      on lower(u.email) = lower(p_login) or lower(u.username) = lower(p_login);
end""",
    gone="try_sign_in(text, text, timestamptz)",
)

FORGIVE = auth_function(
    "forgive(p_login text, p_network text, p_device text)",
    "void",
    """
begin
  if p_device <> '' then
    delete from sign_in_throttle where key = 'device:' || lower(p_login) || ' ' || p_device;
    return;
  end if;
  delete from sign_in_throttle where key = 'pair:' || lower(p_login) || ' ' || p_network;
  update sign_in_throttle set failures = failures - 1 where key = 'network:' || p_network;
  -- Not those of others: whoever guesses from many places is not forgiven by the owner's success.
  update sign_in_throttle set failures = failures - 1 where key = 'account:' || lower(p_login);
end""",
)

PLACES = auth_function(
    "places(p_user int)",
    "table (membership_id bigint, slug text, company_name text)",
    """
begin
  return query
  select m.id, c.slug, c.name from membership m join company c on c.id = m.company_id
   where m.user_id = p_user and m.active and m.archived_at is null order by 3, 1;
end""",
)

OPEN_SESSION = auth_function(
    "open_session(p_user int, p_membership bigint, p_token text, p_kind text, p_stays boolean,"
    " p_network text, p_agent text, p_idle interval[], p_oldest interval[], p_at timestamptz)",
    "table (session_id bigint, membership_id bigint, memberships int)",
    """
declare places bigint[]; place bigint; made bigint; life int := case when p_stays then 2 else 1 end;
begin
  select array_agg(m.id order by m.id) into places from membership m
   where m.user_id = p_user and m.active and m.archived_at is null;
  -- Whoever works for one company only is there at once; the others go where they were last.
  select s.membership_id into place from user_session s
   where s.user_id = p_user and s.membership_id = any (places) order by s.id desc limit 1;
  if array_length(places, 1) = 1 then place := places[1]; end if;
  if p_membership = any (places) then place := p_membership; end if;
  insert into user_session
    (token_hash, user_id, membership_id, kind, stays, created_at, last_seen_at, expires_at, ip,
     user_agent)
  select p_token, u.id, place, p_kind, p_stays, p_at, p_at,
    p_at + least(p_idle[life], p_oldest[life]), p_network, left(p_agent, 300)
    from ab_user u where u.id = p_user and u.active
  returning id into made;
  if made is null then return; end if;
  return query select made, place, coalesce(array_length(places, 1), 0);
end""",
    gone="open_session(int, text, text, text, boolean, text, text, timestamptz)",
)

# What work that a key has started asks before it goes on: the key as long as it opens anything.
LIVE_KEY = auth_function(
    "live_key(p_key bigint, p_idle interval, p_at timestamptz)",
    "table (api_key_id bigint, membership_id bigint, scopes text[])",
    """
begin
  return query select a.id, a.membership_id, a.scopes
    from api_key a left join api_key_use u on u.company_id = a.company_id and u.api_key_id = a.id
   where a.id = p_key and a.revoked_at is null and a.archived_at is null
     and (a.expires_at is null or a.expires_at > p_at)
     and (p_idle is null or coalesce(u.last_used_at, a.created_at) + p_idle > p_at);
end""",
)

KEY = auth_function(
    "api_key(p_hash text, p_idle interval, p_at timestamptz)",
    "table (api_key_id bigint, membership_id bigint, scopes text[])",
    """
declare k record;
begin
  select l.*, a.company_id into k
    from api_key a, auth.live_key(a.id, p_idle, p_at) l where a.key_hash = p_hash;
  if k.api_key_id is null then return; end if;
  insert into api_key_use as u (company_id, api_key_id, last_used_at)
  values (k.company_id, k.api_key_id, p_at)
  on conflict (company_id, api_key_id) do update set last_used_at = excluded.last_used_at
   where u.last_used_at < excluded.last_used_at - interval '5 minutes';
  return query select k.api_key_id, k.membership_id, k.scopes;
end""",
    gone="api_key(text, timestamptz)",
)
