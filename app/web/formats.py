"""How values are written: numbers, money, dates and states, in the reader's language and time zone.

Registered as Jinja filters by `app.web.init_app`. The rules are those of the look: minus is "−",
near dates are relative, times always stand in `<time datetime>`, counts are capped ("more than
10,000").
"""

# ruff: noqa: PLR0911 - one line for each kind of value
# ruff: noqa: S704 - Markup.format escapes what it is given

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from functools import lru_cache

from babel import Locale
from babel.dates import format_date, format_skeleton, format_time
from babel.numbers import (
    format_decimal,
    get_currency_symbol,
    get_decimal_symbol,
    get_group_symbol,
)
from flask_babel import get_timezone, ngettext
from flask_babel import gettext as _
from markupsafe import Markup, escape

from app.kit import clock
from app.kit.choices import Choice
from app.kit.i18n.reading import locale
from app.kit.money import currency_digits
from app.kit.money_text import format_amount, format_price, price_digits

MINUS = "−"
NONE = "–"
COUNT_CAP = 10_000

TONES = {
    "green": "good",
    "amber": "warn",
    "yellow": "warn",
    "orange": "warn",
    "red": "bad",
    "blue": "info",
    "grey": "",
}


def _now() -> datetime:
    return clock.now()


@dataclass(frozen=True, slots=True)
class Hand:
    """How one reader's values are written. Who writes hundreds asks for it once."""

    locale: Locale
    tongue: str
    zone: tzinfo
    today: date

    def local(self, value: datetime) -> datetime:
        """Return a moment as the reader's clock shows it; one without a zone is UTC."""
        aware = value if value.tzinfo else value.replace(tzinfo=UTC)
        return aware.astimezone(self.zone)


def hand() -> Hand:
    """Return the hand of this request: language, zone and day of its reader."""
    where, zone = locale(), get_timezone() or UTC
    return Hand(where, str(where), zone, _now().astimezone(zone).date())


def _signed(text: str) -> str:
    """Every minus as the typographic one."""
    return (
        text.replace("-", MINUS)
        if text.startswith("-")
        else text.replace("\N{HYPHEN-MINUS}", MINUS, 1)
    )


@lru_cache(maxsize=64)
def _symbols(tongue: str) -> tuple[str, str]:
    """Return the decimal point and what parts thousands in a language."""
    where = Locale.parse(tongue)
    return get_decimal_symbol(where), get_group_symbol(where)


def number(value: object, decimals: int | None = None, by: Hand | None = None) -> str:
    """1,284.5, with a fixed number of decimals when one is given."""
    if value is None:
        return NONE
    by = by or hand()
    whole = isinstance(value, int) and not decimals
    if isinstance(value, Decimal | int) and (whole or decimals is not None):
        point, group = _symbols(by.tongue)
        # What Babel writes, ten times faster: a list holds hundreds of amounts.
        text = f"{abs(value):,}" if whole else f"{abs(value):,.{decimals}f}"
        text = text.translate({44: group, 46: point})
        return MINUS + text if value < 0 and text.strip("0" + point + group) else text
    pattern = (
        "#,##0.########"
        if decimals is None
        else "#,##0" + ("." + "0" * decimals if decimals else "")
    )
    return _signed(format_decimal(_decimal(value), format=pattern, locale=by.locale))


def money(value: object, currency: str = "", by: Hand | None = None, head: str = "") -> str:
    """€2,318.40; without a currency the figures alone, with as many decimals as `head` has."""
    if value is None:
        return NONE
    by = by or hand()
    if not currency:
        return number(value, currency_digits(head) if head else 2, by)
    return _signed(format_amount(_decimal(value), currency, locale=by.tongue))


def price(value: object, currency: str = "", by: Hand | None = None, head: str = "") -> str:
    """£0.0125; a price for one, with the decimals that it has."""
    if value is None:
        return NONE
    by = by or hand()
    amount = _decimal(value)
    if not currency:
        return number(amount, price_digits(amount, head), by)
    return _signed(format_price(amount, currency, locale=by.tongue))


def percent(value: object, decimals: int = 1, by: Hand | None = None) -> str:
    """31.8 %; the value is in hundredths already (31.8, not 0.318)."""
    return NONE if value is None else f"{number(value, decimals, by)} %"


def change(now: object, before: object) -> str:
    """▲ 12.4 %, ▼ 2.0 %, – unchanged; empty when there was nothing before."""
    new, old = _decimal(now), _decimal(before)
    if not old:
        return ""
    moved = (new - old) / abs(old) * 100
    if abs(moved) < Decimal("0.05"):
        return str(_("– unchanged"))
    return f"{'▲' if moved > 0 else '▼'} {number(abs(moved), 1)} %"


def currency_symbol(code: str) -> str:
    """€ for EUR."""
    return str(get_currency_symbol(code, locale=locale())) if code else ""


def capped(count: int | None, cap: int = COUNT_CAP) -> str:
    """Return "212", or "more than 10,000" when it is more, or not known."""
    if count is None or count > cap:
        return str(_("more than %(number)s", number=number(cap)))
    return number(count)


def _decimal(value: object) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(str(value))


@lru_cache(maxsize=4096)
def _day(day: date, today: date, tongue: str) -> str:
    """Today's neighbours by name, then 14 Nov, with the year when it is another.

    The result holds for one day.
    """
    where = Locale.parse(tongue)
    skeleton = "MMMd" if day.year == today.year else "yMMMd"
    return format_skeleton(skeleton, day, locale=where)


def day_text(day: date, by: Hand) -> str:
    """Near days are relative: today, yesterday, tomorrow."""
    distance = (day - by.today).days
    if abs(distance) > 1:
        return _day(day, by.today, by.tongue)
    return {0: _("today"), -1: _("yesterday"), 1: _("tomorrow")}[distance]


@lru_cache(maxsize=4096)
def _full_day(day: date, tongue: str) -> str:
    """Return a day in full, as the title of a short one: formatting one costs as much as a row."""
    return format_date(day, "full", locale=Locale.parse(tongue))


def when(
    value: date | datetime | None,
    clock_time: bool | None = None,  # noqa: FBT001 - a filter's argument
    by: Hand | None = None,
) -> Markup:
    """Return a date or moment in `<time datetime>`.

    The time of day stands by default only with today and yesterday.
    """
    if value is None:
        return Markup(NONE)
    by = by or hand()
    if not isinstance(value, datetime):
        return Markup(f'<time datetime="{value}">{escape(day_text(value, by))}</time>')
    local = by.local(value)
    day = local.date()
    text = day_text(day, by)
    if clock_time or (clock_time is None and abs((day - by.today).days) <= 1):
        text = f"{text}, {_clock(local.hour, local.minute, by.tongue)}"
    title = f"{_full_day(day, by.tongue)} {local:%H:%M}"
    iso = local.isoformat(timespec="minutes")
    return Markup(f'<time datetime="{iso}" title="{escape(title)}">{escape(text)}</time>')


@lru_cache(maxsize=1440)
def _clock(hour: int, minute: int, tongue: str) -> str:
    return format_time(time(hour, minute), "short", locale=Locale.parse(tongue))


def ago(value: datetime | None) -> Markup:
    """Return "3 minutes ago" for the last hour, then as `when`."""
    if value is None:
        return Markup(NONE)
    passed = _now() - (value if value.tzinfo else value.replace(tzinfo=UTC))
    minutes = int(passed / timedelta(minutes=1))
    if not 0 <= minutes < 60:
        return when(value, clock_time=True)
    text = (
        ngettext("%(num)d minute ago", "%(num)d minutes ago", minutes) if minutes else _("just now")
    )
    return Markup('<time datetime="{}">{}</time>').format(
        hand().local(value).isoformat(timespec="minutes"), text
    )


def tone(value: object) -> str:
    """Return the class of a tone.

    The colour words of choices and the state words of the style sheet both work.
    """
    text = str(value or "")
    return TONES.get(text, text)


def initials(name: object) -> str:
    """AP for Angelhaus Petersen; two letters at most."""
    words = [word for word in str(name or "").split() if word[0].isalnum()]
    return (
        "".join(word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words)).upper()
        or "?"
    )


def _text(value: object, by: Hand | None = None) -> object:
    """Return what a value looks like when its column says nothing about it."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, datetime | date):
        return when(value, by=by)
    if isinstance(value, time):
        return format_time(value, "short", locale=locale())
    if isinstance(value, int | float | Decimal):
        return number(value, by=by)
    return getattr(value, "label", value)


def badge(value: object, colour: object = "", by: Hand | None = None) -> Markup:
    """Return a state: a dot and a word. A Choice brings its own label and tone."""
    if value is None or value == "":
        return Markup("")
    if isinstance(value, Choice) and not colour:
        return _choice_badge(type(value), value, by.tongue if by else str(locale()))
    kind = tone(colour or getattr(value, "tone", ""))
    label = getattr(value, "label", None) or _text(value)
    return (
        Markup('<span class="bdg {}">{}</span>').format(kind, label)
        if kind
        else _plain_badge(label)
    )


@lru_cache(maxsize=4096)
def _choice_badge(_kind: type[Choice], member: Choice, _tongue: str) -> Markup:
    """Return a member's badge; kept by its enumeration too, as two may share a value."""
    kind = tone(member.tone)
    if not kind:
        return _plain_badge(member.label)
    return Markup('<span class="bdg {}">{}</span>').format(kind, member.label)


def _plain_badge(label: object) -> Markup:
    return Markup('<span class="bdg">{}</span>').format(label)


def _tags(value: object) -> Markup:
    if not isinstance(value, list | tuple | set | frozenset):
        value = [value] if value else []
    return Markup(" ").join(Markup('<span class="lbl">{}</span>').format(one) for one in value)


def shown(
    value: object,
    kind: str = "text",
    currency: str = "",
    colour: object = "",
    by: Hand | None = None,
    head: str = "",
) -> object:
    """Return a cell's value by the kind of its column, whose currency may stand in its `head`.

    Text that a screen has already written is left as it is.
    """
    if kind in ("text", "lead", "link") and isinstance(value, str):
        return getattr(value, "label", value)
    if kind in ("money", "price"):
        if value is None or isinstance(value, str):
            return value or ""
        return (money if kind == "money" else price)(value, currency, by, head)
    if kind == "badge":
        return badge(value, colour, by)
    if kind == "tags":
        return _tags(value)
    if kind == "percent" and not isinstance(value, str):
        return "" if value is None else percent(value, by=by)
    if kind == "datetime" and isinstance(value, datetime):
        return when(value, clock_time=True, by=by)
    return _text(value, by)


def dash(value: object) -> object:
    """Return an en dash in place of nothing."""
    return NONE if value is None or str(escape(value)) == "" else value


FILTERS: dict[str, Callable[..., object]] = {
    "ago": ago,
    "badge": badge,
    "change": change,
    "currency_symbol": currency_symbol,
    "dash": dash,
    "initials": initials,
    "money": money,
    "number": number,
    "percent": percent,
    "price": price,
    "shown": shown,
    "tone": tone,
    "when": when,
}
