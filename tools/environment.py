"""Makes `.venv` with what requirements.txt pins: `python3 tools/environment.py [--dev]`.

Standard library only.

Run by whatever python3 the machine has, so it must at least be understood by old ones. A stamp
keeps the hash of the file that was installed: unchanged, this takes no time.
"""

import argparse
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST = (3, 11)
# Embedded PostgreSQL has no wheel from this one on: an older Python is taken where there is one.
TOO_NEW = (3, 14)
NEWER = ("python3.13", "python3.12", "python3.11")


def main() -> None:
    """Bring the environment up to date, or say in one sentence why that cannot be."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--dev", action="store_true", help="also what tests and checks need")
    parser.add_argument("--directory", type=Path, default=ROOT / ".venv")
    arguments = parser.parse_args()
    files = ["requirements.txt", *(["requirements-dev.txt"] if arguments.dev else [])]
    _make(arguments.directory)
    for name in files:
        _install(arguments.directory, ROOT / name)


def _make(directory: Path) -> None:
    if _works(directory / "bin" / "python"):
        return
    shutil.rmtree(directory, ignore_errors=True)
    print(f"Making {directory} ...", flush=True)
    if subprocess.run([_python(), "-m", "venv", str(directory)], check=False).returncode:
        shutil.rmtree(directory, ignore_errors=True)
        sys.exit(
            "The environment could not be made. On Debian and Ubuntu: apt install python3-venv"
        )


def _works(python: Path) -> bool:
    if not python.exists():
        return False
    script = f"import sys, pip; sys.exit(sys.version_info < {OLDEST})"
    try:
        return not subprocess.run(
            [str(python), "-c", script], check=False, stderr=subprocess.DEVNULL
        ).returncode
    except OSError:
        return False


def _python() -> str:
    if OLDEST <= sys.version_info < TOO_NEW:
        return sys.executable
    for name in NEWER:
        found = shutil.which(name)
        if found:
            return found
    if sys.version_info >= TOO_NEW:
        return sys.executable
    sys.exit(f"Python 3.11 or newer is needed; python3 here is {sys.version.split()[0]}.")


def _install(directory: Path, requirements: Path) -> None:
    stamp = directory / f".installed-{requirements.name}"
    wanted = hashlib.sha256(requirements.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    print(f"Installing {requirements.name} ...", flush=True)
    pip = [str(directory / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    pip += ["--disable-pip-version-check", "--no-input", "--require-hashes", "--no-deps"]
    if subprocess.run([*pip, "-r", str(requirements)], check=False).returncode:
        sys.exit(f"{requirements.name} could not be installed: see above.")
    stamp.write_text(wanted)


if __name__ == "__main__":
    main()
