"""What was paid for pieces of variants and what was given for them: sums over the whole company.

Who is bound to stores asks too, and the goods may have been bought in another one. What an order
holds is first for what the client keeps of it, the rest for what came back with it; `paid_by_way`
and `given_for_return` say how much it is.
"""

from app.kit.database.sql_functions import APPLICATION, SqlFunction, register


def _function(signature: str, arguments: str, returns: str, body: str, *, inner: bool) -> None:
    name = signature.split("(", maxsplit=1)[0]
    sql = f"""create or replace function {name}({arguments})
returns {returns}
security definer set search_path = pg_catalog, public as $$
{body}
$$"""
    callers = () if inner else APPLICATION
    register(SqlFunction(signature, sql, definer=True, callers=callers))


# Of each line that was handed over: the pieces the client has, what was paid for them, what is
# still held for those that came back with the order, and whether all that is due is paid.
_function(
    "crm_paid_lines(bigint[], text)",
    "wanted bigint[], money text",
    """table (variant_id bigint, order_id bigint, line_id bigint, at timestamptz, pieces bigint,
  worth numeric, owed numeric, paid boolean) language sql stable""",
    """  with sold as materialized (
    select l.id, l.variant_id, l.order_id, l.quantity, o.placed_at, o.returned,
           l.amount + case when o.prices_include_tax then 0 else l.tax end as gross,
           o.total - o.returned as kept, greatest(o.total - o.returned + o.adjusted, 0) as due
      from order_line l
      join orders o on o.company_id = l.company_id and o.id = l.order_id
     where l.company_id = crm_company() and l.variant_id = any (wanted)
       and o.status in ('shipped', 'completed') and o.currency = coalesce(money, o.currency)),
  back as (
    select b.order_line_id as id, sum(b.quantity) as quantity,
           sum(b.amount + case when r.prices_include_tax then 0 else b.tax end) as gross
      from return_line b
      join goods_return r on r.company_id = b.company_id and r.id = b.goods_return_id
     where b.company_id = crm_company() and b.order_line_id in (select id from sold)
       and r.status = 'received'
     group by b.order_line_id),
  held as (
    select w.order_id, sum(w.received - w.returned) as net
      from paid_by_way w
     where w.company_id = crm_company() and w.order_id in (select order_id from sold)
       and w.provider is null
     group by w.order_id)
  select s.variant_id, s.order_id, s.id, s.placed_at, s.quantity - n.back,
         least(s.gross - n.gross, s.gross * (s.quantity - n.back) / s.quantity)
           * case when n.net >= s.kept then 1 when s.kept > 0 then greatest(n.net, 0) / s.kept
                  else 0 end,
         n.gross * case when n.net - s.kept >= s.returned then 1
                        when s.returned > 0 then greatest(n.net - s.kept, 0) / s.returned
                        else 0 end,
         n.net >= s.due and (n.net > 0 or s.kept <= 0)
    from sold s
    left join back b using (id)
    left join held h using (order_id)
    cross join lateral (select coalesce(b.quantity, 0) as back, coalesce(b.gross, 0) as gross,
                               coalesce(h.net, 0) as net) n""",
    inner=True,
)

# What was given for pieces by each return without an order. Of what was given in part for several
# variants each counts as given: too little is said to be left then, and never too much.
_function(
    "crm_given_loose(bigint[], text)",
    "wanted bigint[], money text",
    """table (variant_id bigint, goods_return_id bigint, pieces bigint, given numeric)
  language sql stable""",
    """  select l.variant_id, g.goods_return_id, sum(l.quantity),
         least(g.given, sum(l.amount + case when r.prices_include_tax then 0 else l.tax end))
    from return_line l
    join goods_return r on r.company_id = l.company_id and r.id = l.goods_return_id
    join given_for_return g on g.company_id = r.company_id and g.goods_return_id = r.id
   where l.company_id = crm_company() and l.variant_id = any (wanted) and r.order_id is null
     and r.currency = money and g.given > 0
   group by l.variant_id, g.goods_return_id, g.given""",
    inner=True,
)

# Whatever is asked about pieces of the same variants comes in turn until each has committed.
_function(
    "crm_pieces_in_turn(bigint[])",
    "wanted bigint[]",
    "void language plpgsql",
    """begin
  perform pg_advisory_xact_lock(hashtextextended('back of ' || v.id, 9))
    from (select distinct id from unnest(wanted) u(id) order by id) v;
end""",
    inner=False,
)

# The most that may be given in all for a return without an order: what as many pieces of each
# variant were paid for at most, counting those of other such returns, less what these were given.
_function(
    "crm_most_for_loose(bigint)",
    "asked bigint",
    "bigint language sql stable",
    """  with mine as (
    select l.variant_id, r.currency, sum(l.quantity) as pieces,
           sum(l.amount + case when r.prices_include_tax then 0 else l.tax end) as gross
      from return_line l
      join goods_return r on r.company_id = l.company_id and r.id = l.goods_return_id
     where r.company_id = crm_company() and r.id = asked and l.variant_id is not null
     group by l.variant_id, r.currency),
  others as (
    select g.variant_id, sum(g.pieces) as pieces, sum(g.given) as given
      from crm_given_loose(array(select variant_id from mine), (select min(currency) from mine)) g
     where g.goods_return_id <> asked
     group by g.variant_id),
  dearest as (
    select p.variant_id, p.pieces, p.worth,
           sum(p.pieces) over (
             partition by p.variant_id order by p.worth / p.pieces desc, p.line_id) - p.pieces
             as before
      from crm_paid_lines(array(select variant_id from mine), (select min(currency) from mine)) p
     where p.pieces > 0)
  select coalesce(sum(floor(greatest(least(m.gross, b.alone, b.together - n.given), 0))), 0)::bigint
    from mine m
    left join others o using (variant_id)
    cross join lateral (
      select coalesce(o.pieces, 0) as pieces, coalesce(o.given, 0) as given) n
    cross join lateral (
      select coalesce(sum(least(greatest(m.pieces - d.before, 0), d.pieces)
               * d.worth / d.pieces), 0) as alone,
             coalesce(sum(least(greatest(n.pieces + m.pieces - d.before, 0), d.pieces)
               * d.worth / d.pieces), 0) as together
        from dearest d where d.variant_id = m.variant_id) b""",
    inner=False,
)

# How much of what an order holds for the pieces that came back with it was given already for
# pieces that came back without it: where less is held for all of them than both say.
_function(
    "crm_given_without(bigint)",
    "asked bigint",
    "bigint language plpgsql",
    """declare
  money text := (select currency from orders where company_id = crm_company() and id = asked);
  wanted bigint[] := array(select distinct variant_id from order_line
    where company_id = crm_company() and order_id = asked and variant_id is not null);
begin
  if not exists (select from crm_given_loose(wanted, money)) then
    return 0;
  end if;
  perform crm_pieces_in_turn(wanted);
  return (
    select coalesce(round(sum(greatest(p.own - greatest(p.held - g.given, 0), 0))), 0)
      from (select variant_id, sum(worth + owed) as held,
                   coalesce(sum(owed) filter (where order_id = asked), 0) as own
              from crm_paid_lines(wanted, money) group by variant_id) p
      join (select variant_id, sum(given) as given
              from crm_given_loose(wanted, money) group by variant_id) g using (variant_id));
end""",
    inner=False,
)

# What was paid for so many pieces, tax included, when a variant was last handed over in a currency.
_function(
    "crm_last_sold_for(bigint[], text)",
    "wanted bigint[], money text",
    "table (variant_id bigint, amount bigint, pieces integer) language sql stable",
    """  select distinct on (p.variant_id) p.variant_id, round(p.worth)::bigint, p.pieces::integer
    from crm_paid_lines(wanted, money) p
   where p.paid and p.pieces > 0
   order by p.variant_id, p.at desc, p.line_id desc""",
    inner=False,
)

# How many pieces of variants were handed over and have not come back.
_function(
    "crm_sold_and_not_back(bigint[])",
    "wanted bigint[]",
    "table (variant_id bigint, pieces bigint) language sql stable",
    """  select v.id, coalesce((
      select sum(l.quantity) from order_line l
        join orders o on o.company_id = l.company_id and o.id = l.order_id
       where l.company_id = crm_company() and l.variant_id = v.id
         and o.status in ('shipped', 'completed')), 0)
    - coalesce((
      select sum(l.quantity) from return_line l
        join goods_return r on r.company_id = l.company_id and r.id = l.goods_return_id
       where l.company_id = crm_company() and l.variant_id = v.id and r.status = 'received'), 0)
    from unnest(wanted) v(id)""",
    inner=False,
)

# The same of those that are paid: what comes back without an order may be one of them only.
_function(
    "crm_paid_and_not_back(bigint[])",
    "wanted bigint[]",
    "table (variant_id bigint, pieces bigint) language sql stable",
    """  select v.id, coalesce(sum(p.pieces) filter (where p.paid), 0)::bigint
    - coalesce((
      select sum(l.quantity) from return_line l
        join goods_return r on r.company_id = l.company_id and r.id = l.goods_return_id
       where l.company_id = crm_company() and l.variant_id = v.id and r.status = 'received'
         and r.order_id is null), 0)
    from unnest(wanted) v(id)
    left join crm_paid_lines(wanted, null) p on p.variant_id = v.id
   group by v.id""",
    inner=False,
)
