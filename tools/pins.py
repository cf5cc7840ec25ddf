"""Pins requirements*.in into requirements*.txt, with hashes, for every platform."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UV = Path(sys.executable).parent / "uv"
OPTIONS = (
    "--quiet",
    "--upgrade",
    "--no-header",
    "--universal",
    "--generate-hashes",
    "--no-emit-index-url",
    "--python-version",
    "3.11",
)

if __name__ == "__main__":
    # The second is constrained by the first.
    for name in ("requirements", "requirements-dev"):
        command = [
            str(UV),
            "pip",
            "compile",
            *OPTIONS,
            f"{name}.in",
            "--output-file",
            f"{name}.txt",
        ]
        subprocess.run(command, check=True, cwd=ROOT)
