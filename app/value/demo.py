"""Certificates of the demo company."""

from collections.abc import Iterator

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.catalogue.demo import pick

CERTIFICATES = {"small": 12, "large": 2_000}

_CERTIFICATES = text(f"""
with made as (
  insert into certificate (code, status, amount, currency, store_id, client_id, valid_from,
    valid_until, note)
  select 'DEMO-' || upper(substr(md5('certificate' || n), 1, 4)) || '-' || lpad(n::text, 5, '0'),
         'active', (array[250000, 500000, 1000000])[1 + {pick("n", 61, 3)}], :currency,
         stores.ids[1 + {pick("n", 62, "cardinality(stores.ids)")}],
         (select id from client where number = 'K' || lpad(n::text, 6, '0')),
         current_date - {pick("n", 63, 300)}::int, current_date + 730, 'Demo data'
    from generate_series(1, cast(:count as bigint)) n,
         (select array_agg(id order by number) ids from store where kind = 'shop') stores
  returning id, store_id, client_id, amount, currency, valid_from, valid_until),
lots as (
  insert into lot (kind, certificate_id, client_id, store_id, amount, currency, valid_from,
    valid_until)
  select 'certificate', id, client_id, store_id, amount, currency, valid_from, valid_until from made
  returning id, certificate_id, store_id, amount, valid_from)
select id, certificate_id, store_id, amount, valid_from from lots""")

_LOADED = text("""
insert into value_entry (lot_id, certificate_id, store_id, reason, amount, at, note)
select l.id, l.certificate_id, l.store_id, 'earned', l.amount, l.valid_from, 'Demo data'
  from lot l join certificate c on c.id = l.certificate_id where c.code like 'DEMO-%'""")


def load_certificates(session: Session, size: str) -> Iterator[None]:
    """Make certificates with their lots and entries."""
    if session.scalar(text("select 1 from certificate where code like 'DEMO-%' limit 1")):
        return
    currency = session.scalar(text("select currency from company where id = crm_company()"))
    session.execute(_CERTIFICATES, {"count": CERTIFICATES[size], "currency": currency})
    session.execute(_LOADED)
    yield
