"""Every icon that the code asks for is in the sprite: one that is not is an empty square."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
IN_PYTHON = re.compile(r"""icon\s*(?::\s*str\s*)?=\s*"([a-z0-9-]+)\"""")
IN_TEMPLATES = re.compile(r"""icon\('([a-z0-9-]+)'\)""")


def asked() -> Iterator[tuple[str, str]]:
    for pattern, kind in ((IN_PYTHON, "*.py"), (IN_TEMPLATES, "*.html")):
        for path in (ROOT / "app").rglob(kind):
            for name in pattern.findall(path.read_text()):
                yield name, str(path.relative_to(ROOT))


def test_every_icon_is_drawn() -> None:
    sprite = (ROOT / "app" / "web" / "static" / "icons.svg").read_text()
    drawn = set(re.findall(r'<symbol id="([^"]+)"', sprite))
    found = list(asked())
    assert len(found) > 80, "The patterns no longer find what the code asks for."
    assert [one for one in found if one[0] not in drawn] == []
