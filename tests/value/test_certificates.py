import re
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from app.kit.errors import Conflict, Invalid
from app.value import operations
from app.value.choices import CertificateStatus
from app.value.models import Certificate, ValueEntry
from app.value.queries import entries_off_their_lot
from tests import factories
from tests.factories import NOON, make_certificate, make_store

TODAY = date(2026, 11, 2)
ORDER = ("order", 7)


def spend(session, certificate, amount, ref=ORDER):
    return operations.redeem(
        session, certificate, Decimal(amount), ref=ref, store_id=None, day=TODAY, by=None, at=NOON
    )


def give_back(session, certificate, amount, ref=ORDER):
    return operations.give_back(
        session, certificate, Decimal(amount), ref=ref, store_id=None, by=None, at=NOON
    )


def left(session, certificate):
    return factories.balance_of(session, certificate)


def test_a_code_cannot_be_guessed_and_can_be_read_out():
    codes = {operations.new_code() for _ in range(500)}
    assert len(codes) == 500
    assert all(re.fullmatch(r"([A-HJKMNP-Z2-9]{4}-){3}[A-HJKMNP-Z2-9]{4}", code) for code in codes)


def test_a_certificate_holds_nothing_until_it_is_activated(session):
    certificate = make_certificate(session, active=False)
    assert left(session, certificate) == 0
    operations.activate_certificate(session, certificate, by=None, at=NOON)
    assert left(session, certificate) == 50


def test_it_is_spent_in_parts_and_never_beyond_its_balance(session):
    certificate = make_certificate(session)
    spend(session, certificate, "30.50")
    assert left(session, certificate) == Decimal("19.50")
    with pytest.raises(Conflict, match=r"Only €19\.50 is left"):
        spend(session, certificate, 20)
    assert left(session, certificate) == Decimal("19.50")


@pytest.mark.parametrize(
    "values", [{"valid_from": date(2026, 12, 1)}, {"valid_until": date(2026, 11, 1)}]
)
def test_outside_its_days_it_is_refused(session, values):
    values = {"valid_from": date(2026, 1, 1), **values}
    with pytest.raises(Conflict):
        spend(session, make_certificate(session, **values), 1)


def test_a_blocked_one_is_refused_and_keeps_its_balance(session):
    certificate = make_certificate(session)
    operations.block_certificate(session, certificate, by=None, at=NOON)
    with pytest.raises(Conflict):
        spend(session, certificate, 1)
    operations.unblock_certificate(session, certificate, by=None, at=NOON)
    assert certificate.status is CertificateStatus.ACTIVE
    assert left(session, certificate) == 50


def test_what_an_order_spent_comes_back_to_the_same_lot_and_not_more(session):
    certificate = make_certificate(session)
    [spent] = spend(session, certificate, 30)
    spend(session, certificate, 10, ref=("order", 8))
    back = {"ref": ORDER, "store_id": None, "by": None, "at": NOON}
    [entry] = operations.give_back(session, certificate, Decimal(20), **back)
    assert (entry.lot_id, entry.reverses_id) == (spent.lot_id, spent.id)
    with pytest.raises(Conflict):
        operations.give_back(session, certificate, Decimal(11), **back)
    operations.give_back(session, certificate, Decimal(10), **back)
    assert left(session, certificate) == 40


def test_the_balance_is_the_sum_of_the_entries(session):
    certificate = make_certificate(session)
    spend(session, certificate, 12)
    entries = select(func.sum(ValueEntry.amount)).where(ValueEntry.certificate_id == certificate.id)
    assert session.scalar(entries) == left(session, certificate) == 38


@pytest.mark.parametrize("table", ["certificate_balance", "lot_balance", "value_entry", "lot"])
def test_no_balance_and_no_entry_can_be_edited(session, table):
    make_certificate(session)
    with pytest.raises(DBAPIError, match="permission denied"):
        session.execute(text(f"update {table} set company_id = company_id"))


def test_the_database_refuses_to_go_below_zero_without_any_check_of_ours(session):
    certificate = make_certificate(session)
    [entry] = spend(session, certificate, 1)
    with pytest.raises(DBAPIError, match="ck_lot_balance_remaining"):
        session.execute(
            text(
                "insert into value_entry (lot_id, certificate_id, reason, amount)"
                " values (:lot, :certificate, 'spent', -600000)"
            ),
            {"lot": entry.lot_id, "certificate": certificate.id},
        )


def test_it_is_valid_from_the_day_of_the_store_that_sells_it(session):
    # 23:30 in UTC is the next day in Berlin and the same in São Paulo.
    late = datetime(2026, 11, 2, 23, 30, tzinfo=UTC)
    for zone, day in (("America/Sao_Paulo", 2), ("Europe/Berlin", 3)):
        store = make_store(session, time_zone=zone)
        sold = Certificate(amount=Decimal(5), currency="EUR", store_id=store.id)
        operations.issue_certificate(session, sold, by=None, at=late)
        assert sold.valid_from == date(2026, 11, day)
    loose = Certificate(amount=Decimal(5), currency="EUR")
    operations.issue_certificate(session, loose, by=None, at=late)
    assert loose.valid_from == date(2026, 11, 3)


def test_an_entry_on_another_certificate_than_its_lot_is_found(session):
    right, wrong = make_certificate(session), make_certificate(session)
    [entry] = spend(session, right, 1)
    assert session.execute(entries_off_their_lot()).all() == []
    session.add(
        ValueEntry(lot_id=entry.lot_id, certificate_id=wrong.id, reason="spent", amount=Decimal(-1))
    )
    session.flush()
    assert len(session.execute(entries_off_their_lot()).all()) == 1


def test_a_draft_and_a_closed_one_are_not_unblocked(session):
    for status in (CertificateStatus.DRAFT, CertificateStatus.CLOSED, CertificateStatus.ACTIVE):
        certificate = make_certificate(session, active=status is CertificateStatus.ACTIVE)
        certificate.status = status
        session.flush()
        with pytest.raises(Conflict):
            operations.unblock_certificate(session, certificate, by=None, at=NOON)
        assert certificate.status is status


@pytest.mark.parametrize("amount", [0, "-0.01"])
def test_nothing_less_than_a_cent_is_spent_or_comes_back(session, amount):
    certificate = make_certificate(session)
    spend(session, certificate, "0.01")
    with pytest.raises(Invalid, match="more than zero") as refused:
        spend(session, certificate, amount)
    assert refused.value.field == "amount"
    with pytest.raises(Invalid, match="more than zero") as refused:
        give_back(session, certificate, amount)
    assert refused.value.field == "amount"
    give_back(session, certificate, "0.01")
    assert left(session, certificate) == 50
