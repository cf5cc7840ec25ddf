"""Triggers that keep what came and went for an order by each way, and refuse what cannot be.

Nobody else may write `paid_by_way` and `given_for_return`, so no form, API, import or statement by
hand lets more money out than came in by that way, or than the return it names is worth. Only what
is settled counts, and a settled payment stands (`fixed` and `kept` of its table).

Money in is an upsert, whose proposed row never breaks a check; money out changes rows that are
there, locked in the order of their keys.
"""

from app.kit.database.sql_functions import SqlFunction, register

_NEW = "(select * from new_rows where status = 'settled')"
_CHANGED = """(select n.* from new_rows n join old_rows o using (company_id, id)
    where n.status = 'settled' and o.status <> 'settled')"""

_WAY = "company_id, order_id, method, certificate_id, provider"


def _by_way(settled: str, direction: str) -> str:
    """Add one direction up by way: a payment counts for its way, and for its provider's."""
    return f"""
  select s.company_id, s.order_id, o.store_id, s.method, s.certificate_id, w.provider,
         sum(s.amount) as amount
    from {settled} s
    join orders o on o.company_id = s.company_id and o.id = s.order_id
    cross join lateral (select null::text union select s.provider) w(provider)
   where s.direction = '{direction}'
   group by s.company_id, s.order_id, o.store_id, s.method, s.certificate_id, w.provider"""


def _refused(constraint: str, table: str, message: str) -> str:
    return f"""raise exception using errcode = 'check_violation', table = '{table}',
      column = 'amount', constraint = '{constraint}', message = '{message}';"""


def _money_in(settled: str) -> str:
    return f"""
  insert into paid_by_way as b ({_WAY}, store_id, received)
  select {_WAY}, store_id, amount from ({_by_way(settled, "received")}) n
   order by {_WAY}
  on conflict ({_WAY}) do update set received = b.received + excluded.received;"""


def _money_out(settled: str) -> str:
    same = """b.company_id = n.company_id and b.order_id = n.order_id and b.method = n.method
     and b.certificate_id is not distinct from n.certificate_id
     and b.provider is not distinct from n.provider"""
    back = f"({_by_way(settled, 'returned')}) n"
    return f"""
  if goes then
    perform 1 from paid_by_way b join {back} on {same} order by b.order_id, b.id for update of b;
    update paid_by_way b set returned = b.returned + n.amount from {back} where {same};
    get diagnostics met = row_count;
    if met < (select count(*) from {back}) then
      {_refused("ck_paid_by_way_returned", "paid_by_way", "nothing came in by this way")}
    end if;
  end if;"""


def _for_returns(settled: str) -> str:
    return f"""
  if for_returns then
    if exists (select from {settled} s
      join goods_return r on r.company_id = s.company_id and r.id = s.goods_return_id
      where r.status <> 'received' or r.order_id is distinct from s.order_id) then
      {_refused("ck_payment_return", "payment", "the return is not received, or of another order")}
    end if;
    insert into given_for_return (company_id, goods_return_id, store_id, total, given)
    select distinct r.company_id, r.id, r.store_id, r.total, 0 from {settled} s
      join goods_return r on r.company_id = s.company_id and r.id = s.goods_return_id
     order by r.company_id, r.id
    on conflict (company_id, goods_return_id) do nothing;
    perform 1 from given_for_return b
      join (select distinct company_id, goods_return_id from {settled} s) n
        using (company_id, goods_return_id)
     order by b.goods_return_id for update of b;
    update given_for_return b set given = b.given + n.amount
      from (select company_id, goods_return_id,
                   sum(case direction when 'returned' then amount else -amount end) as amount
              from {settled} s where goods_return_id is not null
             group by company_id, goods_return_id) n
     where b.company_id = n.company_id and b.goods_return_id = n.goods_return_id;{_loose(settled)}
  end if;"""


def _loose(settled: str) -> str:
    """For a return without an order no more goes out than its pieces were paid for.

    What comes in again comes by the way it went out: no certificate then becomes cash.
    """
    loose = f"""{settled} s
      join goods_return r on r.company_id = s.company_id and r.id = s.goods_return_id
       and r.order_id is null"""
    out, back = (f"{loose} and s.direction = '{one}'" for one in ("returned", "received"))
    return f"""
    if exists (select from {out}) then
      perform crm_pieces_in_turn(array(select l.variant_id from {out}
        join return_line l on l.company_id = r.company_id and l.goods_return_id = r.id));
      if exists (select from given_for_return g
        where (g.company_id, g.goods_return_id) in (select r.company_id, r.id from {out})
          and g.given > crm_most_for_loose(g.goods_return_id)) then
        {_refused("ck_payment_pieces", "payment", "more than was paid for these pieces")}
      end if;
    end if;
    if exists (select from {back}
      join payment p on p.company_id = r.company_id and p.goods_return_id = r.id
       and p.method = s.method and p.status = 'settled'
      group by s.id
      having sum(case p.direction when 'returned' then p.amount else -p.amount end) < 0) then
      {_refused("ck_payment_as_it_went", "payment", "nothing went out for it by this way")}
    end if;"""


def _by_certificate(settled: str) -> str:
    return f"""
  if by_certificate then
    perform 1 from orders o
      join (select distinct company_id, order_id from {settled} s where method = 'certificate') n
        on o.company_id = n.company_id and o.id = n.order_id
     order by o.id for no key update of o;
    if exists (
      select from orders o
        join (select distinct company_id, order_id from {settled} s
               where method = 'certificate' and direction = 'received') n
          on o.company_id = n.company_id and o.id = n.order_id
       where case o.status when 'cancelled' then 0
                  else greatest(o.total - o.returned + o.adjusted, 0) end <
             (select sum(b.received - b.returned) from paid_by_way b
               where b.company_id = o.company_id and b.order_id = o.id and b.provider is null)
    ) then
      {_refused("ck_payment_due", "payment", "a certificate takes what is due at most")}
    end if;
  end if;"""


def _books(name: str, event: str, rows: str, settled: str) -> SqlFunction:
    return register(
        SqlFunction(
            f"crm_{name}()",
            f"""create or replace function crm_{name}() returns trigger language plpgsql
security definer set search_path = pg_catalog, public as $$
declare
  goes boolean; for_returns boolean; by_certificate boolean; met bigint;
begin
  select bool_or(direction = 'returned'), bool_or(goods_return_id is not null),
         bool_or(method = 'certificate' and direction = 'received')
    into goes, for_returns, by_certificate from {settled} s;
  if goes is null then
    return null;
  end if;{_money_in(settled)}{_money_out(settled)}{_for_returns(settled)}{_by_certificate(settled)}
  return null;
end $$;
create or replace trigger {name} after {event} on payment
referencing {rows} for each statement execute function crm_{name}()""",
            callers=(),
            definer=True,
        )
    )


_books("payment_booked", "insert", "new table as new_rows", _NEW)
_books("payment_settled", "update", "old table as old_rows new table as new_rows", _CHANGED)
