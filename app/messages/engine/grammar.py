"""The language of texts: variables, conditions, loops over lists, and few filters. Nothing else.

Jinja reads the source and no more: neither its optimizer, which would compute a text's constants
while it is compiled, nor its filters are ever asked. What is allowed becomes small functions here.
Bounded by construction are

- the source: its length, the length of a tag, how many words all tags have, how deep they nest;
- every constant, and every argument of a filter, which is a constant (but for the word of default);
- every value on its way, and the work of a rendering: each pass of a loop costs what it holds, each
  filter what it is given, and the whole has a budget.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _l
from jinja2 import Environment, TemplateSyntaxError, nodes
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream
from markupsafe import escape

from app.messages.engine.filters import FILTERS, LONGEST_VALUE, RenderError, cost_of, shown

MOST_WORDS = 10_000
MOST_WORK = 20_000
_DEEPEST, _DEEPEST_LOOP = 30, 2
_LARGEST_NUMBER = 10**15
_ODD = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
# Reading a number costs memory for each of its digits; looked at once, from where each begins.
_MANY_DIGITS = re.compile("(?<![0-9a-fA-F_])[0-9][0-9a-fA-F_xX]{500}")
_LOOP_WORDS = ("index", "index0", "first", "last", "length")


class TemplateRefused(Exception):
    """What a text may not say: the line and a sentence."""

    def __init__(self, line: int, words: Any) -> None:
        self.line, self.words = line, words
        super().__init__(line)


class Missing:
    """What a name stands for that nobody gave."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


@dataclass(slots=True)
class Frame:
    """One rendering: its values, what it may still cost, what it wrote."""

    values: dict[str, Any]
    most: int
    work: int = MOST_WORK
    size: int = 0
    parts: list[str] = field(default_factory=list)

    def spend(self, work: int) -> None:
        """Take work from the budget. Raises RenderError when nothing is left."""
        self.work -= work
        if self.work < 0:
            raise RenderError(_l("The text has too much to do."))

    def write(self, text: str) -> None:
        """Add to the result. Raises RenderError beyond its limit."""
        self.size += len(text)
        if self.size > self.most:
            raise RenderError(_l("The result is too long."))
        self.parts.append(text)


Value = Callable[[Frame], Any]
Writer = Callable[[Frame], None]


class _Counted(Extension):
    """Ends the reading of a source that has too many words, before anything is made of them."""

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        for number, token in enumerate(stream):
            if number > MOST_WORDS:
                raise TemplateRefused(
                    token.lineno, _l("this text has too many variables and conditions.")
                )
            yield token


_READER = Environment(extensions=[_Counted], keep_trailing_newline=True, autoescape=False)  # noqa: S701 -- it only reads


@dataclass(frozen=True)
class Compiled:
    """A source as functions, with the variables it asks for."""

    write: Writer
    variables: frozenset[str]


def compile_source(source: str, *, html: bool) -> Compiled:
    """Read a source. Raises Refused with the line."""
    if (digits := _MANY_DIGITS.search(source)) is not None:
        line = source.count("\n", 0, digits.start()) + 1
        raise TemplateRefused(line, _l("a number in this text is too large."))
    try:
        tree = _READER.parse(source)
        made = _Compiler(html=html)
        write = made.block(tree.body)
    except TemplateSyntaxError as error:
        # Jinja's own sentence is English, and for programmers.
        raise TemplateRefused(
            error.lineno,
            _l(
                "this cannot be read. Is a bracket, a quotation mark, an “if” or a “for” left open?"
            ),
        ) from error
    except RecursionError:
        raise TemplateRefused(1, _l("this text is nested too deeply.")) from None
    except (ValueError, OverflowError):
        # A number of thousands of digits.
        raise TemplateRefused(1, _l("a number in this text is too large.")) from None
    return Compiled(write, frozenset(made.variables))


class _Compiler:
    """Makes functions of nodes; each method knows one of them, and no other is allowed."""

    def __init__(self, *, html: bool) -> None:
        self._html = html
        self._depth = 0
        self._scopes: list[set[str]] = []
        self._cost = 0
        self.variables: set[str] = set()

    # --- what writes ----------------------------------------------------------------------------

    def block(self, body: list[nodes.Node]) -> Writer:
        writers = [writer for node in body for writer in self._statement(node)]
        if len(writers) == 1:
            return writers[0]

        def write(frame: Frame) -> None:
            for one in writers:
                one(frame)

        return write

    def _statement(self, node: nodes.Node) -> Iterator[Writer]:
        self._enter(node)
        if isinstance(node, nodes.Output):
            for part in node.nodes:
                yield self._output(part)
        elif isinstance(node, nodes.If):
            yield self._if(node)
        elif isinstance(node, nodes.For):
            yield self._for(node)
        else:
            raise _unavailable(node)
        self._depth -= 1

    def _output(self, node: nodes.Expr) -> Writer:
        if isinstance(node, nodes.TemplateData):
            text = node.data
            return lambda frame: frame.write(text)
        value = self.value(node)
        if self._html:
            return lambda frame: frame.write(str(escape(shown(_given(value(frame))))))
        return lambda frame: frame.write(shown(_given(value(frame))))

    def _if(self, node: nodes.If) -> Writer:
        branches = [(self.value(one.test), self.block(one.body)) for one in (node, *node.elif_)]
        other = self.block(node.else_)

        def write(frame: Frame) -> None:
            for test, body in branches:
                if _given(test(frame)):
                    body(frame)
                    return
            other(frame)

        return write

    def _for(self, node: nodes.For) -> Writer:
        if node.recursive or len(self._scopes) == _DEEPEST_LOOP:
            raise TemplateRefused(node.lineno, _l("loops are nested too deeply."))
        if not isinstance(node.target, nodes.Name):
            raise _unavailable(node.target)
        items, name = self._path(node.iter), node.target.name
        if name == "loop":
            raise TemplateRefused(
                node.lineno, _l("“%(word)s” is not available in texts.", word=name)
            )
        outside, self._cost = self._cost, 1
        self._scopes.append({name, "loop"})
        test = self.value(node.test) if node.test is not None else None
        body = self.block(node.body)
        self._scopes.pop()
        loop = _Loop(name, items, test, body, self._cost)
        self._cost += outside
        loop.other = self.block(node.else_)
        return loop

    def _path(self, node: nodes.Node) -> Value:
        """Return the list of a loop, which is a variable or a part of one."""
        inner: nodes.Node = node
        while isinstance(inner, nodes.Getattr | nodes.Getitem):
            inner = inner.node
        if not isinstance(inner, nodes.Name):
            raise TemplateRefused(node.lineno, _l("a loop goes over a variable that is a list."))
        return self.value(node)

    # --- what is a value ------------------------------------------------------------------------

    def value(self, node: nodes.Node) -> Value:
        """Return the function that gives the value of an expression."""
        self._enter(node)
        make = _EXPRESSIONS.get(type(node))
        if make is None:
            raise _unavailable(node)
        made = make(self, node)
        self._depth -= 1
        return made

    def _enter(self, node: nodes.Node) -> None:
        self._cost += 1
        self._depth += 1
        if self._depth > _DEEPEST:
            raise TemplateRefused(node.lineno, _l("this text is nested too deeply."))

    def _name(self, node: nodes.Name) -> Value:
        name, missing = node.name, Missing(node.name)
        if not any(name in scope for scope in self._scopes):
            self.variables.add(name)
        return lambda frame: frame.values.get(name, missing)

    def _const(self, node: nodes.Const) -> Value:
        constant = _constant(node)
        return lambda _frame: constant

    def _getattr(self, node: nodes.Getattr) -> Value:
        return self._item(node, node.attr)

    def _getitem(self, node: nodes.Getitem) -> Value:
        if isinstance(node.arg, nodes.Neg) and isinstance(node.arg.node, nodes.Const):
            at = _constant(node.arg.node)
            return self._item(node, -at if type(at) is int else None)
        if not isinstance(node.arg, nodes.Const):
            raise _unavailable(node.arg)
        return self._item(node, _constant(node.arg))

    def _item(self, node: nodes.Getattr | nodes.Getitem, key: Any) -> Value:
        """Read a key of a plain dict or a place in a list: no object's attribute is reached."""
        whole, missing = self.value(node.node), Missing(str(key)[:40])

        def value(frame: Frame) -> Any:
            found = _given(whole(frame))
            if type(found) is dict and type(key) is str:
                return found.get(key, missing)
            if type(found) is list and type(key) is int and -len(found) <= key < len(found):
                return found[key]
            return missing

        return value

    def _filter(self, node: nodes.Filter) -> Value:
        known = FILTERS.get(node.name)
        if known is None or node.node is None or node.dyn_args or node.dyn_kwargs:
            raise TemplateRefused(
                node.lineno, _l("“%(word)s” is not available in texts.", word=node.name[:40])
            )
        value = self.value(node.node)
        if known.is_default:
            return self._default(node, value)
        options = known.options(
            [_argument(one) for one in node.args],
            {str(one.key): _argument(one.value) for one in node.kwargs},
        )
        if options is None:
            raise TemplateRefused(
                node.lineno, _l("“%(word)s” does not take these arguments.", word=node.name)
            )

        def filtered(frame: Frame) -> Any:
            found = _given(value(frame))
            frame.spend(cost_of(found))
            return known.call(found, **options)

        return filtered

    def _default(self, node: nodes.Filter, value: Value) -> Value:
        """Return the word where there is nothing: no such value, an absent or an empty one.

        With true as second argument also where it is 0 or false, as in Jinja.
        """
        given = [*node.args, *(one.value for one in node.kwargs)]
        words = [str(one.key) for one in node.kwargs]
        names = ["default_value", "boolean"][: len(node.args)] + words
        if len(set(names)) != len(names) or not set(names) <= {"default_value", "boolean"}:
            raise TemplateRefused(
                node.lineno, _l("“%(word)s” does not take these arguments.", word=node.name)
            )
        found = dict(zip(names, given, strict=True))
        word = self.value(found["default_value"]) if "default_value" in found else lambda _: ""
        any_false = "boolean" in found and bool(_argument(found["boolean"]))

        def chosen(frame: Frame) -> Any:
            is_there = value(frame)
            nothing = isinstance(is_there, Missing) or is_there is None or is_there in ([], {})
            if isinstance(is_there, str):
                nothing = not is_there.strip()
            return word(frame) if nothing or (any_false and not is_there) else is_there

        return chosen

    def _test(self, node: nodes.Test) -> Value:
        if node.name in ("defined", "undefined") and not node.args:
            value, wanted = self.value(node.node), node.name == "undefined"
            return lambda frame: isinstance(value(frame), Missing) is wanted
        test = _TESTS.get(node.name)
        if test is None or node.args or node.kwargs or node.dyn_args or node.dyn_kwargs:
            raise TemplateRefused(
                node.lineno, _l("“%(word)s” is not available in texts.", word=node.name[:40])
            )
        value = self.value(node.node)
        return lambda frame: test(_given(value(frame)))

    def _compare(self, node: nodes.Compare) -> Value:
        first = self.value(node.expr)
        others = [(_COMPARISONS[one.op], self.value(one.expr)) for one in node.ops]

        def value(frame: Frame) -> bool:
            left = _given(first(frame))
            for compare, other in others:
                right = _given(other(frame))
                frame.spend(cost_of(right))
                if not compare(left, right):
                    return False
                left = right
            return True

        return value

    def _and(self, node: nodes.And) -> Value:
        left, right = self.value(node.left), self.value(node.right)
        return lambda frame: _given(left(frame)) and _given(right(frame))

    def _or(self, node: nodes.Or) -> Value:
        left, right = self.value(node.left), self.value(node.right)
        return lambda frame: _given(left(frame)) or _given(right(frame))

    def _not(self, node: nodes.Not) -> Value:
        value = self.value(node.node)
        return lambda frame: not _given(value(frame))

    def _negative(self, node: nodes.Neg) -> Value:
        value = self.value(node.node)

        def negative(frame: Frame) -> Any:
            found = _given(value(frame))
            if type(found) not in (int, float, Decimal):
                raise RenderError(_l("“%(word)s” is not a number.", word=str(found)[:40]))
            return -found

        return negative

    def _either(self, node: nodes.CondExpr) -> Value:
        test, yes = self.value(node.test), self.value(node.expr1)
        no = self.value(node.expr2) if node.expr2 is not None else lambda _frame: ""
        return lambda frame: yes(frame) if _given(test(frame)) else no(frame)


class _Loop:
    """Writes its body for each item; what all passes cost is taken from the budget before."""

    other: Writer

    def __init__(
        self, name: str, items: Value, test: Value | None, body: Writer, cost: int
    ) -> None:
        self._name, self._items, self._test = name, items, test
        self._body, self._cost = body, cost

    def __call__(self, frame: Frame) -> None:
        found = _given(self._items(frame))
        if found is not None and type(found) is not list:
            raise RenderError(_l("A loop goes over a list only."))
        found = found or []
        frame.spend(len(found) * self._cost)
        outside = frame.values
        try:
            if self._test is not None:
                found = [one for one in found if self._matches(frame, outside, one)]
            for number, item in enumerate(found):
                frame.values = {**outside, self._name: item, "loop": _place(number, len(found))}
                self._body(frame)
        finally:
            frame.values = outside
        if not found:
            self.other(frame)

    def _matches(self, frame: Frame, outside: dict[str, Any], item: Any) -> bool:
        frame.values = {**outside, self._name: item}
        return bool(self._test is None or _given(self._test(frame)))


def _place(number: int, length: int) -> dict[str, Any]:
    values = (number + 1, number, number == 0, number == length - 1, length)
    return dict(zip(_LOOP_WORDS, values, strict=True))


def _given(value: Any) -> Any:
    """Return a value that is there, and not longer than any may be. Raises RenderError."""
    if type(value) is Missing:
        raise RenderError(_l("There is no value “%(name)s”.", name=value.name))
    if type(value) is str and len(value) > LONGEST_VALUE:
        raise RenderError(_l("A value is too long."))
    return value


def _constant(node: nodes.Const) -> Any:
    """Return a constant that every store and every mail can take. Raises Refused."""
    value = node.value
    if isinstance(value, str) and _ODD.search(value):
        raise TemplateRefused(node.lineno, _l("a sign in this text cannot be sent."))
    if type(value) in (int, float) and not (math.isfinite(value) and abs(value) < _LARGEST_NUMBER):
        raise TemplateRefused(node.lineno, _l("a number in this text is too large."))
    return value


def _argument(node: nodes.Node) -> Any:
    """Return a filter's argument, which is a constant: nothing that a value could make larger."""
    if isinstance(node, nodes.Neg) and isinstance(node.node, nodes.Const):
        value = _constant(node.node)
        return -value if type(value) in (int, float) else None
    if not isinstance(node, nodes.Const):
        raise TemplateRefused(node.lineno, _l("a filter takes a plain word or number."))
    return _constant(node)


def _unavailable(node: nodes.Node) -> TemplateRefused:
    word = type(node).__name__.lower()
    return TemplateRefused(node.lineno, _l("“%(word)s” is not available in texts.", word=word))


def _inside(left: Any, right: Any) -> bool:
    return left in right if right is not None else False


_TESTS: dict[str, Callable[[Any], bool]] = {
    "none": lambda one: one is None,
    "number": lambda one: type(one) in (int, float, Decimal),
    "string": lambda one: isinstance(one, str),
    "even": lambda one: one % 2 == 0 if type(one) is int else False,
    "odd": lambda one: one % 2 == 1 if type(one) is int else False,
    "true": lambda one: one is True,
    "false": lambda one: one is False,
}
_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "gt": lambda a, b: a > b,
    "gteq": lambda a, b: a >= b,
    "lt": lambda a, b: a < b,
    "lteq": lambda a, b: a <= b,
    "in": _inside,
    "notin": lambda a, b: not _inside(a, b),
}
_EXPRESSIONS: dict[type[nodes.Node], Callable[[_Compiler, Any], Value]] = {
    nodes.Name: _Compiler._name,  # noqa: SLF001 -- the table of its own methods
    nodes.Const: _Compiler._const,  # noqa: SLF001
    nodes.Getattr: _Compiler._getattr,  # noqa: SLF001
    nodes.Getitem: _Compiler._getitem,  # noqa: SLF001
    nodes.Filter: _Compiler._filter,  # noqa: SLF001
    nodes.Test: _Compiler._test,  # noqa: SLF001
    nodes.Compare: _Compiler._compare,  # noqa: SLF001
    nodes.And: _Compiler._and,  # noqa: SLF001
    nodes.Or: _Compiler._or,  # noqa: SLF001
    nodes.Not: _Compiler._not,  # noqa: SLF001
    nodes.Neg: _Compiler._negative,  # noqa: SLF001
    nodes.CondExpr: _Compiler._either,  # noqa: SLF001
}
