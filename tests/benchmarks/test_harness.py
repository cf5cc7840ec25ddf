"""What a benchmark prints, who goes first, and which ratio counts."""

from __future__ import annotations

import pytest

from benchmarks.__main__ import benchmarks
from benchmarks.harness import PAIRS, Benchmark, Result, Sides, run

FLOORS = {
    "list-clients": (0.7, True),
    "list-orders-deep": (0.5, True),
    "search-phone": (0.7, True),
    "client-page": (1.5, True),
    "orders-api": (0.06, False),
    "import-real-year": (0.4, False),
    "dispatch-email-0ms": (0.1, False),
    "dispatch-email-5ms": (0.8, False),
    "boot": (2.5, True),
}


def benchmark(sides: Sides, *, reach: float = 0.7, at_most: bool = True) -> Benchmark:
    return Benchmark("some-page", "ms", "django-admin", reach, at_most, lambda _stage: sides)


def test_the_ratio_is_the_median_of_the_ratios_of_the_pairs() -> None:
    # A machine that becomes ten times slower in between spoils medians, not ratios.
    ours = iter([10.0, 10.0, 100.0, 100.0, 100.0])
    reference = iter([20.0, 20.0, 200.0, 200.0, 50.0])
    result = run(benchmark(Sides(lambda: next(ours), lambda: next(reference))), None)
    assert result.ratio == 0.5
    assert result.value == 100.0


def test_sides_alternate_and_so_does_who_begins() -> None:
    asked: list[str] = []

    def side(name: str) -> float:
        asked.append(name)
        return 1.0

    run(benchmark(Sides(lambda: side("ours"), lambda: side("reference"))), None)
    pairs = [tuple(asked[at : at + 2]) for at in range(0, len(asked), 2)]
    assert len(pairs) == PAIRS
    assert pairs == [
        ("ours", "reference") if number % 2 == 0 else ("reference", "ours")
        for number in range(PAIRS)
    ]


def test_what_was_started_is_ended_also_when_a_side_fails() -> None:
    ended: list[bool] = []

    def fails() -> float:
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        run(benchmark(Sides(fails, lambda: 1.0, lambda: ended.append(True))), None)
    assert ended == [True]


def test_the_line_has_the_form_that_others_read() -> None:
    result = Result(benchmark(Sides(lambda: 1.0, lambda: 1.0)), 12.3456, 0.33333)
    assert result.line() == "BENCH some-page 12.35 ms ratio=0.333 of=django-admin"


@pytest.mark.parametrize(
    ("at_most", "ratio", "reached"),
    [(True, 0.7, True), (True, 0.71, False), (False, 0.7, True), (False, 0.69, False)],
)
def test_times_stay_below_their_floor_and_rates_above(
    *, at_most: bool, ratio: float, reached: bool
) -> None:
    sides = Sides(lambda: 1.0, lambda: 1.0)
    assert Result(benchmark(sides, at_most=at_most), 1.0, ratio).reached is reached


@pytest.fixture
def known() -> dict[str, Benchmark]:
    return benchmarks()


def test_all_that_was_promised_is_measured_against_the_promised_floor(
    known: dict[str, Benchmark],
) -> None:
    assert {name: (one.reach, one.at_most) for name, one in known.items()} == FLOORS
