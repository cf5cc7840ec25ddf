"""Texts that are written to stop a house: each is small, and would cost seconds or gigabytes."""

from __future__ import annotations

import gc
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager

_JOINS = "name" + "|join(name)" * 25
_ROW = "{% for a in goods %}{% for b in goods %}"
_END = "{% endfor %}{% endfor %}"

TEXTS = {
    "digits before the point": "{{ 1|round(4000000, 'ceil') }}",
    "digits behind it": "{{ 5|round(-3000000) }}",
    "digits by name": "{{ 5|round(precision=9999999, method='floor') }}",
    "digits of a value": "{{ 5|round(number) }}",
    "a join of joins": "{{ " + _JOINS + " }}",
    "a join of constants": "{{ 'aaaaaaaaaa'" + "|join('bbbbbbbbbb')" * 12 + " }}",
    "loops over a constant": "{% for a in '" + "x" * 2000 + "' %}{% for b in '" + "x" * 2000
    + "' %}{{ a }}{% endfor %}{% endfor %}",
    "loops over a text": "{% for a in name %}{% for b in name %}{{ a }}{{ b }}" + _END,
    "loops over a list": _ROW + "{{ a }}{{ b }}" * 500 + _END,
    "loops that write nothing": _ROW + "{% if a == b and a != b %}{% endif %}" * 400 + _END,
    "loops beside one another": (_ROW + _END) * 150,
    "a loop of three": _ROW + "{% for c in goods %}{{ c }}" + _END + "{% endfor %}",
    "a filter in a loop": _ROW + "{{ long|upper|lower|title|e|urlencode }}" + _END,
    "escaped again and again": "{{ long" + "|e" * 29 + " }}",
    "escaped for an address": "{{ long" + "|urlencode" * 29 + " }}",
    "a wide space": "{{ name|truncate(999999999, true, '" + "x" * 5000 + "') }}",
    "a number of digits": "{{ " + "9" * 150_000 + " }}",
    "a number of another base": "{{ 0x" + "f" * 150_000 + " }}",
    "a number as text": "{{ '" + "9" * 100_000 + "'|int }}",
    "a number with a power": "{{ '1e999999999'|int }}",
    "a number without end": "{{ 1e999 }}",
    "a base": "{{ '" + "z" * 4000 + "'|int(0, 36) }}",
    "a format": "{{ '%0999999999d'|format(1) }}",
    "a product": "{{ 'a' * 999999999 }}",
    "a power": "{{ 9 ** 999999 }}",
    "a power of powers": "{{ 9 ** 9 ** 9 ** 9 }}",
    "a sum of texts": "{% set a = 'aaaaaaaaaa' %}" + "{% set a = a ~ a ~ a ~ a %}" * 20 + "{{ a }}",
    "a range": "{% for a in range(999999999) %}{{ a }}{% endfor %}",
    "a centre": "{{ 'a'|center(999999999) }}",
    "an indent": "{{ 'a\nb'|indent(999999999) }}",
    "a batch": "{{ name|batch(999999999, 'x')|list }}",
    "lorem ipsum": "{{ lipsum(n=100000) }}",
    "a macro that calls itself": "{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}",
    "brackets": "{{ " + "(" * 60_000 + ")" * 60_000 + " }}",
    "conditions in conditions": "{% if name %}" * 5000 + "{% endif %}" * 5000,
    "a long condition": "{{ name" + " and name" * 20_000 + " }}",
    "no and no and no": "{{ " + "not " * 40_000 + "name }}",
    "many tags": "{{ name }}" * 19_000,
    "openings without an end": "{{" * 90_000,
    "openings of blocks": "{%" * 90_000,
    "openings of remarks": "{#" * 90_000,
    "openings and one end": "{{{%{#" * 30_000 + "}}",
    "brackets of HTML": "<" * 190_000,
    "tags of HTML without an end": "<a " * 60_000,
    "quotes of HTML without an end": '<a href="' * 20_000,
    "remarks of HTML without an end": "<!--" * 45_000,
    "links in links": "<a>" * 30_000 + "</a>" * 20_000,
    "spaces of HTML": "<b> " * 45_000,
    "a sign of HTML of digits": "&#" + "9" * 5000 + ";<a href='&#x" + "f" * 5000 + "'>a</a>",
    "names of HTML": "<a " + "b" * 190_000 + ">",
    "spaces": " " * 190_000 + "x",
    "empty lines": "\n \n" * 60_000,
    "links": "http://" * 25_000,
    "a sign that no mail takes": "{{ '\\ud800' }}",
    "a sign that no table takes": "{{ '\\x00' }}",
    "letters of ours": "\ue0009\ue001 \ue000" + "9" * 5000 + "\ue001",
    "too long": "x" * 3_000_000,
}  # fmt: skip

VALUES = {
    "name": "Ada Weber",
    "number": 9_999_999,
    "long": "<&> " * 2000,
    "goods": [{"name": "tea"}] * 200,
}
SECONDS, BYTES = 0.7, 40_000_000


@contextmanager
def quick(seconds: float = SECONDS, what: str = "") -> Iterator[None]:
    """Fail when what is done takes long: processor time, of which the worst text costs a tenth.

    Without the collector, whose turn in a process of thousands of tests takes a second by itself.
    """
    collects = gc.isenabled()
    gc.disable()
    began = time.thread_time()
    try:
        yield
    finally:
        taken = time.thread_time() - began
        if collects:
            gc.enable()
    assert taken < seconds, f"{what}: {taken:.2f} s"


@contextmanager
def bounded() -> Iterator[None]:
    """Fail when what is done takes long, or much memory."""
    tracemalloc.start()
    try:
        # Counting every piece of memory makes it several times slower.
        with quick(4 * SECONDS):
            yield
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < BYTES, f"{peak:,} bytes"
