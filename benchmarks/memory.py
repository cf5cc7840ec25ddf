"""`python -m benchmarks.memory`: what the web processes of the running product take.

Of this checkout, on PORT, once they have worked: signs in, asks for every list that the menu leads
to three times on each of eight connections, and reads the kernel's figures. RSS counts whole what
processes share; PSS counts each one's part of it, so that its sum is what the machine gives up.
"""

from __future__ import annotations

import re
import sys

import psutil

import config as configuration
from benchmarks.browsing import Browser, signed_in
from benchmarks.processes import ROOT

CONNECTIONS = 8
TURNS = 3


def main() -> int:
    """Print a line for each web process, the one that starts the others first."""
    settings = configuration.load()
    address = f"http://127.0.0.1:{settings.port}"
    who = {"login": "owner@demo.example", "password": settings.demo_password}
    browser = signed_in(address, "/login/", who)
    paths = sorted(set(re.findall(r'href="(/[^"?#]+)"', browser.get("/clients/list/"))))
    pages = [path for path in paths if path.endswith("/list/")]
    for _connection in range(CONNECTIONS):
        other = Browser(address)
        other.cookies = dict(browser.cookies)
        for path in pages * TURNS:
            other.get(path)
        other.close()
    print(f"{len(pages)} pages, {TURNS} times on {CONNECTIONS} connections")
    total = 0
    for number, process in enumerate(_web()):
        used = process.memory_full_info()
        total += used.pss
        name = "web, the first" if number == 0 else "web"
        print(
            f"MEMORY {name}: RSS {used.rss / 1e6:.0f} MB, PSS {used.pss / 1e6:.0f} MB,"
            f" of its own {used.uss / 1e6:.0f} MB, {process.num_threads()} threads"
        )
    print(f"MEMORY all of web: PSS {total / 1e6:.0f} MB")
    return 0


def _web() -> list[psutil.Process]:
    for process in psutil.process_iter(["cmdline", "cwd", "ppid"]):
        command = process.info["cmdline"] or []
        ours = "run:app" in command and process.info["cwd"] == str(ROOT)
        if ours and "run:app" not in psutil.Process(process.info["ppid"]).cmdline():
            return [process, *process.children()]
    sys.exit("The product of this checkout does not run: make run, in another terminal.")


if __name__ == "__main__":
    sys.exit(main())
