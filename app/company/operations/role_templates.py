"""The roles a company begins with: patterns over rights, which a new screen falls into.

A pattern is "permissions target …": permissions are joined by commas ("*" for all), a target is a
view ("Order"), an area ("@sales"), a field guard ("costs") or "*" for everything of the company.
What `never` says wins.
`app/kit/rights.py` knows the area of each right.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l

from app.kit.access import Right
from app.kit.rights import GUARDS, wording

PLATFORM = "platform"


@dataclass(frozen=True, slots=True)
class RoleTemplate:
    """One role to begin with. `key` is kept on the roles made from it."""

    key: str
    name: Any
    description: Any
    gives: tuple[str, ...]
    never: tuple[str, ...] = ()
    all_stores: bool = True
    installation: bool = False

    def includes(self, right: Right) -> bool:
        """Say whether the role has the right."""
        if (wording(*right).area == PLATFORM) != self.installation:
            return False
        return _matches(self.gives, right) and not _matches(self.never, right)

    def rights(self, among: Iterable[Right]) -> frozenset[Right]:
        """Return those rights that the role has."""
        return frozenset(right for right in among if self.includes(right))


def _matches(patterns: tuple[str, ...], right: Right) -> bool:
    permission, view = right
    guard = permission == "read" and view in GUARDS
    for pattern in patterns:
        permissions, _space, targets = pattern.partition(" ")
        if permissions != "*" and permission not in permissions.split(","):
            continue
        for target in targets.split():
            if target == view or (target == "*" and not (guard and permissions != "*")):
                return True
            if target.startswith("@") and not guard and wording(*right).area == target[1:]:
                return True
    return False


# In every company somebody holds all that this one does.
ADMINISTRATOR = RoleTemplate(
    "administrator",
    _l("Administrator"),
    _l("Invites people, gives rights, imports and sets things up."),
    ("* *",),
)
TEMPLATES = (
    RoleTemplate(
        "owner",
        _l("Owner"),
        _l("Sees and does everything in the company."),
        ("* *",),
    ),
    ADMINISTRATOR,
    RoleTemplate(
        "store_manager",
        _l("Store manager"),
        _l("Sales, stock and team of the own stores."),
        (
            "* @sales @clients @warehouse",
            "read,export @overview @reports @products @money @company",
            "write Employee",
            "read,write Expense",
            "read costs prices money contacts others_clients",
        ),
        never=("read salaries", "move_in *", "tell Payment"),
        all_stores=False,
    ),
    RoleTemplate(
        "order_manager",
        _l("Order manager"),
        _l("Takes, changes and confirms orders and writes to clients."),
        (
            "* @sales",
            "read,write @clients",
            "read @overview @products @warehouse Store",
            "read prices money contacts others_clients",
        ),
        never=(
            "read costs salaries",
            "delete,move_in *",
            "take_back_unsold GoodsReturn",
            "refund_beyond,tell Payment",
        ),
    ),
    RoleTemplate(
        "warehouse",
        _l("Warehouse"),
        _l("Assembles orders, receives goods, keeps the stock right."),
        (
            "* @warehouse",
            "read @products Order OrderLine GoodsReturn ReturnLine Store Supplier",
            "read others_clients",
        ),
        never=("read costs prices money contacts salaries", "export *"),
        all_stores=False,
    ),
    RoleTemplate(
        "cashier",
        _l("Cashier"),
        _l("Sells, takes back and closes the cash desk."),
        (
            "read,write Order OrderLine Payment GoodsReturn ReturnLine Client ContactPoint",
            "read @products @warehouse Certificate Store",
            "read prices money contacts others_clients",
        ),
        never=("read costs salaries", "write @products @warehouse"),
        all_stores=False,
    ),
    RoleTemplate(
        "reception",
        _l("Reception"),
        _l("Calendar, walk-ins and the clients at the counter."),
        (
            "read,write @clients Order OrderLine Payment",
            "read @products Certificate Store Employee",
            "read prices money contacts others_clients",
        ),
        never=("read costs salaries", "write Segment"),
        all_stores=False,
    ),
    RoleTemplate(
        "master",
        _l("Master"),
        _l("The own day and the notes of the own clients."),
        ("read Client Order OrderLine Product Variant Category Store", "read prices"),
        never=("read salaries costs contacts others_clients",),
        all_stores=False,
    ),
    RoleTemplate(
        "content_manager",
        _l("Content manager"),
        _l("Product cards, questions, reviews, articles and banners."),
        ("* @products @content", "read Store", "read prices others_clients"),
        never=("read contacts money costs salaries",),
    ),
    RoleTemplate(
        "campaign_manager",
        _l("Campaign manager"),
        _l("Segments, campaigns and what they earned."),
        (
            "* @marketing Segment",
            "read,write ClientMessage",
            "read @overview @reports @clients @sales @products Store",
            "read prices money contacts others_clients",
        ),
        never=("read costs salaries",),
    ),
    RoleTemplate(
        "accountant",
        _l("Accountant"),
        _l("Payments, expenses and the closing of months."),
        (
            "* @money",
            "take_back_unsold GoodsReturn",
            "refund_beyond Payment",
            "read,export @overview @reports @sales @clients @products @warehouse Store Employee",
            "read costs prices money contacts salaries others_clients",
        ),
        never=("* @marketing",),
    ),
    RoleTemplate(
        "franchise_owner",
        _l("Franchise owner"),
        _l("Looks at the franchise and each of its stores, changes nothing."),
        ("read @overview @reports Store Franchise", "read prices money others_clients"),
        all_stores=False,
    ),
)

SUPERUSER = RoleTemplate(
    "superuser",
    _l("Superuser"),
    _l("Looks after the installation; sees no company's clients."),
    ("* *",),
    installation=True,
)


def template(key: str) -> RoleTemplate | None:
    """Return the template of that key."""
    return next((one for one in TEMPLATES if one.key == key), None)
