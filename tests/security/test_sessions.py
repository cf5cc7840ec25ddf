"""Sessions: listed, ended, and over at once when somebody may not work here any more."""

import pytest

from app.company import operations
from app.company.models import Membership
from app.company.operations import add_person
from app.kit import clock
from tests.company.factories import PASSWORD, make_membership, make_reader
from tests.screens import filling


@pytest.fixture
def owner(inside):
    """An owner's membership."""
    with inside() as session:
        made = make_membership(session, "owner", password=PASSWORD)
        made.person  # noqa: B018 -- loaded for use after the session
        return made


@pytest.fixture
def member(inside):
    """An order manager's membership."""
    with inside() as session:
        made = make_membership(session, "order_manager", password=PASSWORD)
        made.person  # noqa: B018 -- loaded for use after the session
        return made


def is_in(browser):
    return browser.get("/start/").status_code == 200


def test_deactivation_ends_every_session_at_once(owner, member, sign_in):
    boss, browser = sign_in(owner.person.email), sign_in(member.person.email)
    assert is_in(browser)
    answer = boss.post(f"/people/do/deactivate/{member.id}", data={"version": member.version})
    assert answer.status_code == 302
    assert not is_in(browser)


def test_whoever_is_let_in_again_signs_in_again(owner, member, sign_in):
    boss, browser = sign_in(owner.person.email), sign_in(member.person.email)
    boss.post(f"/people/do/deactivate/{member.id}", data={"version": member.version})
    boss.post(f"/people/do/reactivate/{member.id}", data={"version": member.version + 1})
    assert not is_in(browser)
    assert is_in(sign_in(member.person.email))


def test_an_update_by_hand_ends_the_sessions_as_well(member, sign_in, owner_sql):
    browser = sign_in(member.person.email)
    owner_sql("update membership set active = false where id = :id", id=member.id)
    assert (
        owner_sql(
            "select 1 from user_session where membership_id = :id and ended_at is null",
            id=member.id,
        )
        == []
    )
    assert not is_in(browser)


def test_an_administrator_signs_somebody_out_everywhere(owner, member, sign_in):
    boss, browser = sign_in(owner.person.email), sign_in(member.person.email)
    boss.post(f"/people/do/sign_out/{member.id}", data={"version": member.version})
    assert (is_in(browser), is_in(boss)) == (False, True)


def test_an_administrator_sees_and_ends_one_session(owner, member, sign_in, owner_sql):
    boss, browser, phone = (
        sign_in(owner.person.email),
        sign_in(member.person.email),
        sign_in(member.person.email),
    )
    assert boss.get(f"/people/sessions/{member.id}").text.count("/people/end/") == 2
    first = owner_sql("select min(id) from user_session where membership_id = :m", m=member.id)
    assert boss.post(f"/people/end/{member.id}/{first[0][0]}").status_code == 302
    assert (is_in(browser), is_in(phone)) == (False, True)


def test_one_sees_and_ends_ones_own_sessions(member, sign_in, owner_sql):
    browser, phone = sign_in(member.person.email), sign_in(member.person.email)
    page = browser.get("/account/sessions/")
    assert "this device" in page.text
    other = owner_sql("select max(id) from user_session where membership_id = :m", m=member.id)
    assert browser.post(f"/account/sessions/{other[0][0]}/end").status_code == 302
    assert (is_in(browser), is_in(phone)) == (True, False)


def test_nobody_ends_a_session_of_somebody_else(owner, member, sign_in, owner_sql):
    boss, browser = sign_in(owner.person.email), sign_in(member.person.email)
    theirs = owner_sql("select max(id) from user_session where user_id = :u", u=owner.user_id)
    assert browser.post(f"/account/sessions/{theirs[0][0]}/end").status_code == 404
    assert is_in(boss)


def test_a_changed_password_ends_all_other_sessions(member, sign_in):
    browser, phone = sign_in(member.person.email), sign_in(member.person.email)
    form = {"present": PASSWORD, "password": "noch-eine-Leine-9"}
    assert browser.post("/account/password/", data=form).status_code == 302
    assert (is_in(browser), is_in(phone)) == (True, False)
    assert is_in(sign_in(member.person.email, "noch-eine-Leine-9"))


@pytest.mark.parametrize(
    ("present", "new", "words"),
    [
        ("wrong", "noch-eine-Leine-9", "do not belong together"),
        (PASSWORD, "short", "at least 10"),
        (PASSWORD, "password123", "easy to guess"),
        (PASSWORD, "qwertyqwerty", "easy to guess"),
    ],
)
def test_a_password_is_changed_by_a_good_one_and_the_present_one(
    member, sign_in, present, new, words
):
    browser = sign_in(member.person.email)
    answer = browser.post("/account/password/", data={"present": present, "password": new})
    assert answer.status_code in (401, 422)
    assert words in answer.text


def test_the_profile_is_ones_own(member, sign_in):
    browser = sign_in(member.person.email)
    form = {
        "first_name": "Grace",
        "last_name": "Hopper",
        "locale": "de",
        "time_zone": "Europe/Kyiv",
    }
    assert browser.post("/account/", data=form).status_code == 302
    assert "Grace Hopper" in browser.get("/start/").text


def test_a_profile_saved_as_it_is_changes_nothing(inside, sign_in, owner_sql):
    with inside() as session:
        user = add_person(
            session, "anna@example.com", first="Anna Maria", last="Petersen", password=PASSWORD
        )
        make_membership(session, "owner", user_id=user)
    browser = sign_in("anna@example.com")
    form = filling.as_data(filling.form_values(browser.get("/account/").text))
    assert form["first_name"] == ["Anna Maria"]
    assert browser.post("/account/", data=form).status_code == 302
    names = owner_sql("select first_name, last_name from ab_user where id = :u", u=user)
    assert [tuple(row) for row in names] == [("Anna Maria", "Petersen")]


@pytest.mark.parametrize(("first", "status"), [(" ", 422), ("A\0da", 302), ("x" * 65, 422)])
def test_a_name_is_a_name(member, sign_in, owner_sql, first, status):
    browser = sign_in(member.person.email)
    form = {"first_name": first, "last_name": "Nr", "locale": "de", "time_zone": ""}
    assert browser.post("/account/", data=form).status_code == status
    kept = owner_sql("select first_name from ab_user where id = :u", u=member.user_id)
    assert kept[0][0] == "Ada"


def test_whoever_changes_the_password_often_is_not_shut_out(member, sign_in):
    browser, present = sign_in(member.person.email), PASSWORD
    for number in range(6):
        new = f"noch-eine-Leine-{number}"
        form = {"present": present, "password": new}
        assert browser.post("/account/password/", data=form).status_code == 302
        present = new


def test_a_change_of_rights_counts_at_the_next_click_in_every_process(
    member, inside, site, sign_in
):
    browser = sign_in(member.person.email)
    assert browser.get("/people/list/").status_code == 403
    # Another process: its own session, nothing of this one's memory is told.
    with inside() as session:
        admin = make_reader(session, make_membership(session, "owner"))
        roles = operations.seed_roles(session, 1)
        operations.set_roles(
            session,
            session.get_one(Membership, member.id),
            [roles["administrator"].id],
            by=admin,
            at=clock.now(),
        )
    assert browser.get("/people/list/").status_code == 200


def test_a_refusal_names_the_right_and_who_can_give_it(member, owner, sign_in):
    answer = sign_in(member.person.email).get("/people/list/")
    assert answer.status_code == 403
    assert "See: People" in answer.text
    assert "can give it to you" in answer.text
