"""The fuzzer itself: what it makes stays within what a machine can hold."""

from __future__ import annotations

from random import Random

import pytest
from scripts.fuzzing.mutate import mutate

MOST = 64_000_000
ONE_LINE = {
    ".xml": "<?xml version='1.0'?><a>" + "<b c='1'>x</b>" * 60_000 + "</a>",
    ".csv": "a,b," + "x" * 800_000,
    ".json": "[" + ", ".join(["[1, 2]"] * 100_000) + "]",
}


@pytest.mark.parametrize("suffix", list(ONE_LINE))
def test_a_spoilt_file_stays_small(suffix: str) -> None:
    raw = ONE_LINE[suffix].encode()
    made = [len(mutate(raw, suffix, Random(f"{suffix} {n}"))) for n in range(25)]
    assert max(made) < MOST
    assert len(set(made)) > 5
