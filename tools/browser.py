"""Installs Chromium for the browser tests where that is possible: as root, with apt."""

import os
import shutil
import subprocess

NAMES = ("chromium", "chromium-browser", "google-chrome")
QUIET = ("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq")
STEPS = (("update",), ("install", "-y", "--no-install-recommends", "chromium"))


def main() -> None:
    """Install the browser if it is missing; without one, say so and leave it to the tests."""
    if is_there():
        return
    if shutil.which("apt-get") and os.geteuid() == 0:
        print("Installing Chromium for the browser tests ...", flush=True)
        for step in STEPS:
            subprocess.run([*QUIET, *step], check=False, stdin=subprocess.DEVNULL)
    if not is_there():
        print("There is no Chromium here, which the browser tests need.", flush=True)


def is_there() -> bool:
    """Tell whether a browser is on the path."""
    return any(map(shutil.which, NAMES))


if __name__ == "__main__":
    main()
