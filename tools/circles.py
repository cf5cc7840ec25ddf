"""A contract of import-linter: no module is reached again from what it imports.

Every import counts, those under TYPE_CHECKING and within functions too: whoever reads one module of
a circle has to read all of it. `acyclic_siblings`, which import-linter brings, asks something else:
it takes a package for one module, so that two packages may not use each other's.
"""

from collections.abc import Iterator

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, output


class NoCircles(Contract):
    """Broken by a circle, of which the shortest way round is told."""

    type_name = "no_circles"

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: FBT001 -- import-linter's signature
        """Find the circles of the graph."""
        told = [_with_lines(graph, circle) for circle in circles(graph)]
        return ContractCheck(kept=not told, metadata={"circles": told})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Print each circle, an import a line."""
        for circle in check.metadata["circles"]:
            output.print_error("These import each other in a circle:")
            for line in circle:
                output.indent_cursor()
                output.print_error(line)
            output.new_line()


def circles(graph: ImportGraph) -> list[tuple[str, ...]]:
    """Return the shortest circles, each as its modules in the order of their imports.

    Of those that share a module one is told: when it is gone, so may the others be.
    """
    found: list[tuple[str, ...]] = []
    for circle in sorted(_ways_round(graph), key=lambda way: (len(way), way)):
        if all(set(circle).isdisjoint(shorter) for shorter in found):
            found.append(circle)
    return found


def _ways_round(graph: ImportGraph) -> Iterator[tuple[str, ...]]:
    for importer in graph.modules:
        for imported in graph.find_modules_directly_imported_by(importer):
            way = graph.find_shortest_chain(importer=imported, imported=importer)
            if way is not None:
                yield way


def _with_lines(graph: ImportGraph, circle: tuple[str, ...]) -> list[str]:
    told = []
    for importer, imported in zip(circle, (*circle[1:], circle[0]), strict=True):
        details = graph.get_import_details(importer=importer, imported=imported)
        lines = ", ".join(str(one["line_number"]) for one in details)
        told.append(f"{importer} -> {imported} (line {lines})")
    return told
