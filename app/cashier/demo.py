"""Expenses of the demo company.

Rent, wages, marketing and purchases, month by month and store by store.
"""

from collections.abc import Iterator

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.catalogue.demo import pick

MONTHS = {"small": 6, "large": 36}
CATEGORIES = {
    "Rent": ("rent", 2400),
    "Wages": ("wages", 8600),
    "Purchases": ("purchases", 5200),
    "Advertising": ("marketing", 700),
    "Taxes": ("taxes", 1500),
    "Software": ("development", 240),
}

_CATEGORIES = text("""
insert into expense_category (name, kind)
select * from unnest(cast(:names as text[]), cast(:kinds as text[]))
on conflict (company_id, name) do nothing""")

_EXPENSES = text(f"""
insert into expense (number, category_id, store_id, description, status, amount, tax, currency,
  incurred_on, due_on, document)
select 'DE-' || to_char(day, 'YYYYMM') || '-' || lpad((row_number() over (
         partition by day order by s.number, c.name))::text, 3, '0'),
       c.id, s.id, c.name || ' ' || to_char(day, 'YYYY-MM'),
       case when day > current_date - 20 then 'draft' else 'approved' end,
       x.amount, case when c.kind in ('wages', 'taxes') then 0 else x.amount / 600 * 100 end,
       s.currency, day, day + 14, 'RE ' || to_char(day, 'YYMM')
  from (select (date_trunc('month', current_date) - make_interval(months => m))::date as day
          from generate_series(0, cast(:months as int) - 1) m) d,
       store s, expense_category c
  join unnest(cast(:names as text[]), cast(:sums as int[])) k(name, base) on k.name = c.name
 cross join lateral (select (
   (k.base * 10 + {pick("c.id * 1000 + k.base", 111, 900)}) * 1000)::bigint
   as amount) x
 where s.kind in ('shop', 'salon') order by day, s.number, c.name""")

_PAID = text("""
insert into expense_payment (expense_id, store_id, method, amount, at)
select e.id, e.store_id, 'transfer', e.amount, e.due_on
  from expense e
 where e.number like 'DE-%' and e.status = 'approved' and e.due_on < current_date""")


def load_expenses(session: Session, size: str) -> Iterator[None]:
    """Make expense categories, expenses of every store, and what was paid of them."""
    if session.scalar(text("select 1 from expense where number like 'DE-%' limit 1")):
        return
    names = list(CATEGORIES)
    kinds = [kind for kind, _ in CATEGORIES.values()]
    session.execute(_CATEGORIES, {"names": names, "kinds": kinds})
    sums = [amount for _, amount in CATEGORIES.values()]
    session.execute(_EXPENSES, {"months": MONTHS[size], "names": names, "sums": sums})
    session.execute(_PAID)
    yield
