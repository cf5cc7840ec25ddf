"""The SQL of the dispatcher. Changes to a batch ask for its epoch: who lost it changes nothing."""

from sqlalchemy import text

# Of this transaction only, so that PgBouncer may share the connection.
IDLE = text("select set_config('idle_in_transaction_session_timeout', :most, true)")

# As crm_system. A scheduled sending is claimed when its time has come; an expired lease whatever
# the status is, so that nothing stays half known after a pause or cancel.
CLAIM = text("""
with next as materialized (
  select b.company_id, b.dispatch_id, b.no from dispatch_batch b
    join dispatch d on d.company_id = b.company_id and d.id = b.dispatch_id
   where b.state in ('ready', 'leased') and b.not_before <= now() and d.channel = any (:channels)
     and (cast(:only as bigint) is null or d.id = :only)
     and b.no <> all (cast(:held as int[]))
     and (b.state = 'ready'
            and (d.status = 'running' or d.status = 'scheduled' and d.send_at <= now())
          or b.state = 'leased' and b.lease_until < clock_timestamp())
   order by d.priority, b.not_before, b.dispatch_id, b.no
   limit 1 for update of b skip locked)
update dispatch_batch b
   set state = 'leased', epoch = epoch + 1, worker = :worker,
       lease_until = clock_timestamp() + :lease
  from next
 where b.company_id = next.company_id and b.dispatch_id = next.dispatch_id and b.no = next.no
returning b.company_id, b.dispatch_id, b.no, b.lo, b.hi, b.cursor, b.epoch, b.journal_host,
  b.accepted, b.failed, b.skipped, b.uncertain""")

DUE = text("""
select distinct d.channel from dispatch_batch b
  join dispatch d on d.company_id = b.company_id and d.id = b.dispatch_id
 where b.state in ('ready', 'leased') and b.not_before <= now()
   and (b.state = 'ready'
          and (d.status = 'running' or d.status = 'scheduled' and d.send_at <= now())
        or b.state = 'leased' and b.lease_until < clock_timestamp())""")

# From here on as the company.
BEGIN = text("""
update dispatch set
  status = case when send_at < now() - cast(:grace as interval) then 'paused' else 'running' end,
  status_reason = case when send_at < now() - cast(:grace as interval) then 'late' end,
  started_at = coalesce(started_at, now()), version = version + 1, changed_at = now()
 where id = :dispatch and status = 'scheduled' returning status""")

# What dead owners had begun. The rows are asked for as pending: a report may have come meanwhile.
RESOLVE = text("""
update dispatch_recipient r
   set state = u.state, code = coalesce(u.code, r.code), done_at = now(), next_at = null,
       attempt = r.attempt + 1
  from unnest(cast(:ords as int[]), cast(:states as text[]), cast(:codes as int[]))
    as u (ord, state, code)
 where r.dispatch_id = :dispatch and r.ord = u.ord and r.ord between :lo and :hi
   and r.state in ('pending', 'deferred')
returning u.state""")

UNKNOWN = text("""
update dispatch_recipient set state = 'uncertain', done_at = now(), next_at = null
 where dispatch_id = :dispatch and ord between :lo and :cursor and state in ('pending', 'deferred')
returning ord""")

TAKE = text("""
update dispatch_batch set cursor = :cursor, journal_host = :host, accepted = :accepted,
  failed = :failed, skipped = :skipped, uncertain = :uncertain
 where dispatch_id = :dispatch and no = :no and epoch = :epoch and worker = :worker
   and state = 'leased'
returning (select status from dispatch where id = :dispatch)""")

# A report may have been faster than our own record: then the state is the report's, and what only
# the answer told is added. `attempt` is a whole number, so that writing twice counts once.
_OUTCOME = """
update dispatch_recipient r
   set state = case when r.state in ('pending', 'deferred') then u.state else r.state end,
       code = case when r.state in ('pending', 'deferred') then u.code else r.code end,
       provider_id = coalesce(u.provider_id, r.provider_id), attempt = u.attempt,
       segments = u.segments, skip_reason = u.reason, rank = greatest(r.rank, u.rank),
       done_at = now(),
       next_at = case when u.wait is not null then now() + u.wait * interval '1 second' end
  from {source}
 where r.dispatch_id = %s and r.ord between %s and %s and {which}
   and (r.state in ('pending', 'deferred')
        or r.provider_id = u.provider_id and r.attempt < u.attempt)"""
OUTCOMES = _OUTCOME.format(
    source="""unnest(%s::int[], %s::text[], %s::int[], %s::text[], %s::int[], %s::int[],
              %s::text[], %s::int[], %s::float8[])
    as u (ord, state, code, provider_id, attempt, segments, reason, rank, wait)""",
    which="r.ord = u.ord",
)
# The same for many, as relays answer: nine arrays cost more than all the rest of a record.
SAME_OUTCOME = _OUTCOME.format(
    source="""(values (%s::text, %s::int, %s::text, %s::int, %s::int, %s::text, %s::int,
                    %s::float8))
    as u (state, code, provider_id, attempt, segments, reason, rank, wait)""",
    which="r.ord = any (%s::int[])",
)

ATTEMPTS = """
insert into send_attempt (dispatch_id, ord, outcome, stage, code, text, worker)
select %s, u.*, %s from unnest(%s::int[], %s::text[], %s::text[], %s::int[], %s::text[]) u"""

OUTBOX = """
insert into outbox_message (dispatch_id, channel, ord, client_id, address, subject, body, html)
select %s, %s, u.* from unnest(
  %s::int[], %s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[]) u"""

BATCH = """
update dispatch_batch
   set cursor = case when %(ending)s = 'ready' then lo - 1 else greatest(cursor, %(cursor)s) end,
       state = coalesce(%(ending)s, 'leased'), accepted = %(accepted)s, failed = %(failed)s,
       deferred = %(deferred)s, skipped = %(skipped)s, uncertain = %(uncertain)s,
       lease_until = case when %(ending)s is null then clock_timestamp() + %(lease)s end,
       not_before = case when %(ending)s = 'ready' then now() + %(wait)s else not_before end
 where dispatch_id = %(dispatch)s and no = %(no)s and epoch = %(epoch)s and worker = %(worker)s
   and state = 'leased'
returning (select status from dispatch where id = %(dispatch)s)"""

# The cursor stays: what earlier owners had begun is settled by whoever opens it.
GIVE_BACK = text("""
update dispatch_batch set state = 'ready', lease_until = null
 where dispatch_id = :dispatch and no = :no and epoch = :epoch and worker = :worker
   and state = 'leased'""")

# As crm_system, like the claim.
URGENT = text("""
select exists (
  select 1 from dispatch_batch b
    join dispatch d on d.company_id = b.company_id and d.id = b.dispatch_id
   where b.state = 'ready' and b.not_before <= now() and d.status = 'running'
     and d.channel = any (:channels) and d.priority < :priority)""")

WORKERS = text("""
select count(distinct worker) from dispatch_batch
 where dispatch_id = :dispatch and state = 'leased' and lease_until > clock_timestamp()""")

CANCEL_REST = text("""
update dispatch_recipient set state = 'cancelled', next_at = null, done_at = now()
 where dispatch_id = :dispatch and ord between :lo and :hi and state in ('pending', 'deferred')""")

LOCK = text("select status from dispatch where id = :dispatch for no key update")

# Paused is over too when nobody waits any more: nothing would ever come to complete it.
COMPLETE = text("""
update dispatch d set status = 'completed', status_reason = null, status_text = '',
  finished_at = now(), version = version + 1, changed_at = now()
 where d.id = :dispatch and d.status in ('running', 'paused') and d.kind <> 'transactional'
   and not exists (
   select 1 from dispatch_batch b where b.dispatch_id = d.id and b.state in ('ready', 'leased'))
returning d.owner_kind, d.owner_id, d.audience""")

PAUSE = text("""
update dispatch set status = 'paused', status_reason = :reason, status_text = :words,
  version = version + 1, changed_at = now()
 where id = :dispatch and status = 'running' returning owner_kind, owner_id""")

DEAD_ADDRESSES = text("""
insert into suppression (channel, address_hash, reason, source)
select :channel, address_hash, :reason, 'provider' from dispatch_recipient
 where dispatch_id = :dispatch and ord = any (:ords) and address_hash is not null
on conflict do nothing""")

CLIENTS = text("""
select ord, client_id from dispatch_recipient
 where dispatch_id = :dispatch and ord = any (:ords)""")
