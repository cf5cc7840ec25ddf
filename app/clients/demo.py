"""Made-up clients of the demo company.

Names in four languages, addresses at example.com, reserved phones.
"""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.catalogue.demo import pick

CLIENTS = {"small": 150, "large": 70_000}
PIECE = 10_000

# country: how many of ten clients, locale, zone, first names, last names, cities
PEOPLE: dict[str, tuple[int, str, str, tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    "DE": (
        5, "de", "Europe/Berlin",
        ("Anna", "Jürgen", "Lena", "Matthias", "Sabine", "Torsten", "Ulrike", "Björn", "Käthe"),
        ("Müller", "Schröder", "Weiß", "Petersen", "Hansen", "Krüger", "Großmann", "Böhm"),
        ("Hamburg", "Kiel", "Bremen", "Lübeck", "Berlin", "Köln"),
    ),
    "GB": (
        2, "en", "Europe/London",
        ("Emma", "Oliver", "Grace", "Harry", "Isla", "George", "Amelia", "Noah"),
        ("Smith", "Taylor", "Walker", "Hughes", "Murphy", "O'Brien", "Wood"),
        ("London", "Leeds", "Bristol", "Cardiff"),
    ),
    "UA": (
        2, "uk", "Europe/Kyiv",
        ("Олена", "Андрій", "Юлія", "Тарас", "Ірина", "Богдан", "Їжак", "Марія"),
        ("Ткаченко", "Шевченко", "Бондаренко", "Кравець", "Коваль", "Мельник"),
        ("Київ", "Львів", "Одеса", "Дніпро"),
    ),
    "BR": (
        1, "pt_BR", "America/Sao_Paulo",
        ("João", "Mariana", "Luís", "Conceição", "Rafael", "Beatriz", "Antônio"),
        ("Silva", "Souza", "Araújo", "Gonçalves", "Lima", "Pereira"),
        ("São Paulo", "Recife", "Curitiba", "Belém"),
    ),
}  # fmt: skip

_CLIENTS = text(f"""
insert into client (number, kind, name, first_name, last_name, country, city, region, locale,
  time_zone, birthday, source, registered_at, preferred_channel, store_id, employee_id, made_up)
select 'K' || lpad(n::text, 6, '0'),
       case when {pick("n", 31, 40)} = 0 then 'legal_entity' else 'person' end,
       case when {pick("n", 31, 40)} = 0 then last || ' & ' || first || ' GmbH'
            else first || ' ' || last end,
       first, last, :country, city, city, :locale, :zone,
       case when {pick("n", 32, 3)} > 0
            then date '1950-01-01' + {pick("n", 33, 20000)}::int end,
       (array['counter', 'shop', 'phone', 'manual', 'booking'])[1 + {pick("n", 34, 5)}],
       now() - make_interval(days => {pick("n", 35, 1100)}::int,
                             mins => {pick("n", 36, 1440)}::int),
       (array['email', 'sms', 'whatsapp', null])[1 + {pick("n", 37, 4)}],
       stores.ids[1 + {pick("n", 38, "cardinality(stores.ids)")}],
       -- Whoever signs in as a master has clients of their own.
       case when {pick("n", 39, 5)} = 0 then (
         select e.id from employee e where e.email = 'master@demo.example'
            and e.store_id = stores.ids[1 + {pick("n", 38, "cardinality(stores.ids)")}]) end,
       true
  from (select n, firsts[1 + {pick("n", 41, "cardinality(firsts)")}] first,
               lasts[1 + {pick("n", 42, "cardinality(lasts)")}] last,
               cities[1 + {pick("n", 43, "cardinality(cities)")}] city
          from (select cast(:firsts as text[]) firsts, cast(:lasts as text[]) lasts,
                       cast(:cities as text[]) cities) words,
               generate_series(cast(:first as bigint), cast(:last as bigint)) n
         where {pick("n", 30, 10)} >= :from_share and {pick("n", 30, 10)} < :to_share) people,
       (select array_agg(id order by number) ids from store where kind in ('shop', 'salon')) stores
 order by n""")

# Both ranges are set aside for films and examples: nobody is ever reached by accident.
_CONTACTS = text(f"""
insert into contact_point (client_id, channel, value, normalised, "primary", verified_at)
select c.id, k.channel, k.value, k.value, true,
       case when {pick("c.n", 51, 3)} > 0 then c.registered_at end
  from (select id, registered_at, substr(number, 2)::bigint n from client
         where made_up and number between :first_number and :last_number) c
 cross join lateral (values
   ('email', 'client' || c.n || '@example.com', {pick("c.n", 52, 20)} > 0),
   ('phone', '+1' || (200 + (c.n / 100) % 800) || '55501' || lpad((c.n % 100)::text, 2, '0'),
    {pick("c.n", 53, 10)} > 0)) k(channel, value, there)
 where k.there""")

_CONSENTS = text(f"""
insert into consent_event (client_id, channel, purpose, action, wording, source, at)
select c.id, k.channel, 'marketing', 'grant', 'Yes, write to me about offers and news.', 'demo',
       c.registered_at
  from (select id, registered_at, substr(number, 2)::bigint n from client
         where made_up and number between :first_number and :last_number) c
 cross join lateral (values
   ('email', {pick("c.n", 54, 10)} < 7), ('sms', {pick("c.n", 55, 10)} < 5),
   ('whatsapp', {pick("c.n", 56, 10)} < 4)) k(channel, given)
 where k.given""")


def load_clients(session: Session, size: str) -> Iterator[None]:
    """Make clients with contact points and consents."""
    if session.scalar(text("select 1 from client where number = 'K000001'")):
        return
    for first in range(1, CLIENTS[size] + 1, PIECE):
        last = min(first + PIECE - 1, CLIENTS[size])
        for values in _countries(first, last):
            session.execute(_CLIENTS, values)
        numbers = {"first_number": f"K{first:06}", "last_number": f"K{last:06}"}
        session.execute(_CONTACTS, numbers)
        session.execute(_CONSENTS, numbers)
        yield


def _countries(first: int, last: int) -> Iterator[dict[str, Any]]:
    share = 0
    for country, (tenths, locale, zone, firsts, lasts, cities) in PEOPLE.items():
        yield {
            "first": first,
            "last": last,
            "country": country,
            "locale": locale,
            "zone": zone,
            "firsts": list(firsts),
            "lasts": list(lasts),
            "cities": list(cities),
            "from_share": share,
            "to_share": share + tenths,
        }
        share += tenths


_MADE_UP_CONTACTS = text("""
insert into contact_point (client_id, channel, value, normalised, "primary")
select c.id, k.channel, k.value, k.value, true
  from (select id from client c
         where archived_at is null and source = 'import' and not made_up
           and not exists (select 1 from contact_point p where p.client_id = c.id)
         order by id limit :piece for update skip locked) c
 cross join lateral (values
   ('email', 'client-' || c.id || '@example.com'),
   ('phone', '+1' || (200 + (c.id / 100) % 800) || '55501' || lpad((c.id % 100)::text, 2, '0')))
   k(channel, value)
returning client_id""")

_MADE_UP = text("""
update client set made_up = true, version = version + 1 where id = any(:ids) and not made_up""")

_MADE_UP_CONSENTS = text("""
insert into consent_event (client_id, channel, purpose, action, wording, source, at)
select id, channel, 'marketing', 'grant', 'Made up for a demo: nobody said so.', 'demo', now()
  from unnest(cast(:ids as bigint[])) id
 cross join unnest(array['email', 'sms', 'whatsapp']) channel""")


def make_up_contacts(session: Session) -> Iterator[int]:
    """Give imported clients without any contact point made-up ones, marked as made up.

    Addresses are of example.com and numbers of the range kept for fiction: nothing reaches anybody.
    """
    while True:
        ids = sorted(set(session.scalars(_MADE_UP_CONTACTS, {"piece": PIECE})))
        if not ids:
            return
        session.execute(_MADE_UP, {"ids": ids})
        session.execute(_MADE_UP_CONSENTS, {"ids": ids})
        yield len(ids)
