"""What is done with companies, roles, people and keys. Operations flush and never commit."""

from app.company.operations.companies import add_member, add_person, found_company
from app.company.operations.keys import make_key, revoke_key
from app.company.operations.people import (
    Offer,
    deactivate,
    end_sessions,
    invite,
    link_employee,
    reactivate,
    remind,
    resend_invitation,
    revoke_invitation,
    set_roles,
    set_stores,
)
from app.company.operations.roles import (
    change_role,
    make_role,
    remove_role,
    seed_roles,
    sync_roles,
)
from app.company.operations.stores import (
    check_company,
    check_employee,
    check_opening_hours,
    check_store,
)

__all__ = [
    "Offer",
    "add_member",
    "add_person",
    "change_role",
    "check_company",
    "check_employee",
    "check_opening_hours",
    "check_store",
    "deactivate",
    "end_sessions",
    "found_company",
    "invite",
    "link_employee",
    "make_key",
    "make_role",
    "reactivate",
    "remind",
    "remove_role",
    "resend_invitation",
    "revoke_invitation",
    "revoke_key",
    "seed_roles",
    "set_roles",
    "set_stores",
    "sync_roles",
]
