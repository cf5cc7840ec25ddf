"""By which names the installation answers: a forged Host header opens and builds nothing."""

import dataclasses

import pytest

OWN = ("crm.example.com", ".shops.example")


@pytest.fixture
def named(site):
    """The installation as in production, with names of its own."""
    before = site.config["CRM"]
    public = "https://crm.example.com"
    site.config["CRM"] = dataclasses.replace(before, trusted_hosts=OWN, public_url=public)
    yield site
    site.config["CRM"] = before


@pytest.mark.parametrize(
    "host", ["evil.example", "crm.example.com.evil.example", "127.0.0.1", "xcrm.example.com", ""]
)
@pytest.mark.parametrize("path", ["/login/", "/", "/api/v1/clients", "/nowhere", "/forgotten/"])
def test_another_name_is_refused_before_anything_is_done(named, host, path):
    answer = named.test_client().get(path, headers={"Host": host})
    assert answer.status_code == 400
    assert "evil" not in answer.text
    assert "Location" not in answer.headers
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    "host", ["crm.example.com", "CRM.example.com:8443", "a.shops.example", "shops.example"]
)
def test_the_own_names_are_answered(named, host):
    assert named.test_client().get("/login/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("path", ["/health", "/ready", "/metrics"])
def test_probes_ask_by_any_address(named, path):
    answer = named.test_client().get(path, headers={"Host": "10.0.0.7:8080"})
    assert answer.status_code != 400
    assert "TRUSTED_HOSTS" not in answer.text


def test_a_link_asked_for_under_a_forged_name_is_not_made(named, owner_sql, mails):
    before = owner_sql("select count(*) from job")
    form, host = {"email": "host@example.com"}, {"Host": "evil.example"}
    assert named.test_client().post("/forgotten/", data=form, headers=host).status_code == 400
    assert owner_sql("select count(*) from job") == before


def test_the_description_of_the_api_names_the_installation_not_the_host_header(site, boss):
    cookie = boss.get_cookie(site.config["SESSION_COOKIE_NAME"])
    headers = {"Host": "evil.example", "Cookie": f"{cookie.key}={cookie.value}"}
    answer = site.test_client(use_cookies=False).get("/api/v1/_openapi", headers=headers)
    assert answer.json["servers"] == [{"url": site.config["CRM"].public_url}]
