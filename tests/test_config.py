"""The environment in, the configuration out."""

import subprocess
import sys
from pathlib import Path

import pytest

from config import Config, ConfigError, plain_url

ROOT = Path(__file__).resolve().parents[1]
KEY = "A" * 43 + "="


def load(folder, **variables):
    return Config.from_env({"INSTANCE_DIR": str(folder), **variables})


def test_nothing_set_means_embedded_servers_on_this_machine(tmp_path):
    config = load(tmp_path)
    assert (config.database_url, config.database_owner_url, config.redis_url) == (None, None, None)
    assert (config.host, config.port, config.production) == ("127.0.0.1", 8080, False)
    assert config.public_url == "http://127.0.0.1:8080"


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg2"])
def test_a_database_url_names_the_driver_whatever_form_it_came_in(tmp_path, scheme):
    config = load(tmp_path, DATABASE_URL=f"{scheme}://u:p@h/db?sslmode=require")
    assert config.database_url == "postgresql+psycopg2://u:p@h/db?sslmode=require"
    assert plain_url(config.database_url) == "postgresql://u:p@h/db?sslmode=require"


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("DATABASE_URL", "mysql://u@h/db", "postgresql://"),
        ("DATABASE_URL", "postgresql+psycopg://u@h/db", "postgresql://"),
        ("DATABASE_OWNER_URL", "nonsense", "postgresql://"),
        ("PORT", "eighty", "PORT"),
        ("PORT", "0", "PORT must be from 1 to 65535, not 0"),
        ("PORT", "99999", "PORT must be from 1 to 65535, not 99999"),
        ("WEB_THREADS", "-1", "WEB_THREADS"),
        ("WEB_PROCESSES", "0", "WEB_PROCESSES must be from 1"),
        ("CRM_ENV", "prod", "CRM_ENV must be development or production, not 'prod'"),
        ("ENCRYPTION_KEY", "short", "ENCRYPTION_KEY"),
        ("METRICS_TOKEN", "short", "METRICS_TOKEN"),
        ("TRUSTED_HOSTS", "https://crm.example.com", "names like"),
        ("TRUSTED_HOSTS", "*", "names like"),
        ("MAIL_FROM", "a@example.com, b@example.com", "MAIL_FROM"),
        ("MAIL_FROM", "Shop\r\nBcc: b@example.com <a@example.com>", "MAIL_FROM"),
        ("MAIL_FROM", "Tea\nHouse <a@example.com>", "MAIL_FROM"),
        ("MAIL_FROM", "Shop", "MAIL_FROM"),
    ],
)
def test_a_value_that_cannot_be_used_is_named(tmp_path, name, value, message):
    with pytest.raises(ConfigError, match=message):
        load(tmp_path, **{name: value})


def test_in_production_only_the_public_name_is_answered_to_unless_others_are_said(tmp_path):
    keys = {"CRM_ENV": "production", "SECRET_KEY": "s" * 40, "ENCRYPTION_KEY": KEY}
    public = {"PUBLIC_URL": "https://crm.example.com:8443"}
    assert load(tmp_path, **public).trusted_hosts == ()
    assert load(tmp_path, **keys, **public).trusted_hosts == ("crm.example.com",)
    said = load(tmp_path, **keys, **public, TRUSTED_HOSTS="a.example, .b.example")
    assert said.trusted_hosts == ("a.example", ".b.example")


def test_an_empty_variable_is_one_that_is_not_set(tmp_path):
    names = ("DATABASE_URL", "REDIS_URL", "PORT", "SMTP_URL", "DEMO_PASSWORD", "SECRET_KEY")
    config = load(tmp_path, **dict.fromkeys(names, ""))
    assert config.database_url is None
    assert config.smtp_url is None
    assert config.port == 8080
    assert config.demo_password
    assert config.secret_key


def test_secrets_are_made_once_and_readable_by_their_owner_only(tmp_path):
    first, second = load(tmp_path / "new"), load(tmp_path / "new")
    assert first.secret_key == second.secret_key
    assert first.encryption_keys == second.encryption_keys
    assert load(tmp_path / "other").secret_key != first.secret_key
    assert (tmp_path / "new" / "secrets.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"secret_key": "only"}'])
def test_damaged_secrets_are_said_and_never_made_anew(tmp_path, content):
    kept = tmp_path / "secrets.json"
    kept.write_text(content)
    with pytest.raises(ConfigError, match=r"secrets\.json is damaged"):
        load(tmp_path)
    assert kept.read_text() == content


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://127.0.0.1:9000"),
        ("0.0.0.0", "http://127.0.0.1:9000"),
        ("::", "http://[::1]:9000"),
        ("shop.example", "http://shop.example:9000"),
    ],
)
def test_the_address_is_one_that_a_browser_can_open(tmp_path, host, address):
    assert load(tmp_path, HOST=host, PORT="9000").public_url == address


def test_processes_that_start_at_once_agree_on_the_secrets(tmp_path):
    script = "import config, sys; print(config.load().secret_key)"
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", script],
            cwd=ROOT,
            env={"INSTANCE_DIR": str(tmp_path / "instance")},
            stdout=subprocess.PIPE,
        )
        for _ in range(6)
    ]
    assert len({run.communicate()[0] for run in runs}) == 1
    assert [path.name for path in (tmp_path / "instance").iterdir()] == ["secrets.json"]


@pytest.mark.parametrize(
    ("variables", "missing"),
    [
        ({}, "SECRET_KEY must be set"),
        ({"SECRET_KEY": "k" * 40}, "ENCRYPTION_KEY must be set"),
        ({"SECRET_KEY": "short", "ENCRYPTION_KEY": KEY}, "SECRET_KEY is shorter"),
    ],
)
def test_production_refuses_to_start_without_secrets(tmp_path, variables, missing):
    with pytest.raises(ConfigError, match=missing):
        load(tmp_path, CRM_ENV="production", **variables)


def test_production_sends_cookies_over_https_only(tmp_path):
    config = load(tmp_path, CRM_ENV="production", SECRET_KEY="k" * 40, ENCRYPTION_KEY=KEY)
    assert config.flask_settings()["SESSION_COOKIE_SECURE"] is True
    assert not list(tmp_path.iterdir())


def test_secrets_do_not_show_when_a_configuration_is_printed(tmp_path):
    config = load(tmp_path, TWILIO_AUTH_TOKEN="token-of-twilio")
    assert "token-of-twilio" not in repr(config)
    assert config.secret_key not in f"{config}"


def test_a_child_process_gets_the_addresses_and_starts_no_servers(tmp_path):
    class Urls:
        database, owner, redis = "postgresql+psycopg2://a@/b", "postgresql://c@/b", "unix:///d"

    child = Config.from_env(load(tmp_path).with_urls(Urls()).environment())
    assert child.database_url == "postgresql+psycopg2://a@/b"
    assert child.database_owner_url == "postgresql+psycopg2://c@/b"
    assert child.redis_url == "unix:///d"
    assert child.secret_key == load(tmp_path).secret_key
