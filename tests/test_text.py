"""Widths, cuts and rounding of what planners read."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from coverage.text import cut, number, round_half_up, width


@pytest.mark.parametrize(
    ("value", "digits", "expected"),
    [
        (Fraction(3300, 85), 0, 39),
        (Fraction(3300, 85), 1, Fraction(388, 10)),
        (Fraction(700, 8), 1, Fraction(875, 10)),
        (Fraction(1100, 13), 0, 85),
        (Fraction(25, 2), 0, 13),
        (Fraction(-25, 2), 0, -13),
    ],
)
def test_rounds_as_the_plans_print(value: Fraction, digits: int, expected: Fraction) -> None:
    assert round_half_up(value, digits) == expected


@given(st.decimals(-(10**6), 10**6, places=4), st.integers(0, 3))
def test_rounding_agrees_with_decimal(value: Decimal, digits: int) -> None:
    want = value.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)
    assert round_half_up(Fraction(value), digits) == Fraction(want)


@given(st.text("清远abc 市（）%1", max_size=40), st.integers(2, 30))
def test_cut_fits_and_keeps_the_beginning(text: str, columns: int) -> None:
    short = cut(text, columns)
    assert width(short) <= columns
    assert text.startswith(short.removesuffix("…"))


@given(st.text("清远市民政事业abc012（）、%·", max_size=40))
def test_width_agrees_with_the_terminal_library(text: str) -> None:
    assert width(text) == cell_len(text)


def test_numbers() -> None:
    assert number(7824) == "7,824"
    assert number(Fraction(60)) == "60"
    assert number(Fraction(3300, 85)) == "38.8"
