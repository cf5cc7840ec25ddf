"""One benchmark: our side and the reference in turns, both checked to have done the same work.

The machine is noisy, so a figure is the median of five pairs, and the ratio is the median of the
pairs' ratios, never the ratio of two medians taken at different times.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

PAIRS = 5


@dataclass(frozen=True)
class Sides:
    """Two measurements of the same work; each call returns the figure in the benchmark's unit."""

    ours: Callable[[], float]
    reference: Callable[[], float]
    close: Callable[[], None] = lambda: None


@dataclass(frozen=True)
class Benchmark:
    """`prepare(stage)` checks that both sides do the same work and returns them.

    `reach` is the floor of the ratio: `at_most` for times, at least for rates.
    """

    name: str
    unit: str
    reference: str
    reach: float
    at_most: bool
    prepare: Callable[..., Sides]


@dataclass(frozen=True)
class Result:
    """The medians of one benchmark."""

    benchmark: Benchmark
    value: float
    ratio: float

    @property
    def reached(self) -> bool:
        """Say whether the floor holds."""
        bench = self.benchmark
        return self.ratio <= bench.reach if bench.at_most else self.ratio >= bench.reach

    def line(self) -> str:
        """Return the line that `make bench` prints."""
        bench = self.benchmark
        return (
            f"BENCH {bench.name} {self.value:.4g} {bench.unit}"
            f" ratio={self.ratio:.3f} of={bench.reference}"
        )


def run(benchmark: Benchmark, stage: object) -> Result:
    """Measure in alternating pairs, who goes first changing with each pair."""
    sides = benchmark.prepare(stage)
    try:
        pairs = [_pair(sides, ours_first=number % 2 == 0) for number in range(PAIRS)]
    finally:
        sides.close()
    for ours, reference in pairs:
        sys.stderr.write(f"  {benchmark.name}: {ours:.4g} against {reference:.4g}\n")
    return Result(
        benchmark, median(ours for ours, _ in pairs), median(ours / other for ours, other in pairs)
    )


def _pair(sides: Sides, *, ours_first: bool) -> tuple[float, float]:
    if ours_first:
        ours = sides.ours()
        return ours, sides.reference()
    reference = sides.reference()
    return sides.ours(), reference
