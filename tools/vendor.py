"""Fetches the front-end libraries and draws the icon sprite.

For maintainers: needs npm; users need neither.

    python tools/vendor.py               everything again, into app/web/static/vendor and
    app/web/static/icons.svg
    python tools/vendor.py icon NAME …   adds icons to app/web/icons.txt and redraws the sprite

The results are committed. Versions are pinned here and repeated, with hashes, in
app/web/static/vendor/VERSIONS.json.
"""

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
STATIC = ROOT / "app" / "web" / "static"
VENDOR = STATIC / "vendor"
ICON_LIST = ROOT / "app" / "web" / "icons.txt"

PACKAGES = {
    "@tabler/core": "1.6.1",
    "@fontsource-variable/inter": "5.3.0",
    "echarts": "6.1.0",
    "tom-select": "2.6.2",
    "flatpickr": "4.6.13",
    "esbuild": "0.28.2",
}
ICONS = {"@tabler/icons": "3.51.0"}
AXE = {"axe-core": "4.14.1"}

COPIES = {
    "@tabler/core/dist/css/tabler.min.css": "tabler.min.css",
    "@tabler/core/dist/js/tabler.min.js": "tabler.min.js",
    "tom-select/dist/js/tom-select.popular.min.js": "tom-select.min.js",
    "tom-select/dist/css/tom-select.bootstrap5.min.css": "tom-select.min.css",
    "tom-select/LICENSE": "LICENSE-tom-select",
    "flatpickr/dist/flatpickr.min.js": "flatpickr.min.js",
    "flatpickr/dist/flatpickr.min.css": "flatpickr.min.css",
    "flatpickr/LICENSE.md": "LICENSE-flatpickr",
    "@fontsource-variable/inter/LICENSE": "inter/LICENSE",
    "echarts/LICENSE": "LICENSE-echarts",
    "echarts/NOTICE": "NOTICE-echarts",
    "@tabler/icons/LICENSE": "LICENSE-tabler-icons",
} | {f"flatpickr/dist/l10n/{name}.js": f"flatpickr-{name}.js" for name in ("de", "pt", "uk", "ru")}

FONT_SUBSETS = ("cyrillic-ext", "cyrillic", "latin-ext", "latin")

# Only what the charts draw; the whole library is 1.1 MB.
CHARTS = """
import * as echarts from 'echarts/core';
import { LineChart, BarChart, HeatmapChart, PieChart } from 'echarts/charts';
import { GridComponent, TooltipComponent, LegendComponent, VisualMapComponent, AriaComponent }
  from 'echarts/components';
import { CanvasRenderer } from 'echarts/renderers';
echarts.use([LineChart, BarChart, HeatmapChart, PieChart, GridComponent, TooltipComponent,
LegendComponent,
  VisualMapComponent, AriaComponent, CanvasRenderer]);
window.echarts = echarts;
"""

TABLER_LICENSE = """The MIT License (MIT)

Copyright (c) 2018-2025 The Tabler Authors

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in
all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN
THE SOFTWARE.
"""


def install(where: Path, packages: dict[str, str]) -> Path:
    """Installs the pinned packages into a scratch folder; returns its node_modules."""
    (where / "package.json").write_text('{"private": true}')
    wanted = [f"{name}@{version}" for name, version in packages.items()]
    subprocess.run(["npm", "install", "--no-audit", "--no-fund", *wanted], cwd=where, check=True)
    return where / "node_modules"


def copy(source: Path, target: Path) -> None:
    """Copy a file, without the pointer to a source map that is not shipped."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.suffix in (".js", ".css"):
        text = source.read_text(encoding="utf-8")
        text = re.sub(r"\n?(//# |/\*# )sourceMappingURL=[^\n]*", "", text).rstrip()
        target.write_text(text + "\n", encoding="utf-8")
    else:
        shutil.copyfile(source, target)


def fonts(modules: Path) -> None:
    """Inter, only the alphabets of our languages, each file with its hash in the address."""
    source = modules / "@fontsource-variable" / "inter"
    faces = []
    for block in re.findall(r"@font-face \{.*?\}", (source / "index.css").read_text(), re.DOTALL):
        found = re.search(r"files/(inter-([a-z-]+)-wght-normal\.woff2)", block)
        if not found or found[2] not in FONT_SUBSETS:
            continue
        data = (source / "files" / found[1]).read_bytes()
        (VENDOR / "inter").mkdir(exist_ok=True)
        (VENDOR / "inter" / found[1]).write_bytes(data)
        stamp = hashlib.sha256(data).hexdigest()[:10]
        faces.append(re.sub(r"url\([^)]*\)", f"url({found[1]}?v={stamp})", block))
    (VENDOR / "inter" / "inter.css").write_text("\n".join(faces) + "\n")


def charts(scratch: Path) -> None:
    """Our own build of ECharts."""
    (scratch / "charts.js").write_text(CHARTS)
    target = VENDOR / "echarts.min.js"
    command = ["npx", "esbuild", "charts.js", "--bundle", "--minify", "--format=iife"]
    subprocess.run(
        [*command, "--legal-comments=inline", f"--outfile={target}"], cwd=scratch, check=True
    )


def sprite(modules: Path) -> None:
    """One <symbol> for each icon in the list."""
    source = modules / "@tabler" / "icons" / "icons" / "outline"
    out = ['<svg xmlns="http://www.w3.org/2000/svg">']
    for name in sorted(set(ICON_LIST.read_text().split())):
        body = re.sub(r"<!--.*?-->", "", (source / f"{name}.svg").read_text(), flags=re.DOTALL)
        inside = re.search(r"<svg[^>]*>(.*)</svg>", body, re.DOTALL)
        assert inside, name
        lines = re.sub(r"\s*\n\s*", "", inside[1])
        lines = lines.replace('<path stroke="none" d="M0 0h24v24H0z" fill="none"/>', "")
        out.append(f'<symbol id="{name}" viewBox="0 0 24 24">{lines}</symbol>')
    (STATIC / "icons.svg").write_text("\n".join(out) + "\n</svg>\n")


def versions() -> None:
    """Return what is here, and the hash of each file, for whoever wants to compare."""
    files = {
        str(path.relative_to(VENDOR)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(VENDOR.rglob("*"))
        if path.is_file() and path.name != "VERSIONS.json"
    }
    packages = {**PACKAGES, **ICONS}
    text = json.dumps({"packages": packages, "files": files}, indent=2, sort_keys=True)
    (VENDOR / "VERSIONS.json").write_text(text + "\n")


def everything() -> None:
    shutil.rmtree(VENDOR, ignore_errors=True)
    VENDOR.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        modules = install(scratch, PACKAGES | ICONS | AXE)
        for source, target in COPIES.items():
            copy(modules / source, VENDOR / target)
        (VENDOR / "LICENSE-tabler").write_text(TABLER_LICENSE)
        fonts(modules)
        charts(scratch)
        sprite(modules)
        axe = ROOT / "tests" / "web" / "vendor"
        axe.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(modules / "axe-core" / "axe.min.js", axe / "axe.min.js")
        shutil.copyfile(modules / "axe-core" / "LICENSE", axe / "LICENSE-axe-core")
    versions()


def add_icons(names: list[str]) -> None:
    known = set(ICON_LIST.read_text().split()) | set(names)
    ICON_LIST.write_text("\n".join(sorted(known)) + "\n")
    with tempfile.TemporaryDirectory() as name:
        sprite(install(Path(name), ICONS))


if __name__ == "__main__":
    if sys.argv[1:2] == ["icon"]:
        add_icons(sys.argv[2:])
    else:
        everything()
