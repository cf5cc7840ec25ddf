"""SQL functions and triggers of the catalogue.

The check digit of a barcode, the path of a category.
"""

from app.kit.database.sql_functions import SqlFunction, register

# Weights 3, 1, 3, … from the right, the check digit itself weighing 1 (GS1 General Specifications
# 7.9).
GTIN_OK = register(
    SqlFunction(
        "crm_gtin_ok(text)",
        """create or replace function crm_gtin_ok(code text) returns boolean language sql
immutable strict parallel safe
return code ~ '^([0-9]{8}|[0-9]{12}|[0-9]{13}|[0-9]{14})$' and 0 = (
  select sum(substr(padded, n, 1)::int * case when n % 2 = 1 then 3 else 1 end) % 10
    from (select lpad(code, 14, '0') padded) p, generate_series(1, 14) n)""",
        early=True,
    )
)

# One lock for all moves of a company: two moves at once could otherwise hang two branches on each
# other, and what is added while its branch moves would keep the old path.
CATEGORY_PATH = register(
    SqlFunction(
        "crm_category_path()",
        """create or replace function crm_category_path() returns trigger language plpgsql
set search_path = pg_catalog, public as $$
declare
  above record;
  was text := case when tg_op = 'UPDATE' then old.path end;
begin
  if tg_op = 'UPDATE' then
    perform pg_advisory_xact_lock(hashtextextended('category', new.company_id));
  elsif new.parent_id is not null then
    perform pg_advisory_xact_lock_shared(hashtextextended('category', new.company_id));
  end if;
  new.path := '/' || new.id || '/';
  new.depth := 0;
  if new.parent_id is not null then
    select path, depth into above from category
     where company_id = new.company_id and id = new.parent_id;
    if not found then
      raise exception 'category % has no parent %', new.id, new.parent_id
        using errcode = 'foreign_key_violation', constraint = 'fk_category_parent_id';
    end if;
    if above.path like '%/' || new.id || '/%' then
      raise exception 'category % would be below itself', new.id
        using errcode = 'check_violation', constraint = 'ck_category_no_cycle', table = 'category';
    end if;
    new.path := above.path || new.id || '/';
    new.depth := above.depth + 1;
  end if;
  if was is distinct from new.path and was is not null then
    update category set path = new.path || substr(path, length(was) + 1),
                        depth = depth + new.depth - old.depth
     where company_id = new.company_id and path like was || '%' and id <> new.id;
  end if;
  return new;
end $$;
create or replace trigger category_path before insert or update of parent_id, path on category
for each row when (pg_trigger_depth() = 0) execute function crm_category_path()""",
        callers=(),
    )
)
