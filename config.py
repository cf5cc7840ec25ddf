"""The configuration: environment variables in, one frozen `Config` out.

Nothing else reads the environment.
"""

import base64
import contextlib
import hashlib
import hmac
import json
import os
import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from email.utils import getaddresses
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent
LANGUAGES = {
    "en": {"flag": "gb", "name": "English"},
    "de": {"flag": "de", "name": "Deutsch"},
    "pt_BR": {"flag": "br", "name": "Português (Brasil)"},
    "uk": {"flag": "ua", "name": "Українська"},
    "ru": {"flag": "ru", "name": "Русский"},
}
DEMO_PASSWORD = "tresen-demo-2026"  # noqa: S105 - the published one of the demo, refused in production
DEMO_PEOPLE = (
    "owner",
    "admin",
    "manager",
    "orders",
    "warehouse",
    "cashier",
    "reception",
    "master",
    "content",
    "marketing",
    "accountant",
    "franchise",
    "superuser",
)
SHORTEST_SECRET = 32
SHORTEST_TOKEN = 16
LAST_PORT = 65535


class ConfigError(SystemExit):
    """The environment cannot be used; the text says which variable and what to do."""


class Addresses(Protocol):
    """Where the servers are, as `app.kit.servers.running` gives it."""

    @property
    def database(self) -> str: ...
    @property
    def owner(self) -> str: ...
    @property
    def redis(self) -> str: ...


@dataclass(frozen=True, repr=False)
class Config:
    """Everything that an installation may decide; `None` is "not set"."""

    instance: Path = ROOT / "instance"
    production: bool = False
    secret_key: str = ""
    secret_key_fallbacks: tuple[str, ...] = ()
    encryption_keys: tuple[str, ...] = ()

    # None starts the embedded server.
    database_url: str | None = None
    database_owner_url: str | None = None
    database_replica_url: str | None = None
    redis_url: str | None = None

    host: str = "127.0.0.1"
    port: int = 8080
    public_url: str = "http://127.0.0.1:8080"
    web_processes: int = 2
    web_threads: int = 4
    trusted_proxies: int = 0
    # Names by which it may be asked; none: any. In production that of PUBLIC_URL, unless said.
    trusted_hosts: tuple[str, ...] = ()
    # Who has it reads /metrics and the details of /ready.
    metrics_token: str | None = None
    max_upload_mb: int = 32
    # The largest body of a call of the API.
    max_json_mb: int = 2
    # A sign-in ends after so long without a click, and after so long at most; `stays` is one that
    # was told to stay on its device, or a program's with a refresh token.
    session_idle_hours: int = 12
    session_days: int = 7
    stays_idle_days: int = 30
    stays_days: int = 90
    # 0: an API key that nobody uses stays open.
    api_key_idle_days: int = 0
    # Calls of the API that a key or a person has in a minute; 0 for any number.
    api_rate_limit: int = 600
    log_level: str = "INFO"

    smtp_url: str | None = None
    mail_from: str = "Tresen <no-reply@localhost>"
    twilio_account_sid: str | None = None
    twilio_auth_token: str | None = None
    twilio_api_base: str | None = None
    stripe_api_key: str | None = None
    stripe_webhook_secret: str | None = None
    stripe_api_base: str | None = None
    openai_base_url: str | None = None
    openai_api_key: str | None = None
    # What companies enter must lie on the public internet otherwise. What is named here, in the
    # environment, may lie inside either way.
    allow_private_addresses: bool = False

    # Files go to S3 where a bucket is named, else below `instance`.
    s3_bucket: str | None = None
    s3_endpoint_url: str | None = None
    s3_region: str | None = None
    s3_access_key_id: str | None = None
    s3_secret_access_key: str | None = None

    demo_password: str = DEMO_PASSWORD

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Config":
        """Read the variables. Raises ConfigError, which names the one that is wrong or missing."""
        production = _is_production(environ)
        instance = Path(environ.get("INSTANCE_DIR") or ROOT / "instance").absolute()
        secret, keys = _secrets(environ, instance, production=production)
        host = environ.get("HOST") or cls.host
        port = _number(environ, "PORT", cls.port, most=LAST_PORT)
        public_url = (environ.get("PUBLIC_URL") or _address(host, port)).rstrip("/")
        text = {name: environ.get(name.upper()) or None for name in _TEXTS}
        lives = _lives(environ, cls)
        return cls(
            instance=instance,
            production=production,
            secret_key=secret,
            secret_key_fallbacks=_listed(environ.get("SECRET_KEY_FALLBACKS", "")),
            encryption_keys=keys,
            database_url=_database_url(environ.get("DATABASE_URL")),
            database_owner_url=_database_url(environ.get("DATABASE_OWNER_URL")),
            database_replica_url=_database_url(environ.get("DATABASE_REPLICA_URL")),
            host=host,
            port=port,
            public_url=public_url,
            trusted_hosts=_hosts(environ, public_url, production=production),
            metrics_token=_metrics_token(environ),
            web_processes=_number(environ, "WEB_PROCESSES", cls.web_processes),
            web_threads=_number(environ, "WEB_THREADS", cls.web_threads),
            trusted_proxies=_number(environ, "TRUSTED_PROXIES", cls.trusted_proxies, least=0),
            max_upload_mb=_number(environ, "MAX_UPLOAD_MB", cls.max_upload_mb),
            max_json_mb=_number(environ, "MAX_JSON_MB", cls.max_json_mb),
            session_idle_hours=lives["session_idle_hours"],
            session_days=lives["session_days"],
            stays_idle_days=lives["stays_idle_days"],
            stays_days=lives["stays_days"],
            api_key_idle_days=lives["api_key_idle_days"],
            api_rate_limit=_number(environ, "API_RATE_LIMIT", cls.api_rate_limit, least=0),
            log_level=(environ.get("LOG_LEVEL") or cls.log_level).upper(),
            mail_from=_mail_from(environ) or cls.mail_from,
            allow_private_addresses=environ.get("ALLOW_PRIVATE_ADDRESSES", "")
            in {"1", "true", "yes"},
            demo_password=environ.get("DEMO_PASSWORD") or DEMO_PASSWORD,
            **text,  # type: ignore[arg-type]
        )

    def __repr__(self) -> str:
        # Logs and error pages must not show keys.
        return f"Config(instance={self.instance}, production={self.production})"

    def with_urls(self, urls: Addresses) -> "Config":
        """Give this configuration with the servers' addresses filled in."""
        return replace(
            self,
            database_url=_database_url(urls.database),
            database_owner_url=_database_url(urls.owner),
            redis_url=urls.redis,
        )

    def environment(self) -> dict[str, str]:
        """Give the environment for a child process, which then starts no server of its own."""
        values = {
            "DATABASE_URL": self.database_url,
            "DATABASE_OWNER_URL": self.database_owner_url,
            "REDIS_URL": self.redis_url,
            "INSTANCE_DIR": str(self.instance),
            "SECRET_KEY": self.secret_key,
            "ENCRYPTION_KEY": ",".join(self.encryption_keys),
            "PORT": str(self.port),
            "PUBLIC_URL": self.public_url,
            "PYTHONUNBUFFERED": "1",
        }
        return os.environ | {name: value for name, value in values.items() if value}

    def flask_settings(self) -> dict[str, Any]:
        """Give the settings of Flask, its extensions and Flask-AppBuilder."""
        return {
            **self._security_settings(),
            **self._appbuilder_settings(),
            "SQLALCHEMY_DATABASE_URI": self.database_url,
            "SQLALCHEMY_ENGINE_OPTIONS": {
                "pool_size": self.web_threads + 1,
                "max_overflow": self.web_threads,
                "pool_recycle": 1800,
                # The words of an error end in logs: no values there.
                "hide_parameters": True,
            },
            "RATELIMIT_STORAGE_URI": _limiter_url(self.redis_url),
            "API_RATE_LIMIT": self.api_rate_limit,
            "MAX_CONTENT_LENGTH": self.max_upload_mb * 2**20,
            "MAX_JSON_LENGTH": self.max_json_mb * 2**20,
            "TEMPLATES_AUTO_RELOAD": False,
            "CRM": self,
        }

    def _security_settings(self) -> dict[str, Any]:
        return {
            "SECRET_KEY": self.secret_key,
            "SECRET_KEY_FALLBACKS": list(self.secret_key_fallbacks),
            "JWT_SECRET_KEY": self.derived_key("jwt"),
            # A refresh token lives as long as its session may; whether it does is asked each time.
            "JWT_REFRESH_TOKEN_EXPIRES": timedelta(days=self.stays_days),
            "SESSION_COOKIE_NAME": "tresen",
            "SESSION_COOKIE_HTTPONLY": True,
            "SESSION_COOKIE_SAMESITE": "Lax",
            "SESSION_COOKIE_SECURE": self.production,
            "REMEMBER_COOKIE_SECURE": self.production,
            "WTF_CSRF_TIME_LIMIT": None,
            "PREFERRED_URL_SCHEME": self.public_url.partition(":")[0],
        }

    def _appbuilder_settings(self) -> dict[str, Any]:
        return {
            "APP_NAME": "Tresen",
            "LANGUAGES": LANGUAGES,
            "BABEL_DEFAULT_LOCALE": "en",
            "BABEL_DEFAULT_TIMEZONE": "UTC",
            # Flask-AppBuilder puts its own before this one; the later one wins.
            "BABEL_TRANSLATION_DIRECTORIES": str(ROOT / "translations"),
            "AUTH_USER_REGISTRATION": False,
            "AUTH_RATE_LIMITED": True,
            "AUTH_RATE_LIMIT": "10 per 20 second",
            # Permissions are made at deploy: at the start of a process they cost hundreds of
            # queries and race.
            "FAB_UPDATE_PERMS": False,
            "FAB_ADD_SECURITY_VIEWS": True,
            "FAB_API_SHOW_STACKTRACE": False,
            "FAB_API_MAX_PAGE_SIZE": 100,
            "FAB_ALLOW_GET_UNSAFE_MUTATIONS": False,
            "FAB_SAFE_REDIRECT_HOSTS": [],
        }

    def derived_key(self, purpose: str) -> str:
        """Give a key for one purpose, so that a token made for one is nothing for another."""
        return hmac.new(self.secret_key.encode(), purpose.encode(), hashlib.sha256).hexdigest()


def load() -> Config:
    """Read the configuration of this process."""
    return Config.from_env(os.environ)


def plain_url(url: str) -> str:
    """Give a database URL as libpq takes it, without SQLAlchemy's name of the driver."""
    scheme, separator, rest = url.partition("://")
    return f"{scheme.partition('+')[0]}{separator}{rest}"


_TEXTS = (
    "redis_url",
    "smtp_url",
    "twilio_account_sid",
    "twilio_auth_token",
    "twilio_api_base",
    "stripe_api_key",
    "stripe_webhook_secret",
    "stripe_api_base",
    "openai_base_url",
    "openai_api_key",
    "s3_bucket",
    "s3_endpoint_url",
    "s3_region",
    "s3_access_key_id",
    "s3_secret_access_key",
)


def _database_url(url: str | None) -> str | None:
    """Name the driver: in SQLAlchemy 2.1 a bare `postgresql://` would mean psycopg 3."""
    if not url:
        return None
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in {"postgres", "postgresql", "postgresql+psycopg2"}:
        message = f"A database URL begins with postgresql://, not with {scheme[:20]!r}."
        raise ConfigError(message)
    return f"postgresql+psycopg2://{rest}"


def _limiter_url(url: str | None) -> str:
    if url is None:
        return "memory://"
    return f"redis+{url}" if url.startswith("unix://") else url


def _is_production(environ: Mapping[str, str]) -> bool:
    kind = environ.get("CRM_ENV") or "development"
    if kind not in {"development", "production"}:
        # "prod" taken for development would open the demo's sign-ins to the world.
        message = f"CRM_ENV must be development or production, not {kind!r}."
        raise ConfigError(message)
    return kind == "production"


def _address(host: str, port: int) -> str:
    """Give the address at which a browser on this machine finds us."""
    reached = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - not bound here
    return f"http://[{reached}]:{port}" if ":" in reached else f"http://{reached}:{port}"


def _hosts(environ: Mapping[str, str], public_url: str, *, production: bool) -> tuple[str, ...]:
    """Give the names by which this installation may be asked; empty in development unless said."""
    said = _listed(environ.get("TRUSTED_HOSTS", "").lower())
    for name in said:
        if "/" in name or "*" in name:
            message = f"TRUSTED_HOSTS takes names like crm.example.com, not {name!r}."
            raise ConfigError(message)
    own = urlsplit(public_url).hostname
    return said or ((own,) if production and own else ())


def _mail_from(environ: Mapping[str, str]) -> str:
    text = environ.get("MAIL_FROM") or ""
    found = getaddresses([text]) if text.isprintable() else []
    if text and (len(found) != 1 or "@" not in found[0][1]):
        message = "MAIL_FROM is one sender on one line: Tea House <news@example.com>"
        raise ConfigError(message)
    return text


def _metrics_token(environ: Mapping[str, str]) -> str | None:
    token = environ.get("METRICS_TOKEN") or None
    if token is not None and len(token) < SHORTEST_TOKEN:
        message = f"METRICS_TOKEN is shorter than {SHORTEST_TOKEN} characters."
        raise ConfigError(message)
    return token


def _number(
    environ: Mapping[str, str], name: str, default: int, *, least: int = 1, most: int = 2**31 - 1
) -> int:
    text = environ.get(name) or str(default)
    if not text.isascii() or not text.isdecimal():
        message = f"{name} must be a whole number, not {text!r}."
        raise ConfigError(message)
    # A port above the last one would be taken for another: 99999 for 34463.
    if not least <= int(text) <= most:
        message = f"{name} must be from {least} to {most}, not {text}."
        raise ConfigError(message)
    return int(text)


def _lives(environ: Mapping[str, str], usual: type[Config]) -> dict[str, int]:
    """Give how long sign-ins and keys last; more than a hundred years are not meant."""
    names = ("session_idle_hours", "session_days", "stays_idle_days", "stays_days")
    found = {n: _number(environ, n.upper(), getattr(usual, n), most=36_500) for n in names}
    key = "api_key_idle_days"
    found[key] = _number(environ, key.upper(), getattr(usual, key), least=0, most=36_500)
    return found


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _secrets(
    environ: Mapping[str, str], instance: Path, *, production: bool
) -> tuple[str, tuple[str, ...]]:
    """Give the signing key and the encryption keys, newest first.

    Made once and kept in development.
    """
    secret, keys = environ.get("SECRET_KEY", ""), _listed(environ.get("ENCRYPTION_KEY", ""))
    if production:
        for name, found in (("SECRET_KEY", secret), ("ENCRYPTION_KEY", keys)):
            if not found:
                message = f"{name} must be set when CRM_ENV=production: see docs/deploy.md."
                raise ConfigError(message)
        if len(secret) < SHORTEST_SECRET:
            message = f"SECRET_KEY is shorter than {SHORTEST_SECRET} characters."
            raise ConfigError(message)
    if not secret or not keys:
        kept = _kept_secrets(instance)
        secret, keys = secret or kept["secret_key"], keys or (kept["encryption_key"],)
    for key in keys:
        _check_encryption_key(key)
    return secret, keys


def _check_encryption_key(key: str) -> None:
    with contextlib.suppress(ValueError):
        if len(base64.urlsafe_b64decode(key)) == 32:
            return
    message = "ENCRYPTION_KEY must be 32 bytes in URL-safe base64: see docs/deploy.md."
    raise ConfigError(message)


def _kept_secrets(instance: Path) -> dict[str, str]:
    """Give the secrets of `instance`, made if missing.

    Two processes that start at once get the same.
    """
    path = instance / "secrets.json"
    if not path.exists():
        instance.mkdir(parents=True, exist_ok=True)
        made = {
            "secret_key": secrets.token_urlsafe(48),
            "encryption_key": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        }
        descriptor, name = tempfile.mkstemp(dir=instance, prefix="secrets.")
        with os.fdopen(descriptor, "w") as file:
            json.dump(made, file)
            file.flush()
            os.fsync(file.fileno())
        if os.geteuid() == 0:
            # `sudo make run` in an ordinary user's checkout must not lock that user out.
            os.chown(name, instance.stat().st_uid, instance.stat().st_gid)
        with contextlib.suppress(FileExistsError):
            os.link(name, path)
        Path(name).unlink()
    try:
        kept: dict[str, str] = json.loads(path.read_text())
        return {name: kept[name] for name in ("secret_key", "encryption_key")}
    except (ValueError, TypeError, KeyError):
        # Made anew, it would open none of the secrets that companies have entered.
        message = f"{path} is damaged: put a copy of it back, or delete it and lose what it sealed."
        raise ConfigError(message) from None
