"""The statement behind a list: one SELECT of plain columns, so that no row can ask for more.

Related names come by joins to one. Nothing here knows of the request.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import ColumnElement, FromClause, Label, Select, func, select
from sqlalchemy.orm import RelationshipProperty

from app.kit.screens.attrs import (
    Attr,
    fold_column,
    is_indexed,
    mapper_of,
    pairs_of,
    table_of,
    title_column,
)


class ListPlan:
    """Columns and joins of one list. Not shared between requests."""

    def __init__(self, model: type[Any]) -> None:
        self.model = model
        self.root = table_of(model)
        self._sources: dict[tuple[str, ...], FromClause] = {(): self.root}
        self._models: dict[tuple[str, ...], type[Any]] = {(): model}
        self._joins: list[tuple[FromClause, ColumnElement[bool], bool]] = []

    def source(self, path: tuple[str, ...]) -> FromClause:
        """Return the table behind `path`, joined when first asked for."""
        if path in self._sources:
            return self._sources[path]
        near, model = self.source(path[:-1]), self._models[path[:-1]]
        relation = mapper_of(model).relationships[path[-1]]
        far, condition = _joined(near, relation, "_".join(path))
        self._sources[path] = far
        self._models[path] = relation.mapper.class_
        # Where the far row is always there, an inner join lets its index give the order.
        self._joins.append((far, condition, not relation.info.get("always")))
        return far

    def column(self, attr: Attr) -> ColumnElement[Any]:
        """Return the attribute's own column; of a relation, its link."""
        return self.source(attr.path).c[attr.column.name]

    def folded(self, attr: Attr) -> ColumnElement[Any]:
        """Return the column by which a text is compared."""
        return self.source(attr.path).c[fold_column(attr.column).name]

    def title(self, attr: Attr) -> ColumnElement[Any]:
        """Return the name of the record that a relation leads to."""
        target = cast("type[Any]", attr.target)
        return self.source((*attr.path, attr.key)).c[title_column(target).name]

    def columns(self, attrs: Sequence[Attr]) -> list[Label[Any]]:
        """Return what to select for `attrs`, two labelled columns (c0, t0) for a relation."""
        found: list[Label[Any]] = []
        for number, attr in enumerate(attrs):
            found.append(labelled(self.column(attr), f"c{number}"))
            if attr.target is not None:
                found.append(labelled(self.title(attr), f"t{number}"))
        return found

    def select(
        self,
        *columns: Any,
        where: Sequence[ColumnElement[bool]] = (),
        among: FromClause | None = None,
    ) -> Select[Any]:
        """SELECT `columns` with every join asked for so far.

        `among` limits it to the ids of another query.
        """
        source: FromClause = self.root
        if among is not None:
            source = among.join(self.root, self.root.c.id == among.c.id)
        for far, condition, outer in self._joins:
            source = source.join(far, condition, isouter=outer)
        return select(*columns).select_from(source).where(*where)

    def count(self, where: Sequence[ColumnElement[bool]], cap: int) -> Select[Any]:
        """How many rows match, counting no further than `cap` + 1."""
        some = self.select(self.root.c.id, where=where).limit(cap + 1).subquery()
        return select(func.count()).select_from(some)


# Making an alias and its columns costs as much as asking for them; a list's are always the same.
@lru_cache(maxsize=2048)
def _joined(
    near: FromClause, relation: RelationshipProperty[Any], name: str
) -> tuple[FromClause, ColumnElement[bool]]:
    far = table_of(relation.mapper.class_).alias(name)
    on = [near.c[own] == far.c[other] for own, other in pairs_of(relation)]
    return far, on[0] if len(on) == 1 else on[0] & on[1]


@lru_cache(maxsize=8192)
def labelled(column: ColumnElement[Any], name: str) -> Label[Any]:
    """Return the column under a name; the same object each time."""
    return column.label(name)


def is_sortable(model: type[Any], attr: Attr) -> bool:
    """Whether an index gives the order.

    The own table's, or that of a figures row that is always there.
    """
    if attr.target is not None or not is_indexed(fold_column(attr.column)):
        return False
    owner = model
    for step in attr.path:
        relation = mapper_of(owner).relationships[step]
        if not relation.info.get("always"):
            return False
        owner = relation.mapper.class_
    return True
