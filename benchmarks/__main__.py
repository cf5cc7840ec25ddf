"""`python -m benchmarks [NAME…]`.

One line per benchmark on standard output, all else on standard error.
"""

from __future__ import annotations

import sys
import time
from importlib import import_module

from benchmarks.harness import Benchmark, run
from benchmarks.stage import Skipped, say, stage

ROOMS = ("pages", "placing", "importing", "dispatching", "boot")


def benchmarks() -> dict[str, Benchmark]:
    """All of them by name, in the order of the issue."""
    return {one.name: one for room in ROOMS for one in import_module(f"benchmarks.{room}").ALL}


def main(names: list[str]) -> int:
    """Run the named benchmarks, or all; 1 where a floor is missed."""
    known = benchmarks()
    unknown = [name for name in names if name not in known]
    if unknown:
        say(f"No benchmark is called {', '.join(unknown)}. There are: {', '.join(known)}.")
        return 2
    missed = []
    with stage() as scene:
        for name in names or known:
            began = time.monotonic()
            try:
                result = run(known[name], scene)
            except Skipped as reason:
                say(f"{name}: skipped. {reason}")
                continue
            print(result.line(), flush=True)
            say(f"  {name}: {time.monotonic() - began:.0f} s")
            if not result.reached:
                missed.append(name)
    if missed:
        say(f"Below the floor: {', '.join(missed)}.")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
