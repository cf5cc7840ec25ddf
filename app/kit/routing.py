"""Addresses of the application: hundreds, of which a request builds a handful."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from werkzeug.routing import BaseConverter, Rule


class LateRule(Rule):
    """A rule that makes the code which builds its addresses when one is first asked for.

    Werkzeug compiles two functions for each rule when it is added: a sixth of a process's start.
    """

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:  # noqa: FBT001, FBT002 -- Werkzeug's signature
        compiled = super()._compile_builder
        name = "_build_unknown" if append_unknown else "_build"

        def build(rule: Any, **values: Any) -> tuple[str, str]:
            made = compiled(append_unknown).__get__(rule, None)
            setattr(rule, name, made)
            done: tuple[str, str] = made(**values)
            return done

        return build


class Word(BaseConverter):
    """`<word:name>`: the name of an operation, which is never taken for the number of a record."""

    regex = "[a-z_][a-z0-9_-]*"
