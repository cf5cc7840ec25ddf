"""Templates that people of the company write: few words of Jinja, plain values, hard limits.

The sandbox has no limit of time or memory, so what could make a small source large is not in the
language at all: no calls, no assignments, no arithmetic, no macros, at most two nested loops.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache, wraps
from typing import Any

from flask_babel import lazy_gettext as _l
from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, nodes
from jinja2.meta import find_undeclared_variables
from jinja2.runtime import LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment

from app.kit.errors import Invalid

MOST_SOURCE = 200_000
MOST_OUTPUT = 500_000
_DEEPEST_LOOP = 2
_MOST_ITEMS = 200

_FILTERS = (
    "capitalize", "d", "default", "e", "escape", "first", "int", "join", "last", "length", "lower",
    "round", "sort", "title", "trim", "truncate", "upper", "urlencode",
)  # fmt: skip
_TESTS = ("defined", "undefined", "none", "number", "string", "even", "odd", "in", "true", "false")
_LOOP_WORDS = ("index", "index0", "first", "last", "length")
_ALLOWED: tuple[type[nodes.Node], ...] = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.If, nodes.For,
    nodes.Getattr, nodes.Getitem, nodes.Filter, nodes.Test, nodes.Compare, nodes.Operand, nodes.And,
    nodes.Or, nodes.Not, nodes.CondExpr, nodes.Keyword, nodes.Neg,
)  # fmt: skip


class RenderError(Exception):
    """This recipient's values do not fit the template; the text says where."""


class _Environment(ImmutableSandboxedEnvironment):
    """A dot reads a key of a plain dict and nothing else: no object's attribute is ever reached."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        if type(obj) is dict and attribute in obj:
            return obj[attribute]
        if isinstance(obj, LoopContext) and attribute in _LOOP_WORDS:
            return getattr(obj, attribute)
        return self.undefined(obj=obj, name=attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if type(obj) is dict and type(argument) is str:
            return self.getattr(obj, argument)
        if type(obj) is list and type(argument) is int and -len(obj) <= argument < len(obj):
            return obj[argument]
        return self.undefined(obj=obj, name=argument)


def _of_nothing(name: str, usual: Callable[..., Any]) -> Callable[..., Any]:
    """Return the filter as one that makes nothing of an absent value, never the word "None"."""
    if name in ("d", "default"):
        return usual
    at = 1 if hasattr(usual, "jinja_pass_arg") else 0
    nothing = 0 if name in ("int", "length") else ""

    @wraps(usual)
    def quiet(*arguments: Any, **options: Any) -> Any:
        return nothing if arguments[at] is None else usual(*arguments, **options)

    return quiet


def _shown(value: Any) -> Any:
    """Print an absent value as nothing, never as "None"."""
    return "" if value is None else value


def _environment(*, html: bool) -> _Environment:
    environment = _Environment(
        autoescape=html, undefined=StrictUndefined, finalize=_shown, keep_trailing_newline=True
    )
    environment.globals.clear()
    environment.filters = {name: _of_nothing(name, environment.filters[name]) for name in _FILTERS}
    environment.tests = {name: environment.tests[name] for name in _TESTS}
    return environment


_HTML, _TEXT = _environment(html=True), _environment(html=False)


class Template:
    """One compiled source. Rendering costs about 20 µs for a short text."""

    def __init__(self, source: str, *, html: bool = False, most: int = MOST_OUTPUT) -> None:
        """Compile. Raises Invalid when the source is too long, wrong or uses more than we allow."""
        if len(source) > MOST_SOURCE:
            raise Invalid(_l("This text is too long."))
        environment = _HTML if html else _TEXT
        try:
            tree = environment.parse(source)
            _refuse_the_rest(tree)
            self._root = environment.from_string(tree)
        except TemplateSyntaxError as error:
            raise Invalid(
                _l("Line %(line)s: %(what)s", line=error.lineno, what=error.message or "")
            ) from error
        except (TemplateError, RecursionError) as error:
            raise Invalid(
                _l("This text cannot be read as a template: %(what)s", what=str(error))
            ) from error
        self.variables = frozenset(find_undeclared_variables(tree))
        self._most = most
        self._same: str | None = None

    def render(self, values: Mapping[str, Any]) -> str:
        """Return the text. Raises RenderError for a missing value or a result beyond the limit."""
        if self._same is not None:
            return self._same
        made = self._render(values)
        if not self.variables:
            self._same = made
        return made

    def _render(self, values: Mapping[str, Any]) -> str:
        parts, size = [], 0
        try:
            for part in self._root.root_render_func(self._root.new_context(dict(values))):
                size += len(part)
                if size > self._most:
                    break
                parts.append(part)
        except Exception as error:  # a template may fail in any way; none may stop the run
            raise RenderError(f"{type(error).__name__}: {error}"[:300]) from error
        if size > self._most:
            raise RenderError("the result is too long")
        return "".join(parts)


def _refuse_the_rest(tree: nodes.Template) -> None:
    for node in tree.find_all(nodes.Node):
        if not isinstance(node, _ALLOWED) and not isinstance(node, nodes.EvalContextModifier):
            raise TemplateSyntaxError(
                f"“{type(node).__name__.lower()}” is not available in templates", node.lineno
            )
        if isinstance(node, nodes.For) and (node.recursive or _depth(node) > _DEEPEST_LOOP):
            raise TemplateSyntaxError("loops are nested too deeply", node.lineno)


def _depth(loop: nodes.For) -> int:
    inner = [_depth(child) for child in loop.find_all(nodes.For)]
    return 1 + max(inner, default=0)


@lru_cache(maxsize=512)
def compiled(source: str, *, html: bool = False, most: int = MOST_OUTPUT) -> Template:
    """Return the template of a source, kept for the next call of this process."""
    return Template(source, html=html, most=most)


def check(source: str, known: frozenset[str], *, html: bool = False) -> frozenset[str]:
    """Return the variables of a source about to be saved. Raises Invalid when one is unknown."""
    variables = Template(source, html=html).variables
    unknown = sorted(variables - known)
    if unknown:
        raise Invalid(_l("Unknown variable: %(names)s", names=", ".join(unknown)))
    return variables


def plain(value: Any, _level: int = 0) -> Any:
    """Return the value as plain types; what is none becomes text. No object reaches a template."""
    if value is None or type(value) in (str, int, bool, float, Decimal):
        return value
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if _level < 4 and isinstance(value, Mapping):
        return {str(key): plain(item, _level + 1) for key, item in value.items()}
    if _level < 4 and isinstance(value, (list, tuple)):
        return [plain(item, _level + 1) for item in value[:_MOST_ITEMS]]
    return str(value)


def longest(samples: list[Mapping[str, Any]]) -> dict[str, Any]:
    """Return for each variable the longest value met: what a length or cost check must expect."""
    found: dict[str, Any] = {}
    for sample in samples:
        for name, value in sample.items():
            if name not in found or len(str(_shown(value))) > len(str(_shown(found[name]))):
                found[name] = value
    return found
