"""`flask crm …`: the commands of administrators and of the tests. Each is an edge: it commits."""

from __future__ import annotations

from flask.cli import AppGroup

from app.cli import checks, demo, imports, reports, schema, secrets

crm = AppGroup("crm", help="Tresen: demo, imports, reports, checks.")
for command in (
    demo.demo,
    imports.import_,
    reports.report,
    reports.rebuild,
    checks.check,
    secrets.reseal,
    schema.roles,
    schema.drift,
):
    crm.add_command(command)

__all__ = ["crm"]
