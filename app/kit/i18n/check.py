"""`python -m app.kit.i18n.check`: fails when a translation is missing or cannot be right."""

import sys
from collections.abc import Iterator, Sequence

from app.kit.i18n.catalogues import Project, extract, read
from app.kit.i18n.rules import BadList, Same, idle_allowances, problems


def check(project: Project) -> Iterator[str]:
    """Every problem of every language, as a sentence."""
    try:
        same = Same.read(project.folder / "same.txt")
    except BadList as error:
        yield str(error)
        return
    template = extract(project)
    catalogues = {language: read(project, language) for language in project.languages}
    for language, catalogue in catalogues.items():
        for problem in problems(template, catalogue, language, same):
            yield f"{language}: {problem}"
    yield from idle_allowances(same, catalogues)


def main(arguments: Sequence[str] = ()) -> int:
    """Print the problems; the names of languages as arguments limit it to these."""
    project = Project(languages=tuple(arguments)) if arguments else Project()
    found = list(check(project))
    for problem in found:
        sys.stdout.write(problem + "\n")
    if found:
        sys.stdout.write(f"{len(found)} problems with translations.\n")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
