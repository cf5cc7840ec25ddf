"""The SQL functions of the application, each registered once with its owner and its callers.

A `SECURITY DEFINER` function that is not in this registry fails the walk over the catalogue.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from app.kit.database.stamp import BOUND_ROLES, Role
from app.kit.fold import FOLD_SQL
from app.kit.registry import Registry

APPLICATION = (Role.APP, *BOUND_ROLES)


@dataclass(frozen=True, slots=True)
class SqlFunction:
    """One function: `signature` as in `name(arg type, …)`, `sql` the CREATE OR REPLACE statement.

    `early` ones are needed by column defaults and are made before any table. A definer function
    runs with its owner's rights: it repeats the company condition itself and sets its search_path.
    """

    signature: str
    sql: str
    schema: str = "public"
    owner: Role = Role.OWNER
    callers: tuple[Role, ...] = APPLICATION
    definer: bool = False
    early: bool = False
    tables: tuple[str, ...] = field(default=())

    @property
    def name(self) -> str:
        """Its name among all: schema.name(arg type, …)."""
        return f"{self.schema}.{self.signature}"


FUNCTIONS: Registry[SqlFunction] = Registry("SQL function")


def register(function: SqlFunction) -> SqlFunction:
    """Add a function to what `install` writes. Raises Duplicate when another has its name."""
    FUNCTIONS.register(function)
    return function


COMPANY = register(
    SqlFunction(
        "crm_company()",
        """create or replace function crm_company() returns bigint language sql stable
parallel safe return nullif(current_setting('app.company_id', true), '')::bigint""",
        callers=tuple(Role),
        early=True,
    )
)

register(SqlFunction("fold(text)", FOLD_SQL, callers=tuple(Role), early=True))

# A row's xmin has 32 of the 64 bits: within two thousand million transactions that is enough.
register(
    SqlFunction(
        "crm_written_before(xid, bigint)",
        """create or replace function crm_written_before(written xid, horizon bigint)
returns boolean language sql immutable parallel safe return
  ((written::text::bigint - horizon) & 4294967295) >= 2147483648""",
    )
)
