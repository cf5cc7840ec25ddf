"""The demo company's catalogue: a fishing-gear shop.

The same rows every time, written by few statements.
"""

from collections.abc import Iterator

from sqlalchemy import text
from sqlalchemy.orm import Session

PRODUCTS = {"small": 80, "large": 25_000}
SUPPLIERS = {"small": 8, "large": 1_000}
PIECE = 5_000

BRANDS = (
    "Nordhaken", "Silberforelle", "Lotse", "Brandungswerk", "Kiel & Kescher", "Dnipro Tackle",
    "Rio Linha", "Harbour Reel", "Windfang", "Stillwasser", "Baltic Bait", "Hechtmeister",
)  # fmt: skip
# Top category with its children.
TREE = {
    "Rods": ("Spinning rods", "Feeder rods", "Fly rods", "Surf rods"),
    "Reels": ("Spinning reels", "Baitcasting reels", "Fly reels"),
    "Lines": ("Braided lines", "Monofilament", "Fluorocarbon"),
    "Lures": ("Soft lures", "Wobblers", "Spoons", "Flies"),
    "Tackle": ("Hooks", "Sinkers", "Swivels", "Floats"),
    "Clothing": ("Jackets", "Waders", "Caps"),
    "Services": (),
}
ADJECTIVES = (
    "Light", "Heavy", "Classic", "Pro", "Junior", "Travel", "River", "Sea", "Night", "Carbon",
    "Silent", "Long cast", "Compact", "Winter", "Vario", "Master",
)  # fmt: skip
NOUNS = (
    "pike rod", "perch rod", "carp reel", "trout reel", "braid 150 m", "leader set", "wobbler",
    "soft shad", "spoon", "fly box", "hook set", "feeder", "landing net", "tackle bag",
    "rain jacket",
    "waders", "cap", "bite alarm", "head lamp", "pliers",
)  # fmt: skip
SERVICES = (
    ("Reel service", 30, 29), ("Rod repair", 60, 45), ("Line spooling", 15, 9),
    ("Fly casting lesson", 90, 79),
)  # fmt: skip

# pick(n, seed, size): a number from 0 to size - 1, the same for the same n and seed.
PICK = "((hashint8extended({n}, {seed}) & 2147483647) % {size})"


def pick(n: str, seed: int, size: int | str) -> str:
    """Return sQL for a choice that depends on `n` and nothing else."""
    return PICK.format(n=f"({n})::bigint", seed=seed, size=size)


_CATEGORIES = text("""
insert into category (parent_id, name)
select t.id, c.child from unnest(cast(:tops as text[]), cast(:children as text[])) c(top, child)
  join category t on t.name = c.top and t.parent_id is null
order by c.top, c.child""")

_PRODUCTS = text(f"""
with k as (select array_agg(c.id order by c.id) ids from category c where c.depth = 1),
     b as (select array_agg(id order by id) ids from brand),
     made as (
  insert into product (name, kind, status, brand_id, category_id, tax_rate, description, created_at)
  select b_name.name || ' ' || (cast(:adjectives as text[]))[1 + {pick("n", 2, 16)}] || ' '
         || (cast(:nouns as text[]))[1 + {pick("n", 3, 20)}] || ' ' || n,
         'goods',
         case {pick("n", 4, 50)} when 0 then 'draft' when 1 then 'discontinued'
              else 'published' end,
         b_name.id, k.ids[1 + {pick("n", 5, "cardinality(k.ids)")}],
         case when {pick("n", 6, 12)} = 0 then 7 else 19 end,
         'Made for long days at the water.',
         now() - make_interval(days => {pick("n", 7, 1000)}::int)
    from k, b, generate_series(cast(:first as bigint), cast(:last as bigint)) n
    join lateral (select id, name from brand
                   where id = (select ids[1 + {pick("n", 1, "cardinality(ids)")}]
                                 from (select array_agg(id order by id) ids from brand) x))
    b_name on true
  returning id, name)
insert into variant (product_id, sku, name, barcode, price, cost, currency, weight, min_stock,
  reorder_quantity)
select p.id, 'D' || lpad(p.n, 6, '0'), p.name,
       code || ((10 - (select sum(substr(code, i, 1)::int * case when i % 2 = 0 then 3 else 1 end)
                         from generate_series(1, 12) i) % 10) % 10),
       round(price * 10000), round(price * 5500), :currency, 50 + {pick("p.n::bigint", 9, 3000)},
       2 + {pick("p.n::bigint", 10, 8)}, 10
  from (select id, name, substring(name from '[0-9]+$') n,
               '2' || lpad(substring(name from '[0-9]+$'), 11, '0') code,
               (2 + {pick("substring(name from '[0-9]+$')::bigint", 8, 240)})::numeric - 0.05 price
          from made) p""")

_SUPPLIERS = text(f"""
insert into supplier (name, contact_name, email, phone, country, currency, lead_days)
select (cast(:brands as text[]))[1 + {pick("n", 21, 12)}] || ' Supply ' || n, 'Sales desk',
       'supplier' || n || '@example.com', '+447700900' || lpad((n % 1000)::text, 3, '0'),
       (array['DE', 'GB', 'PL', 'UA', 'BR', 'NL'])[1 + {pick("n", 22, 6)}], :currency,
       2 + {pick("n", 23, 20)}
  from generate_series(1, cast(:count as bigint)) n""")

_PRICE_LISTS = text(f"""
insert into supplier_product (supplier_id, variant_id, code, name, price, currency, pack_size,
  preferred)
select s.ids[1 + {pick("v.id", 24, "cardinality(s.ids)")}], v.id, 'L' || v.sku, v.name, v.cost,
       v.currency, 1 + {pick("v.id", 25, 3)} * 5, true
  from variant v, (select array_agg(id order by id) ids from supplier) s
 where v.sku > :after and v.sku <= :until and v.sku like 'D%'""")

_SERVICES = text("""
with made as (
  insert into product (name, kind, status, duration, tax_rate, category_id)
  select s.name, 'service', 'published', s.minutes, 19,
         (select id from category where name = 'Services' and parent_id is null)
    from unnest(cast(:names as text[]), cast(:minutes as int[])) s(name, minutes)
  returning id, name)
insert into variant (product_id, sku, name, price, currency, unit)
select m.id, 'SERVICE-' || row_number() over (order by m.id), m.name, p.price * 10000, :currency,
       'piece'
  from made m join unnest(cast(:names as text[]), cast(:prices as int[])) p(name, price)
    on p.name = m.name""")


def load_catalogue(session: Session, size: str) -> Iterator[None]:
    """Make brands, categories, products with variants, services and suppliers with price lists."""
    if session.scalar(text("select 1 from variant where sku = 'D000001'")):
        return
    currency = session.scalar(text("select currency from company where id = crm_company()"))
    _load_tree(session)
    session.execute(
        _SERVICES,
        {
            "names": [name for name, _, _ in SERVICES],
            "minutes": [minutes for _, minutes, _ in SERVICES],
            "prices": [price for _, _, price in SERVICES],
            "currency": currency,
        },
    )
    session.execute(
        _SUPPLIERS, {"brands": list(BRANDS), "count": SUPPLIERS[size], "currency": currency}
    )
    yield
    for first in range(1, PRODUCTS[size] + 1, PIECE):
        last = min(first + PIECE - 1, PRODUCTS[size])
        words = {"adjectives": list(ADJECTIVES), "nouns": list(NOUNS), "currency": currency}
        session.execute(_PRODUCTS, {"first": first, "last": last, **words})
        session.execute(_PRICE_LISTS, {"after": f"D{first - 1:06}", "until": f"D{last:06}"})
        yield


def _load_tree(session: Session) -> None:
    session.execute(
        text("insert into brand (name) select unnest(cast(:names as text[]))"),
        {"names": list(BRANDS)},
    )
    session.execute(
        text("insert into category (name) select unnest(cast(:names as text[]))"),
        {"names": list(TREE)},
    )
    pairs = [(top, child) for top, children in TREE.items() for child in children]
    tops, children = zip(*pairs, strict=True)
    session.execute(_CATEGORIES, {"tops": list(tops), "children": list(children)})
