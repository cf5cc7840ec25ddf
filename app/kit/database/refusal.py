"""The application refuses to start on a database that would not keep companies apart."""

from __future__ import annotations

from sqlalchemy import Connection, text

_FACTS = text("""
select (select bool_or(rolsuper) from pg_roles
    where rolname in (session_user, current_user)) superuser,
  (select bool_or(rolbypassrls) from pg_roles where rolname in (session_user, current_user)) bypass,
  exists (select 1 from pg_class where relnamespace = 'public'::regnamespace
    and relowner in (session_user::regrole, current_user::regrole)) owner,
  (select bool_or(pg_has_role(current_user, oid, 'usage')) from pg_roles
    where rolname in ('crm_owner', 'crm_app', 'crm_store', 'crm_store_clients', 'crm_own_clients',
      'crm_system', 'crm_platform', 'crm_auth', 'crm_search') and rolname <> current_user) inherits,
  pg_encoding_to_char(encoding) encoding, lower('Ї') lowered, show_trgm('Їжак') = '{}' no_trigrams
from pg_database where datname = current_database()
""")


class UnsafeDatabase(RuntimeError):
    """The login or the database must be changed before the application may run on it."""


def refuse_unsafe(connection: Connection) -> None:
    """Raise UnsafeDatabase naming the first thing that is wrong with login or database."""
    facts = connection.execute(_FACTS).one()
    reasons = {
        "the login is a superuser": facts.superuser,
        "the login has BYPASSRLS": facts.bypass,
        "the login owns a table": facts.owner,
        "the login inherits its roles' rights (grant them WITH INHERIT FALSE)": facts.inherits,
        "the database is not UTF-8": facts.encoding != "UTF8",
        "the database's locale does not lower Cyrillic letters": facts.lowered != "ї",
        "the database's locale makes no trigrams of Cyrillic words": facts.no_trigrams,
    }
    for reason, true in reasons.items():
        if true:
            message = f"Tresen does not start on this database: {reason}. See docs/deploy.md."
            raise UnsafeDatabase(message)
