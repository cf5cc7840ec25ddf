"""(company_id, id) is the only key: whoever looks for a row finds it by that one, or by an index of its own."""

import re

import pytest
from psycopg2.errors import GeneratedAlways
from sqlalchemy import Engine, NullPool, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from app.company.models import Company, Store
from app.kit.database.session import make_engine, work
from app.kit.database.stamp import Role, Stamp, company_stamp

OURS = company_stamp(1)
BOUND = company_stamp(1, store_ids=(1, 2))


def conditions(engine: Engine, stamp: Stamp, statement: str) -> str:
    """What the indexes are asked for; tables are never read whole while there is an index."""
    with work(stamp, on=engine) as session:
        session.execute(text("set local enable_seqscan = off"))
        session.execute(text("set local enable_bitmapscan = off"))
        plan = "\n".join(session.scalars(text(f"explain (costs off) {statement}")))
        session.rollback()
    assert "Disabled: true" not in plan, plan
    return "\n".join(re.findall(r"Index Cond: .*", plan))


@pytest.mark.parametrize("stamp", [OURS, BOUND], ids=["company", "stores"])
@pytest.mark.parametrize("table", ["client", "orders", "order_line", "payment", "variant"])
@pytest.mark.parametrize("ids", ["= 7", "in (7, 8)"])
def test_under_the_policies_a_row_is_found_by_its_company_and_its_id(
    engine: Engine, stamp: Stamp, table: str, ids: str
) -> None:
    asked = conditions(engine, stamp, f"select * from {table} where id {ids}")
    assert "(company_id = " in asked
    assert "(id = " in asked


@pytest.mark.parametrize("stamp", [OURS, BOUND], ids=["company", "stores"])
def test_so_is_a_row_that_is_joined_by_its_id_alone(engine: Engine, stamp: Stamp) -> None:
    asked = conditions(
        engine,
        stamp,
        "select o.number from order_line l join orders o on o.id = l.order_id"
        " where l.variant_id = 7",
    )
    assert "(company_id = (InitPlan" in asked.splitlines()[-1]
    assert "(id = l.order_id)" in asked.splitlines()[-1]


@pytest.mark.parametrize("table", ["membership", "api_key"])
def test_who_signs_in_is_found_before_the_company_is_known(owner_url: str, table: str) -> None:
    engine = make_engine(owner_url, poolclass=NullPool)
    asked = conditions(engine, Stamp(Role.OWNER), f"select * from {table} where id = 7")
    assert asked == "Index Cond: (id = 7)"


def test_an_id_is_given_by_the_sequence_alone_so_that_no_two_companies_have_it(
    session: Session,
) -> None:
    with pytest.raises(ProgrammingError) as refused, session.begin_nested():
        session.execute(text("insert into category (id, name) values (7, 'Forged')"))
    assert isinstance(refused.value.orig, GeneratedAlways)


def test_the_program_goes_on_naming_a_row_by_its_id(session: Session) -> None:
    assert [column.name for column in Store.__mapper__.primary_key] == ["id"]
    assert [column.name for column in Store.__table__.primary_key] == ["company_id", "id"]
    assert [column.name for column in Company.__table__.primary_key] == ["id"]
