"""The demo's sign-ins: every role lands somewhere and sees what its part says."""

import dataclasses
from dataclasses import replace

import pytest
from sqlalchemy import text

from app.company.operations import demo
from app.kit.database.session import work
from app.kit.database.stamp import company_stamp
from app.kit.errors import Refused
from tests.company.factories import make_company

EVERYBODY = (*(person[0] for person in demo.PEOPLE), "superuser")


@pytest.fixture(scope="module")
def company(site):
    """A company with the demo's places and people, loaded twice."""
    with site.app_context():
        from app.kit.database.session import bind, db

        bind(db.engine)
        with work(company_stamp(1)) as session:
            made = make_company(session, "demo")
        for _n in range(2):
            with work(company_stamp(made)) as session:
                demo.load_places(session, "small")
                demo.load_people(session, "small")
                demo.load_superuser(session, "small")
    return made


@pytest.fixture
def enter(company, sign_in, site):
    """Return a function that signs one of them in."""

    def go(login):
        return sign_in(f"{login}@demo.example", site.config["CRM"].demo_password)

    return go


def test_the_demo_loaded_twice_is_there_once(company):
    with work(company_stamp(company)) as session:
        assert session.scalar(text("select count(*) from store")) == len(demo.PLACES)
        assert session.scalar(text("select count(*) from membership")) == len(demo.PEOPLE)


@pytest.mark.parametrize("load", [demo.load_people, demo.load_superuser])
def test_in_production_nobody_gets_the_password_that_everybody_knows(site, company, load):
    before = site.config["CRM"]
    site.config["CRM"] = dataclasses.replace(before, production=True)
    try:
        with site.app_context(), pytest.raises(Refused), work(company_stamp(company)) as session:
            load(session, "small")
    finally:
        site.config["CRM"] = before


@pytest.mark.parametrize("login", EVERYBODY)
def test_everybody_lands_on_a_page(enter, login):
    browser = enter(login)
    assert browser.get("/", follow_redirects=True).status_code == 200
    assert browser.get("/start/").status_code == 200


@pytest.mark.parametrize("login", EVERYBODY)
def test_every_entry_of_the_menu_opens(enter, login):
    import re

    browser = enter(login)
    page = browser.get("/start/").text
    menu = page[page.index('id="side"') : page.index("</nav>")]
    links = [one for one in re.findall(r'<a href="([^"]+)"', menu) if one != "#"]
    assert links
    assert {link: browser.get(link, follow_redirects=True).status_code for link in links} == (
        dict.fromkeys(links, 200)
    )


def test_in_production_nobody_of_the_demo_comes_in(company, site, monkeypatch):
    data = {"login": " Owner@demo.example", "password": site.config["CRM"].demo_password}
    assert site.test_client().post("/login/", data=data).status_code == 302
    monkeypatch.setitem(site.config, "CRM", replace(site.config["CRM"], production=True))
    answer = site.test_client().post("/login/", data=data)
    assert answer.status_code == 401
    assert "do not belong together" in answer.text


def test_a_cashier_sees_the_own_store_only(enter):
    page = enter("cashier").get("/stores/list/").text
    assert "Hamburg Altona" in page
    assert "Kiel Hafen" not in page


def test_the_franchise_owner_begins_with_the_figures_of_franchise_and_stores(enter, company):
    browser = enter("franchise")
    page = browser.get("/", follow_redirects=True)
    with work(company_stamp(company)) as session:
        stores = {row.name: row.id for row in session.execute(text("select name, id from store"))}
        franchise = session.scalar(text("select id from franchise where name = 'Küste'"))
    mine = {"Hamburg Altona", "Kiel Hafen", "Salon Lübeck"}
    assert page.request.path == "/dashboard/"
    assert {name for name in stores if name in page.text} == mine
    assert "Küste" in page.text
    assert f'value="f{franchise}"' in page.text
    for scope in (f"f{franchise}", *(stores[name] for name in mine)):
        assert "not yours to see" not in browser.get(f"/dashboard/?store={scope}").text
    other = browser.get(f"/dashboard/?store={stores['Lager Norderstedt']}").text
    assert "not yours to see" in other


def test_the_superuser_begins_with_the_list_of_companies(enter):
    page = enter("superuser").get("/", follow_redirects=True)
    assert page.request.path == "/platform/companies/"
    assert "demo" in page.text


@pytest.mark.parametrize("login", EVERYBODY[:-1])
def test_the_page_about_a_persons_rights_names_the_role_of_each(enter, login, company):
    with work(company_stamp(company)) as session:
        query = (
            "select id from membership where user_id = (select id from ab_user where email = :e)"
        )
        pk = session.scalar(text(query), {"e": f"{login}@demo.example"})
        role = session.scalar(
            text(
                "select r.name from ab_role r join membership_role m on m.role_id = r.id"
                " where m.membership_id = :m"
            ),
            {"m": pk},
        )
        number = session.scalar(
            text(
                "select count(*) from ab_permission_view_role where role_id in"
                " (select role_id from membership_role where membership_id = :m)"
            ),
            {"m": pk},
        )
    page = enter("admin").get(f"/people/rights/{pk}").text
    assert page.count(f"from {role}</span>") == number > 0
    assert "can_" not in page


@pytest.mark.parametrize("login", ["manager", "orders", "warehouse", "reception", "marketing"])
def test_salaries_are_for_few(enter, login):
    browser = enter(login)
    page = browser.get("/employees/list/", follow_redirects=True)
    assert "3,200" not in page.text
    if page.status_code == 200:
        pk = page.text.split("/employees/show/")[1].split('"')[0]
        assert "Monthly salary" not in browser.get(f"/employees/show/{pk}").text


def test_the_owner_sees_salaries(enter):
    browser = enter("owner")
    pk = browser.get("/employees/list/").text.split("/employees/show/")[1].split('"')[0]
    assert "Monthly salary" in browser.get(f"/employees/show/{pk}").text


@pytest.mark.parametrize("login", ["orders", "cashier", "franchise", "accountant", "marketing"])
def test_people_and_roles_are_for_administrators(enter, login):
    browser = enter(login)
    for path in ("/people/list/", "/roles/list/", "/invitations/list/", "/api-keys/list/"):
        assert browser.get(path).status_code == 403


def test_an_administrator_opens_every_page_about_people(enter):
    browser = enter("admin")
    pk = browser.get("/people/list/").text.split("/people/show/")[1].split('"')[0]
    pages = [
        f"/people/show/{pk}",
        f"/people/edit/{pk}",
        f"/people/rights/{pk}",
        f"/people/roles/{pk}",
        f"/people/sessions/{pk}",
        "/people/list/?q=weiß",
        "/invitations/list/",
        "/invitations/add",
        "/roles/list/",
        "/roles/add",
        "/people/add",
        "/api-keys/list/",
        "/api-keys/add",
        "/company/list/",
        "/account/",
        "/account/password/",
        "/account/sessions/",
        "/account/companies/",
    ]
    assert {page: browser.get(page).status_code for page in pages} == dict.fromkeys(pages, 200)


def test_people_are_found_by_name_and_address(enter):
    browser = enter("admin")
    assert "Jonas Weiß" in browser.get("/people/list/?q=weiss").text
    assert "Jonas Weiß" in browser.get("/people/list/?q=admin@demo").text
    assert "admin@demo.example" not in browser.get("/people/list/?q=nowak").text


def test_the_role_editor_shows_plain_words_by_area(enter, company):
    browser = enter("admin")
    page = browser.get("/roles/list/").text
    pk = page.split("/roles/edit/")[1].split('"')[0]
    editor = browser.get(f"/roles/edit/{pk}").text
    assert "See costs and margins" in editor
    assert "can_" not in editor
