"""What a company's administrator tried against stock Flask-AppBuilder, tried against us.

The list is that of 3.2 in the study of Flask-AppBuilder; there each one but the first succeeded.
"""

import pytest

from app.company import operations
from app.kit.security.permissions import create_permissions
from tests.company.factories import PASSWORD, make_membership, make_role, make_user
from tests.screens.bench import counted

pytestmark = pytest.mark.usefixtures("people_go")
READS = {("read", "Membership"), ("read", "Role"), ("read", "Store")}
WRITES = {("write", "Membership"), ("write", "Role"), ("delete", "Role")}
DOES = {(name, "Membership") for name in ("deactivate", "reactivate", "send_reset", "sign_out")}


@pytest.fixture
def admin(inside, sign_in):
    """Somebody who may do everything with people and roles, and little else."""
    with inside() as session:
        make_membership(session, "owner")
        role = make_role(session, READS | WRITES | DOES)
        member = make_membership(session, role, password=PASSWORD)
        email, pk = member.person.email, member.id
    browser = sign_in(email)
    browser.membership = pk
    return browser


@pytest.fixture
def foreign(inside):
    """A membership, a role and a store of the other company."""
    with inside(2) as session:
        role = make_role(session, {("read", "Store")})
        member = make_membership(session, "owner", email=f"boss{role.id}@example.com")
        return member.id, role.id, member.version


def test_people_of_another_company_are_not_listed_or_shown(admin, foreign):
    assert f"boss{foreign[1]}@" not in admin.get("/people/list/").text
    for page in ("show", "edit", "rights", "roles", "sessions", "history"):
        assert admin.get(f"/people/{page}/{foreign[0]}").status_code == 404


def test_a_role_of_the_owner_is_not_taken_by_an_administrator_of_people(admin, inside):
    with inside() as session:
        owner = operations.seed_roles(session, 1)["owner"].id
    answer = admin.post(
        f"/people/roles/{admin.membership}", data={"roles": [owner], "scope": "all"}
    )
    assert answer.status_code == 403


def test_a_role_of_another_company_is_no_choice(admin, foreign):
    form = {"roles": [foreign[1]], "scope": "all"}
    assert admin.post(f"/people/roles/{admin.membership}", data=form).status_code == 422


@pytest.mark.parametrize("action", ["deactivate", "reactivate", "send_reset", "sign_out"])
def test_actions_do_not_reach_another_company(admin, foreign, action, mails):
    form = {"version": foreign[2]}
    assert admin.post(f"/people/do/{action}/{foreign[0]}", data=form).status_code == 404
    assert mails == []


def test_roles_of_another_company_are_not_opened_changed_copied_or_removed(admin, foreign):
    role = foreign[1]
    assert admin.get(f"/roles/edit/{role}").status_code == 404
    assert admin.post(f"/roles/edit/{role}", data={"name": "x", "version": 1}).status_code == 404
    assert admin.get(f"/roles/add?like={role}").status_code == 404
    assert admin.post(f"/roles/delete/{role}").status_code == 404


def test_the_installations_role_is_not_opened_or_copied(admin, owner_sql):
    superuser = owner_sql("select id from ab_role where company_id is null")[0][0]
    assert admin.get(f"/roles/edit/{superuser}").status_code == 404
    assert admin.get(f"/roles/add?like={superuser}").status_code == 404


def test_a_copy_of_a_strong_role_has_no_more_than_its_maker(admin, inside):
    with inside() as session:
        owner = operations.seed_roles(session, 1)["owner"].id
    page = admin.get(f"/roles/add?like={owner}").text
    assert page.count(" checked") == len(READS | WRITES | DOES)


def test_the_editor_offers_no_right_of_the_installation(admin):
    assert "read Platform" not in admin.get("/roles/add").text
    answer = admin.post("/roles/add", data={"name": "Sneaky", "right": ["read Platform"]})
    assert answer.status_code == 403


def test_a_right_beyond_ones_own_is_refused_however_it_is_sent(admin):
    answer = admin.post("/roles/add", data={"name": "Sneaky", "right": ["write Store"]})
    assert answer.status_code == 403
    answer = admin.post("/roles/add", data={"name": "Sneaky", "right": ["made Up"]})
    assert answer.status_code in (403, 404)


def test_access_is_not_changed_through_the_edit_form(admin, owner_sql, inside):
    with inside() as session:
        member = make_membership(session, "owner", store_ids=[])
        pk, version, user = member.id, member.version, member.user_id
    other = owner_sql("select max(id) from ab_user")[0][0]
    form = {
        "version": version,
        "active": "",
        "all_stores": "y",
        "user_id": other,
        "person": other,
        "company_id": 2,
    }
    admin.post(f"/people/edit/{pk}", data=form)
    rows = owner_sql(
        "select active, all_stores, user_id, company_id from membership where id = :i", i=pk
    )
    assert [tuple(row) for row in rows] == [(True, False, user, 1)]


@pytest.mark.parametrize(
    "path",
    [
        "/users/list/",
        "/users/add",
        "/users/action/resetpasswords/1",
        "/users/action_post",
        "/users/userinfo/",
        "/roles/action/copyrole/1",
        "/resetpassword/form?pk=1",
        "/resetmypassword/form",
        "/userinfoeditview/form",
        "/groups/list/",
        "/permissions/list/",
        "/viewmenus/list/",
        "/permissionviews/list/",
        "/userstatschartview/chart/",
        "/registeruser/list/",
        "/register/form",
        "/api/v1/security/users/",
        "/api/v1/security/roles/",
        "/api/v1/security/permissions/",
        "/api/v1/security/groups/",
        "/api/v1/security/apikeys/",
    ],
)
def test_flask_appbuilders_own_user_screens_do_not_exist(admin, path):
    assert admin.get(path).status_code == 404
    assert admin.post(path).status_code in (404, 405)


def test_a_role_called_like_fabs_admin_is_refused(admin):
    for name in ("Admin", "admin ", "Public", "ADMIN"):
        answer = admin.post("/roles/add", data={"name": name, "right": ["read Store"]})
        assert answer.status_code == 422


def test_only_a_superuser_sees_the_companies(admin, inside, sign_in, site, owner_sql):
    assert admin.get("/platform/companies/").status_code == 403
    with inside() as session:
        user = make_user(session, "root@example.com", password=PASSWORD)
    owner_sql(
        "insert into ab_user_role (user_id, role_id)"
        " select :u, id from ab_role where template = 'superuser'",
        u=user,
    )
    browser = sign_in("root@example.com")
    page = browser.get("/", follow_redirects=True)
    assert "Ours" in page.text
    assert "Theirs" in page.text
    for path in ("/people/list/", "/stores/list/", "/roles/list/", "/company/list/"):
        assert browser.get(path).status_code == 403


def test_a_right_of_the_installation_in_a_companys_role_opens_nothing(inside, sign_in):
    with inside() as session:
        role = make_role(session, {("read", "Platform")})
        email = make_membership(session, role, password=PASSWORD).person.email
    assert sign_in(email).get("/platform/companies/").status_code == 403


def test_making_permissions_again_changes_nothing(site, owner_sql):
    from sqlalchemy import NullPool

    from app.kit.database.session import make_engine, work
    from app.kit.database.stamp import Role, Stamp

    owner = make_engine(site.config["CRM"].database_owner_url, poolclass=NullPool)
    counts = "select count(*) from ab_permission_view_role union all select count(*) from ab_role"
    with site.app_context(), work(Stamp(Role.OWNER), on=owner) as session:
        create_permissions(session, site.appbuilder)
    before = owner_sql(counts)
    with site.app_context(), work(Stamp(Role.OWNER), on=owner) as session:
        assert create_permissions(session, site.appbuilder) == 0
    assert owner_sql(counts) == before


def test_every_right_has_words(site):
    from app.kit.rights import wording
    from app.kit.security.permissions import all_rights

    with site.test_request_context("/"):
        unworded = [right for right in all_rights() if wording(*right).area == "other"]
        plain = {right: str(wording(*right).label) for right in all_rights()}
    assert unworded == []
    # Words for people, not the names of functions and tables.
    assert {right: label for right, label in plain.items() if "_" in label} == {}
    assert len(set(plain.values())) == len(plain), "two rights are worded alike"


def test_a_list_of_roles_needs_as_many_queries_for_three_as_for_one(inside, sign_in, site):
    with inside() as session:
        email = make_membership(session, "owner", password=PASSWORD).person.email
    browser = sign_in(email)
    browser.get("/roles/list/")
    with counted(site) as one:
        browser.get("/roles/list/")
    with inside() as session:
        for _n in range(2):
            make_membership(session, make_role(session, {("read", "Store")}))
    browser.get("/roles/list/")
    with counted(site) as three:
        browser.get("/roles/list/")
    assert len(one) == len(three) <= 3, three.statements
