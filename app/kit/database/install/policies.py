"""Grants and row-level security of one table, read off its columns and its `info`.

Keys of `Table.info`: `append_only` (SELECT and INSERT only), `queue` (the columns that crm_system
may update when it claims a row), `platform` (crm_platform may read), `store_bound` (False:
`store_id` says nothing about who may see the row), `store_key` (the column that is the store, else
`store_id`), `search` (see `search.py`), `grants` and `policy` (by role, in place of the usual
ones), `whole` (a record of the whole company, which whoever is bound to stores only reads),
`visibility`, `apart`, `follows` and `bound_as` (see `visibility.py`), `of_records` (see
`audit_policies.py`).
"""

from __future__ import annotations

from functools import partial

from sqlalchemy import Table

from app.kit.database.install import audit_policies, visibility
from app.kit.database.install.rules import COMPANY_IS, STORES, is_whole, store_key
from app.kit.database.stamp import BOUND_ROLES, NARROW_ROLES, Role

_ALL = "select, insert, update, delete"


def statements(table: Table) -> list[str]:
    """Return the statements that give `table` its grants and policies."""
    name = f'"{table.name}"'
    steps = [f"revoke all on {name} from {', '.join(_roles())}"]
    steps += [
        f"grant {rights} on {name} to {role}" for role, rights in _grants(table).items() if rights
    ]
    rules = _policies(table)
    if not rules:
        return steps
    steps.append(f"alter table {name} enable row level security")
    for role in _roles():
        steps.append(f"drop policy if exists {role}_rows on {name}")
        steps.append(f"drop policy if exists {role}_claim on {name}")
    for role, rule in rules.items():
        steps.append(_policy(name, role, rule, _checks(table, role, rule)))
    if table.info.get("queue"):
        steps.append(
            f"create policy {Role.SYSTEM}_claim on {name} for update to {Role.SYSTEM}"
            " using (true) with check (true)"
        )
    return steps


def _roles() -> list[Role]:
    return [role for role in Role if role is not Role.OWNER]


def _grants(table: Table) -> dict[Role, str]:
    usual: dict[Role, str] = {}
    if "company_id" in table.c:
        rights = "select, insert" if table.info.get("append_only") else _ALL
        usual = {Role.APP: rights, Role.STORE: "select" if is_whole(table) else rights}
    if queue := table.info.get("queue"):
        usual[Role.SYSTEM] = f"select, update ({', '.join(queue)})"
    if table.info.get("platform"):
        usual[Role.PLATFORM] = "select"
    if table.info.get("search") or table.info.get("searched"):
        usual[Role.SEARCH] = "select"
    given = usual | table.info.get("grants", {})
    if Role.STORE in given:
        given = dict.fromkeys(NARROW_ROLES, given[Role.STORE]) | given
    return given


def _policies(table: Table) -> dict[Role, str]:
    rules: dict[Role, str] = {}
    if "company_id" in table.c:
        key = store_key(table)
        rules[Role.APP] = COMPANY_IS
        rules[Role.STORE] = f"{COMPANY_IS} and {key} = any ({STORES})" if key else COMPANY_IS
    for role in (Role.SYSTEM, Role.PLATFORM, Role.SEARCH):
        if role in _grants(table) and "company_id" in table.c:
            rules[role] = "true"
    rules |= table.info.get("policy", {})
    for role in NARROW_ROLES:
        if Role.STORE in rules and role not in rules:
            rules[role] = " and ".join((rules[Role.STORE], *visibility.seen(table, role)))
    if table.info.get("of_records"):
        for role in BOUND_ROLES:
            told = audit_policies.seen(table, partial(_read, role), COMPANY_IS, STORES)
            rules[role] = f"{COMPANY_IS} and {told}"
    return rules


def _read(role: Role, table: Table) -> str | None:
    """Return which rows of a table the role reads; of the trail itself nothing is told."""
    if table.info.get("of_records") or not _grants(table).get(role, "").startswith("select"):
        return None
    return _policies(table).get(role)


def _checks(table: Table, role: Role, rule: str) -> str:
    """Return what a row must be to be written: as for reading, and it names only what is seen."""
    if role not in NARROW_ROLES or role in table.info.get("policy", {}):
        return rule
    return " and ".join((rule, *visibility.written(table, role)))


def _policy(name: str, role: Role, rule: str, check: str) -> str:
    if role in (Role.SYSTEM, Role.PLATFORM, Role.SEARCH):
        return f"create policy {role}_rows on {name} for select to {role} using ({rule})"
    return (
        f"create policy {role}_rows on {name} for all to {role} using ({rule}) with check ({check})"
    )
