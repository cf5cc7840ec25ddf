"""Screens of companies, stores and staff, and the pages about people, roles and keys."""

from app.company.screens.keys import ApiKeyScreen
from app.company.screens.members import InvitationScreen, MembershipScreen
from app.company.screens.platform import PlatformView
from app.company.screens.roles import RoleView
from app.company.screens.stores import CompanyScreen, EmployeeScreen, FranchiseScreen, StoreScreen

ALL = [
    StoreScreen,
    EmployeeScreen,
    FranchiseScreen,
    CompanyScreen,
    MembershipScreen,
    InvitationScreen,
    RoleView,
    ApiKeyScreen,
    PlatformView,
]

__all__ = [
    "ALL",
    "ApiKeyScreen",
    "CompanyScreen",
    "EmployeeScreen",
    "FranchiseScreen",
    "InvitationScreen",
    "MembershipScreen",
    "PlatformView",
    "RoleView",
    "StoreScreen",
]
