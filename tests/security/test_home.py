"""The menu and the first page: what a reader may open, and nothing else."""

import re

import pytest

from app.company.queries import known_rights
from app.kit.screens.screen_registry import screens
from app.kit.security.menu import ENTRIES
from tests.company.factories import PASSWORD, make_membership, make_role


def of_menu_and_cards(page):
    menu = page[page.index('id="side"') : page.index("</nav>")]
    cards = page[page.index('class="tab-content"') : page.index("</main>")]
    return tuple(set(re.findall(r'<a[^>]* href="([^"#]+)"', one)) for one in (menu, cards))


@pytest.fixture
def page_of(inside, sign_in):
    """Return a function that gives the first page of somebody with exactly these rights."""

    def get(rights):
        with inside() as session:
            role = make_role(session, rights(session))
            email = make_membership(session, role, password=PASSWORD).person.email
        return sign_in(email).get("/start/").text

    return get


def listed(site):
    with site.test_request_context():
        shown = {one.list_url(): ("read", one.view) for one in screens().values() if one.menu}
        return shown, {one.url(): one.right for one in ENTRIES}


def test_each_right_opens_its_own_entries_and_cards(site, page_of):
    shown, entries = listed(site)
    assert len(shown) > 3
    assert len(entries) > 3
    for right in (*sorted(set(shown.values()))[:3], ("read", "Role")):
        menu, cards = of_menu_and_cards(page_of(lambda _session, right=right: [right]))
        mine = {url for url, needed in shown.items() if needed == right}
        assert cards == mine
        assert menu == mine | {url for url, needed in entries.items() if needed == right}


def test_who_may_write_but_not_read_is_shown_nothing(site, page_of):

    def rights(session):
        return [one for one in known_rights(session) if one[0] != "read"]

    _shown, entries = listed(site)
    menu, cards = of_menu_and_cards(page_of(rights))
    assert cards == set()
    assert menu == {url for url, needed in entries.items() if needed[0] != "read"}
