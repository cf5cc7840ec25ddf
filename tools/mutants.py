"""`make mutants`: puts faults into the code, one at a time, and says which no test noticed.

    make mutants                       150 of them, drawn with a seed that is printed
    make mutants SEED=7 N=40           others; the same seed draws the same of the same sources
    make mutants ONLY=app/orders       of these files only
    make mutants SEED=7 MORE=1         goes on with that run, which was stopped
    make mutants AGAIN=instance/mutants/7.jsonl    those that lived in that run, once more

Each runs in a copy of the checkout with the tests of its folder (`PLACES`), those first that reach
its line (reaching.py), until the first fails: then it is killed. A run that takes three times as
long as without the fault is tried again when all others are done, alone; it is killed when it hangs
then as well. What lived is printed with its difference, and everything is in
`instance/mutants/SEED.jsonl`.
"""

import argparse
import contextlib
import difflib
import hashlib
import json
import os
import queue
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.parts import DOMAINS
from tools.mutations import Mutant, mutants_of, mutated
from tools.reaching import Reach

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "instance" / "mutants"
ROOMS = ("operations", "jobs", "queries")
# Where faults are put, and the tests that have to notice.
PLACES = {
    **{f"app/{one}/{room}": (f"tests/{one}",) for one in DOMAINS for room in ROOMS},
    "app/kit/security": ("tests/security",),
    "app/kit/database/install": ("tests/kit/database",),
    "app/kit/rest": ("tests/screens", "tests/security"),
    "app/kit/jobs": ("tests/jobs", "tests/events"),
}
# Set-up of a demo company, tried as a whole by tests/demo.
_LEFT_OUT = ("demo.py",)
SLOW = "too slow"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a mutant: killed or lived, after how many seconds, by which test."""

    mutant: Mutant
    killed: bool
    seconds: float
    by: str
    difference: str


def sources(only: str = "") -> dict[str, list[Path]]:
    """Return the files of each place."""
    found: dict[str, list[Path]] = {}
    for place in PLACES:
        path = ROOT / place
        files = sorted(path.rglob("*.py")) if path.is_dir() else [path.with_suffix(".py")]
        found[place] = [
            one
            for one in files
            if one.exists()
            and one.name not in _LEFT_OUT
            and str(one.relative_to(ROOT)).startswith(only)
        ]
    return found


def drawn(seed: int, count: int, only: str = "") -> list[tuple[str, Mutant]]:
    """Return `count` mutants with their places: from every place, from the larger ones more."""
    rng = random.Random(seed)
    pools: dict[str, list[Mutant]] = {}
    for place, files in sources(only).items():
        pool = [
            one
            for path in files
            for one in mutants_of(str(path.relative_to(ROOT)), path.read_text("utf-8"))
        ]
        if pool:
            pools[place] = rng.sample(pool, len(pool))
    taken = [(place, pool.pop()) for place, pool in pools.items()][:count]
    rest = [(place, one) for place, pool in pools.items() for one in pool]
    return taken + rng.sample(rest, min(count - len(taken), len(rest)))


class Copy:
    """A copy of the checkout in which one fault at a time is tried."""

    def __init__(self, directory: Path) -> None:
        self.root = directory / "checkout"
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.split("\0")
        for name in filter(None, listed):
            if (ROOT / name).is_file():
                target = self.root / name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, target)
        (self.root / ".venv").symlink_to(Path(sys.executable).parent.parent)
        if (ROOT.parent / "shared").exists():
            (directory / "shared").symlink_to(ROOT.parent / "shared")

    def test(
        self, tests: Sequence[str], limit: float | None, options: Sequence[str] = ()
    ) -> tuple[bool, float, str]:
        """Run the tests; return whether all passed, the seconds and the first that failed."""
        started = time.monotonic()
        # In a file: thousands are more than a command line may hold.
        asked = self.root / ".asked"
        asked.write_text("\n".join(one for one in tests if self._has(one)), "utf-8")
        command = [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", f"@{asked}"]
        process = subprocess.Popen(
            [*command, *options, "-p", "no:cacheprovider"],
            cwd=self.root,
            env={**os.environ, "COVERAGE_FILE": str(self._noted(tests))},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            said, _ = process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            # Its own group: nothing that it started goes on.
            os.killpg(process.pid, 15)
            said, _ = process.communicate()
            return False, time.monotonic() - started, SLOW
        return process.returncode == 0, time.monotonic() - started, _first_failure(said)

    def _has(self, tests: str) -> bool:
        return (self.root / tests.partition("::")[0]).exists()

    def reach(self, tests: tuple[str, ...]) -> tuple[float, Reach] | str:
        """Return how long the tests take and what they reach, or which one fails by itself."""
        places = [
            one
            for one, asked in PLACES.items()
            if asked == tests and (self._has(one) or self._has(f"{one}.py"))
        ]
        passed, seconds, by = self.test(tests, None, Reach.options(places))
        return (seconds, Reach(self._noted(tests), self.root)) if passed else by

    def _noted(self, tests: Sequence[str]) -> Path:
        """Return where a run of them notes what it reaches; each asks its own for a long time."""
        return self.root / f".coverage-{hashlib.sha256(' '.join(tests).encode()).hexdigest()[:12]}"

    @contextlib.contextmanager
    def with_fault(self, mutant: Mutant) -> Iterator[str]:
        """Put the fault in for the block; give the difference."""
        path = self.root / mutant.path
        before = path.read_text("utf-8")
        after = mutated(before, mutant)
        path.write_text(after, "utf-8")
        try:
            yield difference(mutant.path, before, after)
        finally:
            path.write_text(before, "utf-8")


def difference(path: str, before: str, after: str) -> str:
    """Return what one would see in a diff, with a line of context."""
    lines = before.splitlines(), after.splitlines()
    return "\n".join(difflib.unified_diff(*lines, path, path, lineterm="", n=1))


def _first_failure(said: str) -> str:
    for line in said.splitlines():
        if line.startswith(("FAILED", "ERROR")):
            return line.split(" - ")[0]
    return said.strip().splitlines()[-1][:200] if said.strip() else ""


class Run:
    """All mutants of a draw, on several copies at a time."""

    def __init__(self, work: Sequence[tuple[str, Mutant]], out: Path, hands: int) -> None:
        self.out = out
        self.hands = hands
        self.todo: queue.Queue[tuple[str, Mutant]] = queue.Queue()
        for one in work:
            self.todo.put(one)
        self.limits: dict[tuple[str, ...], float] = {}
        self.reach: dict[tuple[str, ...], Reach] = {}
        self.locks: dict[tuple[str, ...], threading.Lock] = defaultdict(threading.Lock)
        self.verdicts: list[Verdict] = []
        self.slow: list[tuple[str, Mutant]] = []
        self.broken: list[str] = []
        self.note = threading.Lock()

    def go(self) -> None:
        """Try them all. Raises SystemExit where tests fail without any fault."""
        self.out.parent.mkdir(parents=True, exist_ok=True)
        self.out.touch()
        with tempfile.TemporaryDirectory(prefix="mutants-") as directory:
            threads = [
                threading.Thread(target=self._hand, args=(Path(directory) / str(number),))
                for number in range(self.hands)
            ]
            for one in threads:
                one.start()
            for one in threads:
                one.join()
            if self.slow and not self.broken:
                self._alone(Path(directory) / "alone")
        if self.broken:
            raise SystemExit("\n".join(self.broken))

    def _hand(self, directory: Path) -> None:
        copy = Copy(directory)
        while not self.broken:
            try:
                place, mutant = self.todo.get_nowait()
            except queue.Empty:
                return
            limit = self._limit(copy, PLACES[place])
            if limit is not None:
                verdict = self._tried(copy, place, mutant, limit)
                if verdict.by == SLOW:
                    self.slow.append((place, mutant))
                else:
                    self._note(verdict)

    def _alone(self, directory: Path) -> None:
        """Try once more what was too slow beside another: a true hang is one alone as well."""
        copy = Copy(directory)
        for place, mutant in self.slow:
            self._note(self._tried(copy, place, mutant, self.limits[PLACES[place]]))

    def _tried(self, copy: Copy, place: str, mutant: Mutant, limit: float) -> Verdict:
        source = (copy.root / mutant.path).read_text("utf-8")
        reached = self.reach[PLACES[place]].of(mutant.path, source, mutant.line)
        passed, seconds, by = True, 0.0, ""
        with copy.with_fault(mutant) as shown:
            if reached.tests:
                passed, seconds, by = copy.test(reached.tests, limit)
            if passed and reached.beyond:
                passed, more, by = copy.test(PLACES[place], limit)
                seconds += more
        return Verdict(mutant, not passed, seconds, by, shown)

    def _limit(self, copy: Copy, tests: tuple[str, ...]) -> float | None:
        """Return how long the tests may take; run once without a fault, they have to pass."""
        with self.locks[tests]:
            if tests not in self.limits:
                found = copy.reach(tests)
                if isinstance(found, str):
                    self.broken.append(f"Without any fault {' '.join(tests)} fail: {found}")
                    return None
                seconds, self.reach[tests] = found
                self.limits[tests] = 3 * seconds + 60
            return self.limits[tests]

    def _note(self, verdict: Verdict) -> None:
        with self.note:
            self.verdicts.append(verdict)
            word = "killed" if verdict.killed else "LIVED "
            name = verdict.mutant.name
            print(f"{len(self.verdicts):4} {word} {verdict.seconds:5.0f} s  {name}", flush=True)
            with self.out.open("a", encoding="utf-8") as file:
                kept = {
                    "path": verdict.mutant.path,
                    "operator": verdict.mutant.operator,
                    "occurrence": verdict.mutant.occurrence,
                    "line": verdict.mutant.line,
                    "killed": verdict.killed,
                    "by": verdict.by,
                    "difference": verdict.difference,
                }
                file.write(json.dumps(kept) + "\n")


def lived_in(path: Path) -> list[tuple[str, Mutant]]:
    """Return those that lived in an earlier run, as far as the sources still have them.

    They are found by the lines that they change: numbers of lines have moved since.
    """
    found = []
    for line in path.read_text("utf-8").splitlines():
        kept = json.loads(line)
        place = next(one for one in PLACES if kept["path"].startswith(one))
        if not kept["killed"] and (mutant := _found_again(kept)):
            found.append((place, mutant))
    return found


def without_done(work: Sequence[tuple[str, Mutant]], path: Path) -> list[tuple[str, Mutant]]:
    """Return what an earlier run of the same draw, noted there, has not tried."""
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    done = Counter(_known(json.loads(line)) for line in lines)
    left = []
    for place, one in work:
        name = (one.path, one.operator, one.occurrence)
        if done[name]:
            done[name] -= 1
        else:
            left.append((place, one))
    return left


def _known(kept: dict[str, Any]) -> tuple[str, str, int]:
    return kept["path"], kept["operator"], kept["occurrence"]


def _found_again(kept: dict[str, Any]) -> Mutant | None:
    path = ROOT / kept["path"]
    source = path.read_text("utf-8") if path.exists() else ""
    wanted = _changed(kept["difference"])
    same = [
        one
        for one in mutants_of(kept["path"], source)
        if one.operator == kept["operator"]
        and _changed(difference(one.path, source, mutated(source, one))) == wanted
    ]
    return min(same, key=lambda one: abs(one.line - kept["line"]), default=None)


def _changed(difference: str) -> list[str]:
    return [line for line in difference.splitlines()[2:] if line[:1] in "+-"]


def main() -> int:
    """Draw, try, print; 1 when more than one in ten lived."""
    read = argparse.ArgumentParser(description=__doc__)
    read.add_argument("--seed", type=int, default=None)
    read.add_argument("--count", type=int, default=150)
    read.add_argument("--only", default="")
    read.add_argument("--again", type=Path, default=None)
    read.add_argument("--more", action="store_true")
    read.add_argument("--hands", type=int, default=os.cpu_count() or 1)
    asked = read.parse_args()
    seed = random.SystemRandom().randrange(10**6) if asked.seed is None else asked.seed
    work = lived_in(asked.again) if asked.again else drawn(seed, asked.count, asked.only)
    out = OUT / f"{seed}.jsonl"
    if asked.more:
        work = without_done(work, out)
    else:
        out.unlink(missing_ok=True)
    print(f"mutants: {len(work)}, seed {seed}", flush=True)
    run = Run(work, out, asked.hands)
    run.go()
    lived = [one for one in run.verdicts if not one.killed]
    for one in lived:
        print(f"\nLIVED {one.mutant.name}\n{one.difference}")
    total = len(run.verdicts)
    print(f"MUTANTS seed={seed} tried={total} killed={total - len(lived)} lived={len(lived)}")
    return int(10 * len(lived) > total)


if __name__ == "__main__":
    sys.exit(main())
