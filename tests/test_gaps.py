"""Gaps: the smallest number of whole units, for every comparison, against a brute force."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coverage.gaps import OPS, gap, meets, units_needed

if TYPE_CHECKING:
    from coverage.gaps import Op


def test_51_of_85_meets_at_least_60_and_fails_above_60() -> None:
    assert gap(51, 85, "≥", Fraction(60)).met
    above = gap(51, 85, ">", Fraction(60))
    assert not above.met
    assert above.points == 0
    assert above.units == 1


@pytest.mark.parametrize(
    ("numerator", "denominator", "op", "target", "expected"),
    [
        (40, 85, ">", 60, 12),  # 清远: 52/85 is the first above 60 %
        (40, 85, "≥", 60, 11),
        (33, 85, "=", 100, 52),
        (7, 8, "=", 100, 1),
        (16, 49, "≥", 60, 14),  # 阳江 by its plan's 49: 30/49 = 61.2 %
        (16, 48, "≥", 60, 13),  # and by today's 48: 29/48 = 60.4 %
        (40, 73, "≥", 60, 4),  # 江门: 44/73 = 60.3 %
        (4, 10, "≥", 60, 2),  # 珠山
        (11, 13, "=", 100, 2),
        (85, 85, ">", 100, None),
        (0, 8, "=", 90, None),  # 7.2 counties do not exist
        (50, 85, "≤", 60, 0),
        (60, 85, "≤", 60, None),
    ],
)
def test_gap_units_of_the_plans(
    numerator: int, denominator: int, op: Op, target: int, expected: int | None
) -> None:
    assert units_needed(numerator, denominator, op, target, ceiling=denominator) == expected


def _smallest(n: int, d: int, op: Op, target: Fraction) -> int | None:
    tried = ((k, Fraction(100 * (n + k), d)) for k in range(d - n + 1))
    return next((k for k, value in tried if meets(value, op, target)), None)


@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("target", [Fraction(60), Fraction(50), Fraction(100), Fraction(175, 2)])
def test_smallest_for_every_denominator_to_2000(op: Op, target: Fraction) -> None:
    """Walks every denominator; the numerators are those around the target and both ends."""
    for d in range(1, 2001):
        near = int(target * d / 100)
        for n in {0, d, *range(max(0, near - 2), min(d, near + 2) + 1)}:
            found = units_needed(n, d, op, target, ceiling=d)
            if found is None:
                tried = {m for m in (n, near, near + 1, d) if n <= m <= d}
                assert not any(meets(Fraction(100 * m, d), op, target) for m in tried)
                continue
            assert n + found <= d
            assert meets(Fraction(100 * (n + found), d), op, target)
            if found:
                assert not meets(Fraction(100 * (n + found - 1), d), op, target)
                assert not meets(Fraction(100 * n, d), op, target)


@given(
    st.integers(1, 2000).flatmap(lambda d: st.tuples(st.integers(0, d), st.just(d))),
    st.sampled_from(OPS),
    st.fractions(0, 120, max_denominator=400),
)
def test_equals_the_brute_force(pair: tuple[int, int], op: Op, target: Fraction) -> None:
    n, d = pair
    assert units_needed(n, d, op, target, ceiling=d) == _smallest(n, d, op, target)


@given(
    st.integers(0, 50_000),
    st.integers(1, 900_000),
    st.sampled_from([">", "≥"]),
    st.fractions(0, 80, max_denominator=100),
)
def test_beds_per_thousand_have_no_ceiling(n: int, d: int, op: Op, target: Fraction) -> None:
    needed = units_needed(n, d, op, target, scale=1000)
    assert needed is not None
    assert meets(Fraction(1000 * (n + needed), d), op, target)
    assert needed == 0 or not meets(Fraction(1000 * (n + needed - 1), d), op, target)


@given(st.integers(0, 100), st.integers(1, 100), st.sampled_from(OPS), st.integers(0, 100))
def test_points_are_zero_once_met(n: int, d: int, op: Op, target: int) -> None:
    found = gap(n, d, op, Fraction(target))
    assert found.points >= 0
    assert (found.points == 0) == (found.met or Fraction(100 * n, d) == target)


def test_a_ratio_needs_a_positive_denominator() -> None:
    with pytest.raises(ValueError, match="denominator"):
        units_needed(0, 0, "≥", 50)
