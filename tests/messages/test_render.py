"""Templates of the company: what they can do, and what they cannot."""

from __future__ import annotations

from decimal import Decimal

import pytest

from app.kit.errors import Invalid
from app.messages.engine.html_text import text_of_html
from app.messages.engine.render import MOST_SOURCE, RenderError, Template, check, longest, plain


def test_values_are_escaped_in_html_and_not_in_text() -> None:
    values = {"name": "<Ann & Co>"}
    assert Template("Hi {{ name }}", html=True).render(values) == "Hi &lt;Ann &amp; Co&gt;"
    assert Template("Hi {{ name }}").render(values) == "Hi <Ann & Co>"


def test_a_plain_template_needs_few_words() -> None:
    source = (
        "{% if goods %}{% for item in goods %}{{ loop.index }}. {{ item.name|upper }}"
        "{% if not loop.last %}, {% endif %}{% endfor %}{% else %}nothing{% endif %}"
    )
    goods = [{"name": "tea"}, {"name": "cup"}]
    assert Template(source).render({"goods": goods}) == "1. TEA, 2. CUP"
    assert Template(source).render({"goods": []}) == "nothing"
    assert (
        Template("{{ name|default('you', true) }}{{ nick }}").render({"name": "", "nick": None})
        == "you"
    )


@pytest.mark.parametrize(
    "source",
    [
        "{{ name.upper() }}", "{{ name|attr('__class__') }}",
        "{{ range(10) }}", "{% set a = 1 %}", "{{ 'a' * 1000000000 }}", "{{ 2 ** 999999999 }}",
        "{{ name ~ name }}", "{{ name + name }}", "{% include 'x' %}", "{% extends 'x' %}",
        "{% macro m() %}{{ m() }}{% endmacro %}", "{% import 'x' as y %}", "{{ name|replace('a', 'b') }}",
        "{{ '%s'|format(name) }}", "{{ lipsum() }}", "{% filter upper %}x{% endfilter %}",
        "{% call name() %}{% endcall %}", "{% block a %}{% endblock %}", "{{ [1, 2] }}",
        "{% for a in x recursive %}{% endfor %}", "{{ name % name }}", "{{ name|map('upper') }}",
        "{% for a in x %}{% for b in a %}{% for c in b %}{% endfor %}{% endfor %}{% endfor %}",
        "{% if %}", "{{ name", "x" * (MOST_SOURCE + 1), "{{" + "(" * 3000 + ")" * 3000 + "}}",
    ],
)  # fmt: skip
def test_what_the_language_lacks_is_refused_when_saved(source: str) -> None:
    with pytest.raises(Invalid):
        Template(source)


class Thing:
    secret = "42"

    def __str__(self) -> str:
        return "thing"


@pytest.mark.parametrize(
    "source",
    ["{{ ''.__class__.__mro__ }}", "{{ thing.secret }}", "{{ thing['secret'] }}", "{{ thing.__class__ }}", "{{ values.items }}",
     "{{ values['__class__'] }}", "{{ missing }}", "{{ values.missing }}", "{{ name.upper }}"],
)  # fmt: skip
def test_no_attribute_of_an_object_is_ever_reached(source: str) -> None:
    with pytest.raises(RenderError):
        Template(source).render({"thing": Thing(), "values": {"a": 1}, "name": "x"})


def test_a_result_beyond_the_limit_is_an_error_of_this_recipient() -> None:
    template = Template(
        "{% for a in x %}{% for b in x %}0123456789{% endfor %}{% endfor %}", most=1000
    )
    assert len(template.render({"x": [1] * 10})) == 1000
    with pytest.raises(RenderError):
        template.render({"x": [1] * 11})


@pytest.mark.parametrize("html", [False, True])
@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("Hi {{ name|upper }}!", "Hi !"), ("Hi {{ name|title|trim }}!", "Hi !"),
        ("{{ name|truncate(5) }}", ""), ("{{ name|e }}", ""), ("{{ name|urlencode }}", ""),
        ("{{ name|length }}", "0"), ("{{ name|int }}", "0"), ("{{ name|first }}", ""),
        ("{{ name|join(', ') }}", ""), ("{{ name|default('you', true)|upper }}", "YOU"),
    ],
)  # fmt: skip
def test_an_absent_value_is_nothing_whatever_is_done_with_it(
    source: str, text: str, *, html: bool
) -> None:
    assert Template(source, html=html).render({"name": None}) == text


@pytest.mark.parametrize("value", [None, "", "  ", []])
@pytest.mark.parametrize("source", ["{{ name|default('there') }}", "{{ name|d('there')|trim }}"])
def test_an_empty_value_gives_the_word_that_stands_for_it(source: str, value: object) -> None:
    assert Template(source).render({"name": value}) == Template(source).render({}) == "there"


def test_nought_is_a_value_and_gives_way_only_where_the_text_says_so() -> None:
    assert Template("{{ n|default('none') }}").render({"n": 0}) == "0"
    assert Template("{{ n|default('none', true) }}").render({"n": 0}) == "none"
    assert Template("{{ name|default(city) }}").render({"name": "", "city": "Ulm"}) == "Ulm"


@pytest.mark.parametrize(
    ("source", "made"),
    [
        ("{{ 2.5|round }} {{ '1.005'|round(2) }} {{ n|round(1, 'floor') }}", "3 1.01 7.2"),
        ("{{ '12 '|int + 0 if false else '12 '|int }}", None),
        ("{{ '3.9'|int }} {{ 'x'|int(5) }} {{ '1e999'|int }}", "3 5 0"),
        ("{{ 'one two three'|truncate(9, leeway=0) }}", "one..."),
        ("{{ 'ada-maria o(neil)'|title }} {{ 'ADA'|capitalize }}", "Ada-Maria O(Neil) Ada"),
        ("{{ goods|join(', ', attribute='name') }} {{ goods[-1].name }}", "tea, cup cup"),
        ("{{ goods|length }}{% if n > 7 and 'a' in 'ab' and n is number %}!{% endif %}", "2!"),
        ("{{ 'yes' if missing is defined else 'no' }}", "no"),
        ("{% for one in goods if one.name != 'tea' %}{{ loop.length }}{{ one.name }}{% endfor %}", "1cup"),
        ("{% for one in none_given|default(goods) %}{% endfor %}", None),
        ("{{ 'a b/c'|urlencode }} {{ '<a>'|e }}", "a%20b/c &lt;a&gt;"),
    ],
)  # fmt: skip
def test_what_texts_need_is_there(source: str, made: str | None) -> None:
    values = {"n": Decimal("7.25"), "goods": [{"name": "tea"}, {"name": "cup"}]}
    if made is None:
        with pytest.raises(Invalid, match="Line 1"):
            Template(source)
    else:
        assert Template(source).render(values) == made


def test_unknown_variables_are_named_when_saved() -> None:
    assert check("{{ a }} {{ b.c }}", frozenset("ab")) == {"a", "b"}
    with pytest.raises(Invalid, match="first_nam"):
        check("Hi {{ first_nam }}", frozenset(["first_name"]))


def test_only_plain_values_reach_a_template() -> None:
    assert plain({"a": Thing(), "b": [Decimal("1.50"), None, (1,)], 3: True}) == {
        "a": "thing", "b": [Decimal("1.50"), None, [1]], "3": True,
    }  # fmt: skip


def test_the_longest_values_met() -> None:
    samples = [{"name": "Al", "n": None}, {"name": "Alexandra", "n": 7}, {"name": "Bo", "n": 12}]
    assert longest(samples) == {"name": "Alexandra", "n": 12}


def test_the_text_part_keeps_template_tags_and_links() -> None:
    html = """<html><head><title>t</title><style>p {color: red}</style></head><body>
      <h1>Hi {{ first_name }},</h1><p>See
      <a href="{{ link }}">our   <b>offer</b></a>.<br>Bye &amp; <i>thanks</i></p>
      {% if a < b %}<ul><li>one</li><li>two</li></ul>{% endif %}<img src="x" alt="Logo"></body></html>"""
    assert text_of_html(html) == (
        "Hi {{ first_name }},\n\nSee our offer ({{ link }}).\nBye & thanks\n\n{% if a < b %}\n\n"
        "- one\n- two\n\n{% endif %}[Logo]\n"
    )


@pytest.mark.parametrize("source", ["{% if %}", "{{ name", "{% if a %}", "{{ 'a }}", "{{ a b }}"])
def test_what_cannot_be_read_is_said_in_our_words_and_the_readers_language(source: str) -> None:
    with pytest.raises(Invalid) as refused:
        Template(f"Hello,\n{source}")
    assert str(refused.value) == (
        "Line 2: this cannot be read. Is a bracket, a quotation mark, an “if” or a “for” left open?"
    )
