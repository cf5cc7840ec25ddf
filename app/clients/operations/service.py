"""Who served a client, and looks after them from then on."""

from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.orm import Session

from app.clients.choices import ServedBecause
from app.clients.models import ClientEmployee
from app.kit.database.session import unbound


def note_served(session: Session, client_id: int, employee_id: int) -> None:
    """Note that an employee served the client, who is one of theirs from then on.

    For what serves clients: visits, appointments. The caller has seen to it that it happened.
    """
    served = pg_insert(ClientEmployee).values(
        client_id=client_id, employee_id=employee_id, why=ServedBecause.SERVED
    )
    with unbound(session):
        session.execute(served.on_conflict_do_nothing())
