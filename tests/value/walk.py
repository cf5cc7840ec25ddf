"""What the walk is told about certificates."""

from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from app.value import operations
from app.value.screens import CertificateScreen
from tests.factories import NOON, make_certificate
from tests.screens.declaring import Told


def _blocked(session: Session) -> Any:
    certificate = make_certificate(session)
    operations.block_certificate(session, certificate, by=None, at=NOON)
    return certificate


WALK = {
    CertificateScreen: Told(
        does={
            "activate": partial(make_certificate, active=False),
            "block": make_certificate,
            "unblock": _blocked,
        }
    ),
}
