"""${message[:1].upper()}${message[1:].rstrip(".")}.

Drafted by Alembic from the models and read by a person. Functions, grants, policies and triggers are
no part of it: they are installed after it, the same for every version.

Revision ${up_revision}, after ${down_revision or "none" | comma,n}, made ${create_date}.
"""

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    ${downgrades if downgrades else "pass"}
