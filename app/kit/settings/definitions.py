"""What can be set: name, type, default, words, who may change it."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Any, Generic, TypeVar

from flask_babel import lazy_gettext as _l

from app.kit.errors import Invalid, NotFound
from app.kit.registry import Registry

T = TypeVar("T")

_KINDS = (bool, int, Decimal, str, list, dict)


@dataclass(frozen=True)
class Setting(Generic[T]):
    """One setting. `check` takes a value of the type and returns it (tidied) or raises Invalid.

    `type` is bool, int, Decimal, str, list, dict or a Choice. A secret is a str. `permission` names
    who may change it; None leaves it to the company's administrators. `before_put` raises Invalid
    for a value that must not be kept, and is not asked when a kept one is read: what the network
    says is for it.
    """

    name: str
    type: type[T]
    default: T
    label: Any
    area: str = "company"
    help: Any = ""
    secret: bool = False
    permission: str | None = None
    check: Callable[[T], T] | None = None
    before_put: Callable[[T], None] | None = None
    order: int = 0

    def __post_init__(self) -> None:
        if self.type not in _KINDS and not issubclass(self.type, Enum):
            raise TypeError(f"Setting {self.name} cannot be kept as {self.type.__name__}.")
        if self.secret and self.type is not str:
            raise TypeError(f"Setting {self.name} is a secret and so must be text.")

    def clean(self, raw: Any) -> T:
        """Return a value of the type from what a form or a call gives. Raises Invalid."""
        try:
            value: Any = self._typed(raw)
        except (ValueError, TypeError, InvalidOperation) as error:
            raise Invalid(
                _l("“%(value)s” does not fit “%(label)s”.", value=raw, label=self.label),
                field=self.name,
            ) from error
        return self.check(value) if self.check is not None else value

    def _typed(self, raw: Any) -> Any:
        if issubclass(self.type, Enum):
            return self.type(raw)
        if self.type is Decimal:
            if isinstance(raw, bool | float):
                raise TypeError
            number = Decimal(raw)
            if not number.is_finite():
                raise ValueError
            return number
        if self.type is int and isinstance(raw, str):
            return int(raw)
        if not isinstance(raw, self.type) or (self.type is int and isinstance(raw, bool)):
            raise TypeError
        return raw

    def to_json(self, value: T) -> Any:
        """Return the value as jsonb keeps it; Decimals as text, so that no digit is lost."""
        if isinstance(value, Enum):
            return value.value
        return str(value) if isinstance(value, Decimal) else value

    def from_json(self, kept: Any) -> T:
        """Return the value from jsonb; the default when a choice kept long ago exists no more."""
        try:
            typed: T = self._typed(kept)
        except (ValueError, TypeError, InvalidOperation):
            return self.default
        return typed


_settings: Registry[Setting[Any]] = Registry("setting")


def define(setting: Setting[T]) -> Setting[T]:
    """Make the setting known. Raises Duplicate when another one has its name."""
    _settings.register(setting)
    return setting


def definition(name: str) -> Setting[Any]:
    """Return the setting of that name. Raises NotFound."""
    found = _settings.get(name)
    if found is None:
        raise NotFound(_l("There is no setting “%(name)s”.", name=name))
    return found


def definitions(area: str | None = None) -> list[Setting[Any]]:
    """All settings, or those of one area, in order."""
    return [setting for setting in _settings if area in (None, setting.area)]


def areas() -> list[str]:
    """Return the areas that have settings, in the order of their first."""
    return list(dict.fromkeys(setting.area for setting in _settings))
