"""Every public name has an example that runs, and the reference pages are what the code says."""

from __future__ import annotations

import doctest
import subprocess
import sys

import pytest

import coverage as cov
from conftest import ROOT

NAMES = [name for name in cov.__all__ if not name.startswith("__")]


@pytest.mark.parametrize("name", NAMES)
def test_a_public_name_has_an_example_that_runs(name: str) -> None:
    thing = getattr(cov, name)
    finder = doctest.DocTestFinder(recurse=False)
    (found,) = finder.find(thing, name, globs={})
    assert found.examples, f"{name} has no example in its docstring"
    outcome = doctest.DocTestRunner(verbose=False).run(found)
    assert not outcome.failed


def test_all_public_names_are_listed() -> None:
    assert sorted(NAMES) == sorted(cov._HOME)
    assert set(NAMES) <= set(dir(cov))


def test_the_reference_pages_are_what_the_code_says() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "reference.py"), "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
