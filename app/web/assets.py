"""Static files, whose addresses say which content they have: browsers may keep them for ever.

A file has a hash of its content in the query. Modules have one of all modules in their path
(`/static/js/<version>/app.js`), because they import each other by relative address: what
`./basics.js` means is then of the same version as whoever imports it, without a map or a build.
"""

import gzip
import hashlib
import posixpath
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, current_app, request
from markupsafe import Markup

STATIC = Path(__file__).parent / "static"
MODULES = STATIC / "js"
YEAR = 31_536_000
SQUEEZED = (".css", ".js", ".svg")
# What every page loads, so that no other module needs to name what that imports.
EVERYWHERE = "app.js"
_IMPORT = re.compile(r"^(?:import|.* from) '([^']+)';$", re.MULTILINE)
_VERSIONED = re.compile(r"js/([0-9a-f]{10})/(.+)")


def init_app(app: Flask) -> None:
    """Serve the static files and stamp their addresses."""
    app.static_folder = str(STATIC)
    app.add_url_rule("/static/<path:filename>", "static", _send)
    app.url_defaults(_stamp)
    app.jinja_env.globals.update(module=module)


def module(name: str) -> Markup:
    """Return the tags of a module and, so that none waits for another, of what it imports."""
    address = current_app.url_for("static", filename=f"js/{name}")
    return _tags(address.removesuffix(name), name)


def finish(response: Response) -> None:
    """Compress a static file, and let it be kept when it is what its address says."""
    filename, asked = _asked()
    _squeeze(response, filename)
    # Of another version, while a new one is put in place, it is served but never kept.
    if asked and response.status_code in (200, 304) and asked == version(filename):
        response.headers["Cache-Control"] = f"public, max-age={YEAR}, immutable"


def version(filename: str) -> str | None:
    """Return what the address of a static file carries; None if there is no such file."""
    path = STATIC / filename
    if not path.is_file():
        return None
    if MODULES in path.parents:
        if current_app.debug:
            _version_of_modules.cache_clear()
        return _version_of_modules()
    return _digest(filename, path.stat().st_mtime)


@lru_cache(maxsize=512)
def _digest(filename: str, _changed: float) -> str:
    return hashlib.sha256((STATIC / filename).read_bytes()).hexdigest()[:10]


@lru_cache(maxsize=1)
def _version_of_modules() -> str:
    digest = hashlib.sha256()
    for path in sorted(MODULES.rglob("*.js")):
        digest.update(f"{path.relative_to(MODULES)}\n".encode() + path.read_bytes())
    return digest.hexdigest()[:10]


@lru_cache(maxsize=32)
def _tags(folder: str, name: str) -> Markup:
    named = _with_imports(name) - {name}
    if name != EVERYWHERE:
        named -= _with_imports(EVERYWHERE)
    tags = [
        Markup('<link rel="modulepreload" href="{}">\n').format(folder + other)
        for other in sorted(named)
    ]
    script = Markup('<script type="module" src="{}"></script>\n').format(folder + name)
    return Markup("").join([*tags, script])


def _with_imports(name: str) -> set[str]:
    found, ahead = set[str](), [name]
    while ahead:
        name = ahead.pop()
        if name not in found:
            found.add(name)
            imports = _IMPORT.findall((MODULES / name).read_text(encoding="utf-8"))
            beside = posixpath.dirname(name)
            ahead += [posixpath.normpath(posixpath.join(beside, one)) for one in imports]
    return found


def _stamp(endpoint: str, values: dict[str, Any]) -> None:
    if endpoint != "static" or "v" in values:
        return
    filename = str(values.get("filename", ""))
    stamp = version(filename)
    if stamp and filename.startswith("js/"):
        values["filename"] = f"js/{stamp}/{filename.removeprefix('js/')}"
    elif stamp:
        values["v"] = stamp


def _asked() -> tuple[str, str | None]:
    """Return the file that is asked for, and the version that its address names."""
    filename = str((request.view_args or {}).get("filename", ""))
    found = _VERSIONED.fullmatch(filename)
    return (f"js/{found[2]}", found[1]) if found else (filename, request.args.get("v"))


def _send(filename: str) -> Response:  # noqa: ARG001 -- Flask gives it by this name
    return current_app.send_static_file(_asked()[0])


@lru_cache(maxsize=128)
def _squeezed(filename: str, _changed: float) -> bytes:
    return gzip.compress((STATIC / filename).read_bytes(), 9, mtime=0)


def _squeeze(response: Response, filename: str) -> None:
    """Style sheets and scripts go out compressed; they are compressed once per process."""
    path = STATIC / filename
    response.headers["Vary"] = "Accept-Encoding"
    if response.status_code != 200 or path.suffix not in SQUEEZED or not path.is_file():
        return
    if "gzip" not in request.headers.get("Accept-Encoding", "") or "Range" in request.headers:
        return
    response.close()  # the opened file; its content is not read again
    response.direct_passthrough = False
    response.set_data(_squeezed(filename, path.stat().st_mtime))
    response.headers["Content-Encoding"] = "gzip"
