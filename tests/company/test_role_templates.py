"""What each role must not see or do, as the product says it, over rights of today and of tomorrow."""

import pytest

from app.company.operations.role_templates import (
    SUPERUSER,
    TEMPLATES,
    RoleTemplate,
    template,
)
from app.kit import rights
from app.kit.access import OTHERS_CLIENTS
from app.kit.rights import GUARDS, WORDS, word
from tests.registries import as_before

AREAS = {
    "Dashboard": "overview",
    "Order": "sales",
    "Payment": "sales",
    "Client": "clients",
    "Product": "products",
    "Movement": "warehouse",
    "Campaign": "marketing",
    "Expense": "money",
    "Store": "company",
    "Employee": "company",
    "Membership": "settings",
    "Role": "settings",
    "Tomorrow": "sales",
    "Platform": "platform",
}
ALL = {
    *((p, view) for view in AREAS for p in ("read", "write", "delete", "export")),
    ("refund", "Payment"),
    *(("read", guard) for guard in GUARDS),
}


@pytest.fixture(autouse=True)
def _words():
    with as_before(WORDS, empty=True):
        for permission, view in ALL:
            if view in AREAS:
                word(permission, view, area=AREAS[view], label=f"{permission} {view}")
        yield


def given(key):
    found = template(key)
    assert found
    return found.rights(ALL)


def guards(key):
    return {view for permission, view in given(key) if view in GUARDS}


# Whose clients somebody sees is no field: tests/company/test_sight.py.
FIELDS = set(GUARDS) - {OTHERS_CLIENTS[1]}


@pytest.mark.parametrize(
    ("key", "sees"),
    [
        ("owner", FIELDS),
        ("administrator", FIELDS),
        ("store_manager", {"costs", "prices", "money", "contacts"}),
        ("order_manager", {"prices", "money", "contacts"}),
        ("warehouse", set()),
        ("cashier", {"prices", "money", "contacts"}),
        ("reception", {"prices", "money", "contacts"}),
        ("master", {"prices"}),
        ("content_manager", {"prices"}),
        ("campaign_manager", {"prices", "money", "contacts"}),
        ("accountant", FIELDS),
        ("franchise_owner", {"prices", "money"}),
    ],
)
def test_each_role_sees_only_its_fields(key, sees):
    assert guards(key) & FIELDS == sees


def test_no_role_of_a_company_has_a_right_of_the_installation():
    assert [one.key for one in TEMPLATES if ("read", "Platform") in one.rights(ALL)] == []


def test_the_superuser_has_the_installations_rights_only():
    assert {view for _permission, view in SUPERUSER.rights(ALL)} == {"Platform"}


def test_the_franchise_owner_changes_nothing():
    assert {permission for permission, _view in given("franchise_owner")} == {"read"}


def test_the_accountant_has_nothing_of_campaigns():
    assert "Campaign" not in {view for _permission, view in given("accountant")}


@pytest.mark.parametrize(
    "key", ["store_manager", "order_manager", "warehouse", "cashier", "master"]
)
def test_only_administrators_and_owners_give_rights(key):
    assert given(key) & {("write", "Membership"), ("write", "Role")} == set()


def test_a_screen_of_tomorrow_reaches_those_of_its_area():
    having = {one.key for one in TEMPLATES if ("write", "Tomorrow") in one.rights(ALL)}
    assert having == {"owner", "administrator", "store_manager", "order_manager"}


def test_rights_are_worded_and_not_named_after_views():
    assert rights.wording("read", "costs").label == "See costs and margins"


@pytest.mark.parametrize(
    ("pattern", "given", "held_back"),
    [
        # "*" gives what is there to be done with everything, and no field that a guard keeps.
        ("read *", {("read", "Order"), ("read", "Store")}, {("read", "costs"), ("write", "Order")}),
        ("write *", {("write", "Order")}, {("read", "Order"), ("read", "costs")}),
        ("* *", {("read", "Order"), ("write", "Order"), ("read", "costs")}, set()),
        # An area gives what its screens are, and no field either.
        (
            "* @sales",
            {("read", "Order"), ("write", "Order")},
            {("read", "costs"), ("read", "Store")},
        ),
        ("read costs", {("read", "costs")}, {("read", "prices"), ("write", "Order")}),
    ],
)
def test_a_pattern_gives_what_it_says(pattern, given, held_back):
    made = RoleTemplate("one", "One", "", (pattern,))
    assert made.rights(given | held_back) == given
    # Whatever is never given wins over what is.
    assert RoleTemplate("one", "One", "", (pattern,), never=("* *",)).rights(given) == frozenset()
