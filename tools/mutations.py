"""The ways in which `tools/mutants.py` breaks a module: cosmic-ray's operators, and some of ours.

Ours are for what a reviewer sees most often missing: the second condition of a guard, a call made
for its effect, a `not in`, and conditions and locks inside SQL.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import parso
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import MutationVisitor
from cosmic_ray.operators.operator import Operator
from cosmic_ray.plugins import get_operator

Span = tuple[tuple[int, int], tuple[int, int]]

_COMPARISONS = (
    "Eq_NotEq",
    "NotEq_Eq",
    "Lt_LtE",
    "LtE_Lt",
    "Gt_GtE",
    "GtE_Gt",
    "Is_IsNot",
    "IsNot_Is",
)
_SUMS = ("Add_Sub", "Sub_Add", "Mul_Div", "Div_Mul", "FloorDiv_Mul", "Mod_Add")
# Not among them: bit operators (in types they are unions), decorators and names, whose change ends
# the program before any test begins.
THEIRS = (
    *(f"core/ReplaceComparisonOperator_{one}" for one in _COMPARISONS),
    *(f"core/ReplaceBinaryOperator_{one}" for one in _SUMS),
    "core/ReplaceAndWithOr",
    "core/ReplaceOrWithAnd",
    "core/ReplaceTrueWithFalse",
    "core/ReplaceFalseWithTrue",
    "core/ReplaceUnaryOperator_Delete_Not",
    "core/AddNot",
    "core/ExceptionReplacer",
    "core/ZeroIterationForLoop",
    "core/ReplaceBreakWithContinue",
    "core/ReplaceContinueWithBreak",
    "core/NumberReplacer",
)


class _Ours(Operator):  # type: ignore[misc]  # cosmic-ray is untyped
    """An operator that says of a node by which texts it may be replaced."""

    def replacements(self, node: Any) -> Iterator[str]:
        """Yield the code of each replacement, without what stands before it on the line."""
        raise NotImplementedError

    def mutation_positions(self, node: Any) -> Iterator[Span]:
        for _one in self.replacements(node):
            yield node.start_pos, node.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        new = parso.parse(list(self.replacements(node))[index])
        before = node.get_first_leaf().prefix
        new.get_first_leaf().prefix = before
        return new

    @classmethod
    def examples(cls) -> tuple[()]:
        return ()


class DropCondition(_Ours):
    """`a and b` becomes `a`, and `b`; so does `a or b`."""

    def replacements(self, node: Any) -> Iterator[str]:
        if node.type not in {"and_test", "or_test"}:
            return
        word = " and " if node.type == "and_test" else " or "
        parts = [one.get_code(include_prefix=False) for one in node.children[::2]]
        for left_out in range(len(parts)):
            yield word.join(parts[:left_out] + parts[left_out + 1 :])


class DropCall(_Ours):
    """A call that stands alone, for its effect, is not made."""

    def replacements(self, node: Any) -> Iterator[str]:
        alone = node.parent is not None and node.parent.type == "simple_stmt"
        called = node.type == "atom_expr" and node.children[-1].get_code().strip().startswith("(")
        if alone and called and not _called(node).startswith("log."):
            yield "..."


class NotIn(_Ours):
    """`in` becomes `not in`, and the other way round."""

    def replacements(self, node: Any) -> Iterator[str]:
        if node.type != "comparison":
            return
        left, word, right = (one.get_code(include_prefix=False) for one in node.children[:3])
        if word.split() == ["in"]:
            yield f"{left} not in {right}"
        elif word.split() == ["not", "in"]:
            yield f"{left} in {right}"


_IS_SQL = re.compile(r"(?i)\b(select|update|insert|delete|where|exists|perform|language)\b")
_IN_SQL = tuple(
    (re.compile(pattern), new)
    for pattern, new in (
        (r"\s+for (?:no key )?update\b", ""),
        (r"\s+skip locked\b", ""),
        (r"\band\b", "or"),
        (r"\bor\b(?! replace)", "and"),
        (r"(?<!if )\bnot exists\b", "exists"),
        (r"\bis null\b", "is not null"),
        (r"\bis not null\b", "is null"),
        (r"\bis not distinct from\b", "is distinct from"),
        (r"(?<= )<(?= )", "<="),
        (r"(?<= )<=(?= )", "<"),
        (r"(?<= )>(?= )", ">="),
        (r"(?<= )>=(?= )", ">"),
        (r"(?<= )\+(?= )", "-"),
        (r"(?<= )-(?= )", "+"),
        (r"\bgreatest\(", "least("),
        (r"\bleast\(", "greatest("),
    )
)


class Sql(_Ours):
    """One condition, lock, comparison or sum inside a text of SQL is another one, or gone."""

    def replacements(self, node: Any) -> Iterator[str]:
        if node.type != "string" or not _IS_SQL.search(node.value) or _is_docstring(node):
            return
        for pattern, new in _IN_SQL:
            for found in pattern.finditer(node.value):
                yield node.value[: found.start()] + new + node.value[found.end() :]


class SqlFormatted(Sql):
    """The same in the plain parts of an f-string."""

    def replacements(self, node: Any) -> Iterator[str]:
        if node.type != "fstring_string":
            return
        whole = node.parent.get_code()
        if not _IS_SQL.search(whole):
            return
        for pattern, new in _IN_SQL:
            for found in pattern.finditer(node.value):
                yield node.value[: found.start()] + new + node.value[found.end() :]

    def mutate(self, node: Any, index: int) -> Any:
        node.value = list(self.replacements(node))[index]
        return node


OURS: dict[str, Operator] = {
    "condition left out": DropCondition(),
    "call left out": DropCall(),
    "not in": NotIn(),
    "SQL": Sql(),
    "SQL, formatted": SqlFormatted(),
}


def _is_docstring(node: Any) -> bool:
    return node.parent is not None and node.parent.type == "simple_stmt"


@dataclass(frozen=True, slots=True)
class Mutant:
    """One fault in one file: the `occurrence`th of what `operator` can do there."""

    path: str
    operator: str
    occurrence: int
    line: int

    @property
    def name(self) -> str:
        """How it is called in reports, and found again."""
        return f"{self.path}:{self.line} {self.operator.removeprefix('core/')} #{self.occurrence}"


def operators() -> dict[str, Operator]:
    """Return all by name."""
    return {name: get_operator(name)() for name in THEIRS} | OURS


def mutants_of(path: str, source: str) -> Iterator[Mutant]:
    """Yield every fault that can be put into `source`, but for what is no behaviour."""
    nodes = list(ast_nodes(get_ast(source)))
    for name, operator in operators().items():
        occurrence = 0
        for node in nodes:
            positions = list(operator.mutation_positions(node))
            if positions and _does_something(name, node):
                for number, (start, _end) in enumerate(positions, occurrence):
                    yield Mutant(path, name, number, start[0])
            occurrence += len(positions)


# Read by people, not by tests: texts, and the look of a list's columns. And columns of tables,
# which tests/house/test_drift.py compares as a whole.
_SAID = re.compile(r"(log\.\w+|_|_l|_lp|_n|gettext|ngettext|\w*Column|\w*mapped_column)\Z")


def _does_something(operator: str, node: Any) -> bool:
    """Whether a change of this node changes what the program does."""
    if not _is_read(operator, node):
        return False
    in_function = False
    while node.parent is not None:
        inner, node = node, node.parent
        in_function |= node.type == "funcdef"
        if node.type == "tfpdef" or (node.type == "annassign" and inner is node.children[1]):
            return False
        if node.type == "decorator" and "dataclass" in node.get_code():
            return False
        if node.type == "argument" and node.children[0].get_code().strip() == "strict":
            # Of zip: what was of one length before is so after.
            return False
        if node.type == "atom_expr" and inner.type == "trailer" and _SAID.match(_called(node)):
            return False
    # A number at the top of a module is a limit or a pause: any other would do as well.
    return in_function or operator != "core/NumberReplacer"


def _is_read(operator: str, node: Any) -> bool:
    """Whether Python reads the program then: else it would be killed by nobody's merit."""
    if "BinaryOperator" in operator:  # not a star between parameters
        return node.parent.type in {"arith_expr", "term"}
    named = any(one.type == "namedexpr_test" for one in getattr(node, "children", ()))
    return operator != "core/AddNot" or not named  # not `not x := y`


def _called(node: Any) -> str:
    """Return what stands before the brackets of a call."""
    return "".join(one.get_code(include_prefix=False) for one in node.children[:-1])


def mutated(source: str, mutant: Mutant) -> str:
    """Return `source` with the fault in it. Raises LookupError where it is not there any more."""
    operator = operators()[mutant.operator]
    changed = MutationVisitor.mutate_code(source, operator, mutant.occurrence)
    if changed is None:
        raise LookupError(mutant.name)
    return str(changed)
