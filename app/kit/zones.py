"""Time zones by their IANA names, and the day that a moment falls on in one."""

from datetime import date, datetime, time, timedelta
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from flask_babel import lazy_gettext as _l

from app.kit.errors import Invalid


@cache
def zone_names() -> tuple[str, ...]:
    """Return the zones to choose from: UTC, and one a place without its historical names."""
    # zone.tab keeps a name per country; tzdata.zi has merged some (Amsterdam into Brussels).
    lines = files("tzdata.zoneinfo").joinpath("zone.tab").read_text("utf-8").splitlines()
    return (*sorted(line.split("\t")[2] for line in lines if line and line[0] != "#"), "UTC")


@cache
def _aliases() -> dict[str, str]:
    """Second names with the present one: Europe/Kiev is Europe/Kyiv."""
    known = set(zone_names())
    lines = files("tzdata.zoneinfo").joinpath("tzdata.zi").read_text("utf-8").splitlines()
    links = {alias: target for _, target, alias in (x.split() for x in lines if x[:2] == "L ")}
    return {
        alias: "UTC" if target == "Etc/UTC" else target
        for alias, target in links.items()
        if alias not in known and (target in known or target == "Etc/UTC")
    }


def canonical_zone(name: str) -> str:
    """Return the present IANA name of a zone, given any of its names.

    Raises Invalid for an unknown one.
    """
    wanted = name.strip()
    if wanted in zone_names():
        return wanted
    if wanted in ("Etc/UTC", *_aliases()):
        return _aliases().get(wanted, "UTC")
    raise Invalid(_l("“%(zone)s” is not a time zone. Write it like Europe/Berlin.", zone=name))


def zone(name: str) -> ZoneInfo:
    """Return the zone itself. Raises Invalid for an unknown name."""
    return ZoneInfo(canonical_zone(name))


def local(at: datetime, zone_name: str) -> datetime:
    """Return the moment on the clocks of the zone.

    Raises ValueError for a time without a zone of its own.
    """
    if at.tzinfo is None:
        raise ValueError("A moment needs a zone before it can be placed in another.")
    return at.astimezone(zone(zone_name))


def business_date(at: datetime, zone_name: str) -> date:
    """Return the day on which `at` falls in the zone."""
    return local(at, zone_name).date()


def day_bounds(day: date, zone_name: str) -> tuple[datetime, datetime]:
    """Return the first moments of the day and of the next: 23 to 25 hours apart."""
    place = zone(zone_name)
    return (
        datetime.combine(day, time(), place),
        datetime.combine(day + timedelta(days=1), time(), place),
    )
