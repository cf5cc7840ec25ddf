"""Phones, emails, zones and the clock: many spellings come in, one goes on."""

from datetime import UTC, date, datetime, timedelta

import pytest
from babel import Locale

from app.kit import clock
from app.kit.codes import countries, read_country
from app.kit.email_address import ascii_email, normalise_email
from app.kit.errors import CrmError, Invalid, NotFound, Refused
from app.kit.phone import display_phone, normalise_phone, phone_digits, phone_keys
from app.kit.zones import business_date, canonical_zone, day_bounds, local, zone_names

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("raw", "region", "number"),
    [
        ("030 23125000", "DE", "+493023125000"),
        ("+49 (0)30 / 23125-000", None, "+493023125000"),
        ("(050) 123-45-67", "UA", "+380501234567"),
        ("00 380 50 123 45 67", "DE", "+380501234567"),
        ("+55 11 99999-0000", "DE", "+5511999990000"),
        ("07700 900123", "GB", "+447700900123"),
        ("(202) 555-0123", "US", "+12025550123"),
    ],
)
def test_every_spelling_of_a_number_becomes_e164(raw: str, region: str, number: str) -> None:
    assert normalise_phone(raw, region) == number


@pytest.mark.parametrize(
    ("raw", "region", "sentence"),
    [
        ("call me", "DE", "“call me” is not a phone number"),
        ("", "DE", "is not a phone number"),
        ("050 1234567", None, r"country code, like \+49"),
        ("+49 30", None, "not a complete phone number"),
        ("030 23125000 ext. 12", "DE", "Leave out the extension"),
    ],
)
def test_a_wrong_number_is_refused_in_words(raw: str, region: str | None, sentence: str) -> None:
    with pytest.raises(Invalid, match=sentence):
        normalise_phone(raw, region)


def test_a_number_is_national_at_home_and_international_abroad() -> None:
    assert display_phone("+493023125000", "DE") == "030 23125000"
    assert display_phone("+493023125000", "UA") == "+49 30 23125000"
    assert display_phone("no number", "DE") == "no number"
    assert phone_digits("(050) 123-45") == "05012345"


@pytest.mark.parametrize(
    ("raw", "normal"),
    [
        (" Owner@Demo.Example ", "owner@demo.example"),
        ("A.B+c@EXAMPLE.com", "a.b+c@example.com"),
        ("kontakt@MÜNCHEN.de", "kontakt@münchen.de"),
        ("kontakt@xn--mnchen-3ya.de", "kontakt@münchen.de"),
    ],
)
def test_every_spelling_of_an_address_becomes_one(raw: str, normal: str) -> None:
    assert normalise_email(raw) == normal


@pytest.mark.parametrize(
    "raw", ["", "a@", "a b@example.com", "a@example", "a@localhost", "a@@b.de"]
)
def test_a_wrong_address_is_refused_in_words(raw: str) -> None:
    with pytest.raises(Invalid, match=r"not an email address|No mail can be sent"):
        normalise_email(raw)


def test_an_address_has_a_form_for_plain_servers() -> None:
    assert ascii_email("kontakt@münchen.de") == "kontakt@xn--mnchen-3ya.de"
    with pytest.raises(Invalid, match="letters before the @"):
        ascii_email("jürgen@example.com")


@pytest.mark.parametrize(
    ("name", "canonical"),
    [
        ("Europe/Kiev", "Europe/Kyiv"),
        ("Europe/Kyiv", "Europe/Kyiv"),
        ("US/Eastern", "America/New_York"),
        ("Europe/Amsterdam", "Europe/Amsterdam"),
        ("Etc/UTC", "UTC"),
        ("Zulu", "UTC"),
        (" UTC ", "UTC"),
    ],
)
def test_a_zone_has_one_name(name: str, canonical: str) -> None:
    assert canonical_zone(name) == canonical
    assert canonical in zone_names()


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "../etc/passwd", "europe"])
def test_an_unknown_zone_is_refused_in_words(name: str) -> None:
    with pytest.raises(Invalid, match="is not a time zone"):
        canonical_zone(name)


def test_the_business_date_is_the_stores_own() -> None:
    late = datetime(2026, 6, 1, 22, 30, tzinfo=UTC)
    assert business_date(late, "Europe/Kiev") == date(2026, 6, 2)
    assert business_date(late, "America/Sao_Paulo") == date(2026, 6, 1)
    with pytest.raises(ValueError, match="zone"):
        local(datetime(2026, 6, 1), "UTC")  # noqa: DTZ001 -- a naive time is the point


def test_a_day_is_as_long_as_its_clocks_make_it() -> None:
    def length(day: date) -> timedelta:
        first, after = day_bounds(day, "Europe/Berlin")
        return after.astimezone(UTC) - first.astimezone(UTC)

    hours = [length(date(2026, *d)) / timedelta(hours=1) for d in ((3, 29), (7, 1), (10, 25))]
    assert hours == [23, 24, 25]


def test_the_clock_stands_still_when_held_and_runs_on_after() -> None:
    with clock.frozen(NOON) as held:
        assert clock.now() == NOON
        held.advance(timedelta(days=1))
        assert clock.now() == NOON + timedelta(days=1)
        with clock.frozen(NOON):
            assert clock.now() == NOON
        assert clock.now() == NOON + timedelta(days=1)
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)
    with pytest.raises(ValueError, match="zone"):
        clock.Frozen(datetime(2026, 1, 1))  # noqa: DTZ001 -- a naive time is the point


def test_an_error_is_a_sentence_and_a_status() -> None:
    assert [e().status for e in (CrmError, NotFound, Refused, Invalid)] == [409, 404, 403, 422]
    assert str(Invalid("Too long.", field="name")) == "Too long."
    assert str(NotFound()) == "This was not found."


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("DE", "DE"), (" de ", "DE"), ("DEU", "DE"), ("Deutschland", "DE"), ("Alemanha", "DE"),
        ("Німеччина", "DE"), ("Германия", "DE"), ("USA", "US"), ("U.S.A.", "US"), ("us", "US"),
        ("United States of America", "US"), ("the United States", "US"), ("США", "US"),
        ("Vereinigte Staaten", "US"), ("UK", "GB"), ("u. k.", "GB"), ("Holland", "NL"),
        ("España", "ES"), ("espana", "ES"), ("Italia", "IT"), ("Österreich", "AT"),
        ("Україна", "UA"), ("Turkey", "TR"), ("Türkiye", "TR"), ("Côte d'Ivoire", "CI"),
        ("日本", "JP"), ("276", "DE"), ("Czech Republic", "CZ"), ("Bosnia and Herzegovina", "BA"),
    ],
)  # fmt: skip
def test_countries_are_understood_by_name_code_and_usual_spelling(said: str, code: str) -> None:
    assert read_country(said) == code


def test_every_country_is_understood_in_each_of_our_languages() -> None:
    for tongue in ("en", "de", "pt_BR", "uk", "ru"):
        names = Locale.parse(tongue).territories
        wrong = [c for c in countries() if c in names and read_country(str(names[c])) != c]
        assert wrong == []


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("0171 1234567", "491711234567"),
        ("0049 171 1234567", "491711234567"),
        ("011 49 171 1234567", "491711234567"),
        ("0664 1234567", "6641234567"),
        ("8 912 345-67-89", "9123456789"),
    ],
)
def test_a_dictated_number_is_looked_for_as_it_may_be_kept(typed: str, key: str) -> None:
    assert key in phone_keys(typed, ("DE",))


def test_a_few_digits_are_no_number_of_any_country() -> None:
    assert phone_keys("0171", ("DE",)) == []
