"""Reading and changing the settings of the stamped company."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.kit.access import OfTheWhole
from app.kit.database.stamp import current_stamp
from app.kit.errors import Conflict
from app.kit.secrets import CannotOpen, hint, vault
from app.kit.settings.definitions import Setting
from app.kit.settings.models import CompanySetting

T = TypeVar("T")


class SecretLost(Conflict):
    """The keys of this installation do not open the kept secret."""

    def __init__(self, setting: Setting[Any]) -> None:
        super().__init__(
            _l("“%(label)s” can no longer be read. Please enter it again.", label=setting.label),
            field=setting.name,
        )


@dataclass(frozen=True, slots=True)
class SecretState:
    """All that may be shown of a secret; one that is lost is set, and no key opens it."""

    is_set: bool
    hint: str = ""
    changed_at: datetime | None = None
    is_lost: bool = False


def get(session: Session, setting: Setting[T]) -> T:
    """Return the company's value, else the default.

    Raises SecretLost for a secret that no key opens.
    """
    return _value(setting, _row(session, setting.name))


def get_many(session: Session, settings: Iterable[Setting[Any]]) -> dict[str, Any]:
    """Values by name, in one query. Secrets are left out: ask for each by itself."""
    wanted = {setting.name: setting for setting in settings if not setting.secret}
    rows = session.scalars(select(CompanySetting).where(CompanySetting.name.in_(wanted)))
    kept = {row.name: row for row in rows}
    return {name: _value(setting, kept.get(name)) for name, setting in wanted.items()}


def put(session: Session, setting: Setting[T], value: Any) -> T:
    """Keep a value for the company, or seal a secret; return it as kept.

    Raises Invalid, and OfTheWhole under the stamp of somebody bound to stores.
    """
    _refuse_bound(session)
    clean = setting.clean(value)
    if setting.before_put is not None:
        setting.before_put(clean)
    row = _made(session, setting)
    if setting.secret:
        context = _context(row)
        row.sealed, row.hint = vault().seal(str(clean), context), hint(str(clean))
    else:
        row.value = setting.to_json(clean)
    session.flush()
    return clean


def reset(session: Session, setting: Setting[Any]) -> None:
    """Forget what the company set: the default holds again, a secret is gone. Raises OfTheWhole."""
    _refuse_bound(session)
    row = _row(session, setting.name)
    if row is not None:
        session.delete(row)
        session.flush()


def _refuse_bound(session: Session) -> None:
    stamp = session.info.get("stamp") or current_stamp()
    if stamp is not None and stamp.bound:
        raise OfTheWhole


def secret_state(session: Session, setting: Setting[str]) -> SecretState:
    """Whether a secret is set, and its last letters: “set, ends in …abcd”."""
    row = _row(session, setting.name)
    if row is None:
        return SecretState(is_set=False)
    lost = not _opens(row)
    return SecretState(is_set=True, hint=row.hint or "", changed_at=row.changed_at, is_lost=lost)


def reseal_all(session: Session) -> tuple[int, list[str]]:
    """Put the company's secrets under the newest key.

    Return how many were moved, and the names of those that no key opens, which stay as they are.
    """
    moved, lost = 0, []
    sealed = select(CompanySetting).where(CompanySetting.sealed.is_not(None))
    for row in session.scalars(sealed.order_by(CompanySetting.name).with_for_update()):
        if not _opens(row):
            lost.append(row.name)
        elif not vault().is_current(row.sealed or ""):
            row.sealed = vault().reseal(row.sealed or "", _context(row))
            moved += 1
    session.flush()
    return moved, lost


def _opens(row: CompanySetting) -> bool:
    try:
        vault().open(row.sealed or "", _context(row))
    except CannotOpen:
        return False
    return True


def _row(session: Session, name: str) -> CompanySetting | None:
    return session.scalars(select(CompanySetting).where(CompanySetting.name == name)).one_or_none()


def _made(session: Session, setting: Setting[Any]) -> CompanySetting:
    """Return the locked row, made when it is missing; two who set it first do not collide."""
    filler: dict[str, Any] = (
        {"sealed": "", "hint": ""}
        if setting.secret
        else {"value": setting.to_json(setting.default)}
    )
    session.execute(
        insert(CompanySetting)
        .values(name=setting.name, **filler)
        .on_conflict_do_nothing(index_elements=["company_id", "name"])
    )
    wanted = select(CompanySetting).where(CompanySetting.name == setting.name)
    return session.scalars(wanted.with_for_update().execution_options(populate_existing=True)).one()


def _value(setting: Setting[T], row: CompanySetting | None) -> T:
    if row is None:
        return setting.default
    if not setting.secret:
        return setting.from_json(row.value)
    try:
        return setting.clean(vault().open(row.sealed or "", _context(row)))
    except CannotOpen as error:
        raise SecretLost(setting) from error


def _context(row: CompanySetting) -> str:
    """Return what a sealed value is bound to: this company's setting and no other."""
    return f"{row.company_id}:{row.name}"
