"""A provider is written in one way, small and without space around it, and so is its reference.

Where two payments would become one by that they stay apart as they are: which of them happened is for
a person to say. What a provider took and gave of an order is added up under its one name.

Drafted by Alembic from the models and read by a person. Functions, grants, policies and triggers are
no part of it: they are installed after it, the same for every version.

Revision 0014, after 0013, made 2026-11-30 16:59:00.
"""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

PAYMENTS = r"""
with alike as (
  select id, company_id, provider, ref, count(*) over (partition by company_id, provider, ref) as n
  from (
    select id, company_id, nullif(lower(btrim(provider, E' \t\n\r\f\v\u00a0')), '') as provider,
      nullif(btrim(external_ref, E' \t\n\r\f\v\u00a0'), '') as ref
    from payment where num_nonnulls(provider, external_ref) > 0) written
)
update payment p set provider = a.provider, external_ref = a.ref, version = p.version + 1
from alike a
where a.company_id = p.company_id and a.id = p.id
  and (a.ref is null or a.n = 1 and a.provider is not null)
  and row(a.provider, a.ref) is distinct from row(p.provider, p.external_ref)
"""

# Ways with a provider that no payment names like that any more, with all providers of that way.
WAYS = (
    """
create temporary table renamed on commit drop as
select distinct company_id, order_id, method, certificate_id from paid_by_way w
where provider is not null and not exists (
  select from payment p where p.company_id = w.company_id and p.order_id = w.order_id
    and p.method = w.method and p.certificate_id is not distinct from w.certificate_id
    and p.provider = w.provider and p.status = 'settled')
""",
    """
delete from paid_by_way w using renamed r
where w.provider is not null and w.company_id = r.company_id and w.order_id = r.order_id
  and w.method = r.method and w.certificate_id is not distinct from r.certificate_id
""",
    """
insert into paid_by_way (company_id, order_id, store_id, method, certificate_id, provider, received,
  returned, moved)
select company_id, order_id, store_id, method, certificate_id, provider, received, returned,
  greatest(returned - received, 0)
from (
  select p.company_id, p.order_id, min(p.store_id) store_id, p.method, p.certificate_id, p.provider,
    coalesce(sum(p.amount) filter (where p.direction = 'received'), 0) received,
    coalesce(sum(p.amount) filter (where p.direction = 'returned'), 0) returned
  from payment p join renamed r on r.company_id = p.company_id and r.order_id = p.order_id
    and r.method = p.method and r.certificate_id is not distinct from p.certificate_id
  where p.status = 'settled' and p.provider is not null
  group by p.company_id, p.order_id, p.method, p.certificate_id, p.provider) sums
""",
)


def upgrade() -> None:
    op.execute("alter table payment disable trigger user")
    op.execute(PAYMENTS)
    for step in WAYS:
        op.execute(step)
    op.execute("drop table renamed")
    op.execute("alter table payment enable trigger user")


def downgrade() -> None:
    """Nothing to undo: how they were written before is not known any more."""
