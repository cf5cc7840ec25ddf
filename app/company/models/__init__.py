"""The tables of this domain, and the SQL functions that stand between sign-in and them."""

from app.company.models import functions, sign_in, triggers
from app.company.models.access import (
    ApiKey,
    ApiKeyUse,
    Invitation,
    Membership,
    PasswordReset,
    PermVersion,
    SignInThrottle,
    UserSession,
    membership_role,
    membership_store,
)
from app.company.models.staff import Employee, employee_store
from app.company.models.stores import Company, Franchise, Store
from app.kit.security.models import Person, Role

__all__ = [
    "ApiKey",
    "ApiKeyUse",
    "Company",
    "Employee",
    "Franchise",
    "Invitation",
    "Membership",
    "PasswordReset",
    "PermVersion",
    "Person",
    "Role",
    "SignInThrottle",
    "Store",
    "UserSession",
    "employee_store",
    "functions",
    "membership_role",
    "membership_store",
    "sign_in",
    "triggers",
]
