"""Everything that can be checked without running the tests.

All of it runs, then the first failure counts.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
# Deno asks nobody for a newer one, and keeps what it remembers within the checkout.
ENVIRONMENT = {**os.environ, "DENO_NO_UPDATE_CHECK": "1", "DENO_DIR": str(ROOT / ".cache" / "deno")}
CHECKS = (
    ("formatting", ["ruff", "format", "--check", "--quiet", "."]),
    ("lint", ["ruff", "check", "--quiet", "."]),
    ("script and style formatting", ["deno", "fmt", "--check"]),
    ("script lint", ["deno", "lint", "--quiet"]),
    ("names in the script", ["deno", "check", "--quiet", "app/web/static/js"]),
    ("types", ["mypy"]),
    ("import rules", ["lint-imports"]),
    ("dead code", ["python", "tools/unused.py"]),
    ("class names", ["python", "tools/doubles.py"]),
    ("migration drift", ["python", "-m", "pytest", "-q", "tests/house/test_drift.py"]),
    ("translations", ["python", "-m", "app.kit.i18n.check"]),
)


def main() -> int:
    """Run the checks and give the number of those that failed."""
    failed = []
    for name, (program, *arguments) in CHECKS:
        started = time.monotonic()
        done = subprocess.run(
            [BIN / program, *arguments],
            check=False,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            env=ENVIRONMENT,
        )
        result = "FAILED" if done.returncode else "ok"
        print(f"check {name}: {result} ({time.monotonic() - started:.1f} s)", flush=True)
        if done.returncode:
            failed.append(name)
    if failed:
        print(f"make check: {', '.join(failed)} failed", file=sys.stderr)
    return len(failed)


if __name__ == "__main__":
    sys.exit(min(main(), 1))
