"""Nobody acts on what is stronger than they are: every operation on people, roles, keys, offers.

Two weaker people try each: one who may do everything with people and nothing else, and an owner
who is bound to one store. What they try is done afterwards by the owner, to whom it is open.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest

from app.company import operations, queries
from app.company.models import Membership
from app.kit import clock
from app.kit.access import OTHERS_CLIENTS
from tests.company.factories import PASSWORD, make_membership, make_reader, make_role
from tests.factories import make_employee, make_store
from tests.screens import filling

pytestmark = pytest.mark.usefixtures("people_go")
VIEWS = ("Membership", "Invitation", "ApiKey", "Role")
ENDPOINTS = ("MembershipScreen", "InvitationScreen", "ApiKeyScreen", "RoleView")
TABLES = (
    "membership",
    "membership_role",
    "membership_store",
    "invitation",
    "api_key",
    "ab_role",
    "ab_permission_view_role",
    "user_session",
    "password_reset",
    "job",
)
_numbers = count(1)


@dataclass
class Strong:
    """What the weaker ones try to reach: an owner with all that hangs on them."""

    member: int
    user: int
    employee: int
    role: int
    free_role: int
    weak_role: int
    key: int
    invitation: int
    session: int


@pytest.fixture
def strong(inside, sign_in, owner_sql) -> Strong:
    """An owner with an employee, a key, a session; the owner's role, a free copy, an offer of it."""
    number = next(_numbers)
    with inside() as session:
        employee = make_employee(session)
        member = make_membership(
            session, "owner", email=f"strong{number}@example.com", password=PASSWORD
        )
        member.employee_id = employee.id
        session.flush()
        by = make_reader(session, member)
        key, _token = operations.make_key(
            session, name="shop", scopes=[("read", "Role")], by=by, at=clock.now()
        )
        free = operations.make_role(
            session, name=f"Deputy {number}", rights=by.rights, by=by, at=clock.now()
        )
        role = operations.seed_roles(session, 1)["owner"]
        offer = filling.make(session, _screen("InvitationScreen"))
        offer.role_ids, offer.all_stores = [role.id], True
        weak = make_role(session)
        people = (member.id, member.user_id, employee.id)
        found = (*people, role.id, free.id, weak.id, key.id, offer.id)
    sign_in(f"strong{number}@example.com")
    sessions = "select max(id) from user_session where membership_id = :m"
    return Strong(*found, owner_sql(sessions, m=found[0])[0][0])


def _screen(name: str) -> Any:
    return next(one for one in filling.screen_classes() if one.__name__ == name)


def _of_people(inside) -> str:
    with inside() as session:
        mine = [one for one in queries.known_rights(session) if one[1] in VIEWS]
        # Without the right to clients of others they would be bound, and the database would refuse.
        role = make_role(session, [*mine, ("read", "Store"), OTHERS_CLIENTS])
        return make_membership(session, role, password=PASSWORD).person.email


def _of_one_store(inside) -> str:
    with inside() as session:
        store = make_store(session)
        made = make_membership(session, "owner", store_ids=[store.id], password=PASSWORD)
        return made.person.email


Try = Callable[[Any, Strong, Any], Any]


def do(screen: str, name: str, table: str, attribute: str) -> Try:
    def post(browser: Any, strong: Strong, sql: Any) -> Any:
        pk = getattr(strong, attribute)
        version = sql(f"select version from {table} where id = :i", i=pk)[0][0]
        return browser.post(f"/{screen}/do/{name}/{pk}", data={"version": version})

    return post


def edit(browser: Any, strong: Strong, sql: Any) -> Any:
    version = sql("select version from membership where id = :i", i=strong.member)[0][0]
    return browser.post(f"/people/edit/{strong.member}", data={"version": version, "employee": ""})


def roles(browser: Any, strong: Strong, sql: Any) -> Any:
    data = {"roles": [strong.role, strong.weak_role], "scope": "all"}
    return browser.post(f"/people/roles/{strong.member}", data=data)


def end(browser: Any, strong: Strong, sql: Any) -> Any:
    return browser.post(f"/people/end/{strong.member}/{strong.session}")


def change_role(browser: Any, strong: Strong, sql: Any) -> Any:
    """Take away a right that the weaker one has, and keep the rest."""
    rows = sql(
        "select p.name, v.name, r.version from ab_role r"
        " join ab_permission_view_role rr on rr.role_id = r.id"
        " join ab_permission_view pv on pv.id = rr.permission_view_id"
        " join ab_permission p on p.id = pv.permission_id"
        " join ab_view_menu v on v.id = pv.view_menu_id where r.id = :i",
        i=strong.free_role,
    )
    name = sql("select name from ab_role where id = :i", i=strong.free_role)[0][0]
    rights = [f"{one[0].removeprefix('can_')} {one[1]}" for one in rows]
    rights.remove("delete Role")
    data = {"name": name, "version": rows[0][2], "right": rights}
    return browser.post(f"/roles/edit/{strong.free_role}", data=data)


def remove_role(browser: Any, strong: Strong, sql: Any) -> Any:
    return browser.post(f"/roles/delete/{strong.free_role}")


def offer_less(browser: Any, strong: Strong, sql: Any) -> Any:
    """Invite the same address again: the stronger offer would be gone."""
    email = sql("select email from invitation where id = :i", i=strong.invitation)[0][0]
    store = sql("select max(id) from store where company_id = 1")[0][0]
    weak = sql("select id from ab_role where name = 'Cashier' and company_id = 1")[0][0]
    data = {"email": email, "roles": [weak], "scope": "some", "stores": [store]}
    return browser.post("/invitations/add", data=data)


def take_the_place(browser: Any, strong: Strong, sql: Any) -> Any:
    """Invite somebody who was let out: accepted, it would replace the roles that they had."""
    sql("update membership set active = false where id = :i", i=strong.member)
    sql("update invitation set revoked_at = now() where id = :i", i=strong.invitation)
    email = sql("select email from ab_user where id = :i", i=strong.user)[0][0]
    store = sql("select max(id) from store where company_id = 1")[0][0]
    data = {"email": email, "roles": [strong.weak_role], "scope": "some", "stores": [store]}
    return browser.post("/invitations/add", data=data)


def call(path: str, attribute: str, body: Callable[[Strong], dict[str, Any]] | None = None) -> Try:
    """What a program does with the same record."""

    def post(browser: Any, strong: Strong, sql: Any) -> Any:
        where = path.replace("<pk>", str(getattr(strong, attribute)))
        return browser.post(f"/api/v1/{where}", json=body(strong) if body else {})

    return post


def relink(method: str) -> Try:
    def send(browser: Any, strong: Strong, sql: Any) -> Any:
        version = sql("select version from membership where id = :i", i=strong.member)[0][0]
        body = {"version": version, "employee": None}
        return browser.open(f"/api/v1/people/{strong.member}", method=method, json=body)

    return send


def offer_less_by_program(browser: Any, strong: Strong, sql: Any) -> Any:
    email = sql("select email from invitation where id = :i", i=strong.invitation)[0][0]
    store = sql("select max(id) from store where company_id = 1")[0][0]
    weak = sql("select id from ab_role where name = 'Cashier' and company_id = 1")[0][0]
    body = {"email": email, "roles": [weak], "all_stores": False, "stores": [store]}
    return browser.post("/api/v1/invitations/", json=body)


PROGRAMS: dict[str, Try] = {
    "MembershipResource.put": relink("PUT"),
    "MembershipResource.patch": relink("PATCH"),
    **{
        f"MembershipResource.do {name}": call(f"people/<pk>/{name}", "member")
        for name in ("deactivate", "reactivate", "send_reset", "sign_out")
    },
    "MembershipResource.do roles": call(
        "people/<pk>/roles", "member", lambda who: {"roles": [who.role, who.weak_role]}
    ),
    "MembershipResource.do end": call(
        "people/<pk>/end", "member", lambda who: {"session_id": who.session}
    ),
    "InvitationResource.do resend": call("invitations/<pk>/resend", "invitation"),
    "InvitationResource.do revoke": call("invitations/<pk>/revoke", "invitation"),
    "InvitationResource.post": offer_less_by_program,
    "ApiKeyResource.do revoke": call("api-keys/<pk>/revoke", "key"),
}
OPERATIONS: dict[str, Try] = {
    **PROGRAMS,
    "MembershipScreen.edit": edit,
    "MembershipScreen.roles": roles,
    "MembershipScreen.end": end,
    "MembershipScreen.do deactivate": do("people", "deactivate", "membership", "member"),
    "MembershipScreen.do reactivate": do("people", "reactivate", "membership", "member"),
    "MembershipScreen.do send_reset": do("people", "send_reset", "membership", "member"),
    "MembershipScreen.do sign_out": do("people", "sign_out", "membership", "member"),
    "InvitationScreen.do resend": do("invitations", "resend", "invitation", "invitation"),
    "InvitationScreen.do revoke": do("invitations", "revoke", "invitation", "invitation"),
    "InvitationScreen.add": offer_less,
    "ApiKeyScreen.do revoke": do("api-keys", "revoke", "api_key", "key"),
    "RoleView.edit": change_role,
    "RoleView.delete": remove_role,
}
# They make something of the maker's own, within the maker's rights (tests/company/test_roles.py);
# or they are about lists and views of the reader's own.
OF_ONES_OWN = {
    *(f"{endpoint}.add" for endpoint in ENDPOINTS),
    *(f"{endpoint}.{name}" for endpoint in ENDPOINTS for name in ("save_view", "delete_view")),
}


def _picture(sql: Any) -> dict[str, list[Any]]:
    """Everything about people that somebody could have changed; when one was last seen is none."""
    return {
        table: sorted(
            str(row[0])
            for row in sql(f"select to_jsonb(t) - 'last_seen_at' - 'expires_at' from {table} t")
        )
        for table in TABLES
    }


@pytest.fixture
def weak(request, inside, sign_in) -> Any:
    """The browser of one of the weaker people."""
    return sign_in({"people only": _of_people, "one store": _of_one_store}[request.param](inside))


TRIES = [
    (name, who)
    for name in OPERATIONS
    for who in ("people only", "one store")
    # A role is bound to no store: an owner of one store has all its rights.
    if not (name.startswith("RoleView") and who == "one store")
]


@pytest.mark.usefixtures("mails")
@pytest.mark.parametrize(("name", "weak"), TRIES, indirect=["weak"])
def test_nobody_acts_on_what_is_stronger(name, weak, strong, boss, owner_sql):
    if name.endswith(".do reactivate"):
        owner_sql("update membership set active = false where id = :i", i=strong.member)
    before = _picture(owner_sql)
    answer = OPERATIONS[name](weak, strong, owner_sql)
    assert answer.status_code == 403, answer.text
    assert _picture(owner_sql) == before
    done = OPERATIONS[name](boss, strong, owner_sql)
    assert done.status_code in (200, 201, 302), done.text


@pytest.mark.usefixtures("mails")
@pytest.mark.parametrize("weak", ["people only", "one store"], indirect=True)
def test_nobody_offers_less_to_somebody_stronger_who_was_let_out(weak, strong, boss, owner_sql):
    assert take_the_place(weak, strong, owner_sql).status_code == 403
    assert take_the_place(boss, strong, owner_sql).status_code == 302


def test_every_operation_on_people_roles_keys_and_offers_is_tried(site):
    """Routes that change something and name a record, of screens and of resources alike."""
    found = set()
    for rule in site.url_map.iter_rules():
        endpoint, _dot, name = rule.endpoint.partition(".")
        if not rule.methods & {"POST", "PUT", "PATCH", "DELETE"}:
            continue
        view = getattr(site.view_functions[rule.endpoint], "__self__", None)
        of = getattr(view, "view", None) or getattr(view, "class_permission_name", None)
        if endpoint not in ENDPOINTS and of not in VIEWS:
            continue
        acting = getattr(view, "of", None)
        actions = acting.all_operations() if acting else view.all_actions() if name == "do" else ()
        found |= {f"{endpoint}.do {one}" for one in actions} if name == "do" else {rule.endpoint}
    archives = {
        f"{one}.{name}" for one in ENDPOINTS for name in ("archive", "restore", "start_bulk")
    }
    edits = {f"{one}.edit" for one in ("InvitationScreen", "ApiKeyScreen")}
    assert found - archives - edits - OF_ONES_OWN == set(OPERATIONS) - {"InvitationScreen.add"}


@pytest.mark.parametrize(
    "path",
    [
        *(f"/{screen}/{name}" for screen in ("people", "invitations", "api-keys")
          for name in ("archive", "restore")),
        "/invitations/edit",
        "/api-keys/edit",
    ],
)  # fmt: skip
def test_what_these_screens_do_not_do_is_open_to_nobody(path, boss, strong):
    of = {"people": strong.member, "invitations": strong.invitation, "api-keys": strong.key}
    pk = of[path.split("/")[1]]
    assert boss.post(f"{path}/{pk}", data={"version": 1}).status_code in (403, 404, 405)


def test_a_key_of_the_owners_acts_within_its_scopes_only(inside, strong, site, owner_sql):
    """Signed in as the owner, it would reach everybody: a key has its scopes and no more."""
    with inside() as session:
        by = make_reader(session, session.get_one(Membership, strong.member))
        scopes = [one for one in by.rights if one[1] in VIEWS]
        _key, token = operations.make_key(session, name="hr", scopes=scopes, by=by, at=clock.now())
    browser = site.test_client()
    browser.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    for name in ("MembershipScreen.do sign_out", "ApiKeyScreen.do revoke", "RoleView.edit"):
        assert OPERATIONS[name](browser, strong, owner_sql).status_code == 403


def test_a_role_that_is_stronger_is_shown_without_controls(inside, sign_in, strong, boss):
    page = sign_in(_of_people(inside)).get(f"/roles/edit/{strong.role}").text
    assert 'name="right"' not in page
    assert "rights that you do not have" in page
    assert 'name="right"' in boss.get(f"/roles/edit/{strong.role}").text
