"""What must tell that a record has changed, for the walk over every resource."""

from __future__ import annotations

import base64
import json
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import text

from app.campaigns.choices import CampaignStatus
from app.campaigns.models import Campaign
from app.kit.rest import Resource
from app.kit.screens.attrs import table_of
from app.kit.screens.plan import ListPlan
from tests import factories
from tests.screens.bench import at_work, until_all_is_over

# Queues, whose rows come and go: nothing is kept beside them.
NOT_BY_CHANGE = {"event-deliveries", "jobs"}
EARLY = "2000-01-01T00:00:00Z"


def packed(*values: object) -> str:
    """A place or the end of a round, as the API packs it."""
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def unpacked(token: str) -> list[Any]:
    """What the API has packed."""
    found: list[Any] = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    return found


def complete(resource: Resource, pk: int) -> int:
    """Return a record like `pk` that shows something of each table that it can show."""
    with at_work() as session:
        if resource.resource_name == "campaigns":
            campaign = session.get_one(Campaign, pk)
            campaign.dispatch_id = factories.make_dispatch(session).id
            campaign.status = CampaignStatus.SCHEDULED
        for nested in resource.nested.values():
            line = getattr(factories, f"make_{table_of(nested.model).name}")(session)
            pk = getattr(line, nested.link)
    return pk


def rounds(
    client: FlaskClient, resource: Resource, since: str, page_size: int = 2
) -> tuple[list[int], str]:
    """The ids that one round tells when all that was written is over, and where the next begins."""
    until_all_is_over()
    return told_now(client, resource, since, page_size)


def told_now(
    client: FlaskClient, resource: Resource, since: str, page_size: int = 2
) -> tuple[list[int], str]:
    """The ids that one round tells, and where the next begins."""
    told: list[int] = []
    asked: dict[str, Any] = {"changed_since": since, "page_size": page_size}
    while True:
        answer = client.get(f"/api/v1/{resource.resource_name}/", query_string=asked)
        assert answer.status_code == 200, answer.text
        told += answer.json["ids"]
        if answer.json["next"] is None:
            return told, str(answer.json["changed_until"])
        asked["next"] = answer.json["next"]


def shown_elsewhere(resource: Resource) -> dict[str, str]:
    """Statements that change what a record (`:pk`) shows of other tables, by what it is."""
    found: dict[str, str] = {}
    for path in {f.attr.path for f in resource.all_fields.values() if f.attr.path}:
        plan = ListPlan(resource.model)
        far: Any = plan.source(path)
        table = getattr(far, "element", far)
        if table.info.get("append_only"):
            continue
        ids = plan.select(far.c.id, where=[plan.root.c.id == text(":pk")])
        column = next(c.name for c in table.c if c.name not in ("id", "company_id", "changed_at"))
        new = "email = email || 'x'" if table.name == "ab_user" else f"{column} = {column}"
        found[".".join(path)] = f"update {table.name} set {new} where id in ({ids}) returning id"
    for name, nested in resource.nested.items():
        line = table_of(nested.model).name
        of = f"where {nested.link} = :pk returning id"
        found[name] = f"update {line} set created_by = created_by {of}"
        found[f"{name} removed"] = f"delete from {line} {of}"
    return found
