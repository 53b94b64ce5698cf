"""What all tests share: where others' data with known answers lies, if it is at hand."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"
TESTDATA = SHARED / "testdata"

# The same examples each time, so that a failure belongs to the change that brought it;
# HYPOTHESIS_PROFILE=explore looks for new ones.
for _name, _same in (("default", True), ("explore", False)):
    settings.register_profile(
        _name,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
        print_blob=True,
        derandomize=_same,
    )
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

# Files that take longest, begun first: no worker ends alone with one of them.
LONGEST = (
    *("test_faults", "test_brief_attack", "test_same_bytes", "test_brief_command"),
    *("test_brief_digests", "test_siting_brute", "test_truth_osm", "test_joins", "test_docs"),
    *("test_circles_promise", "test_cli_locale", "test_formats_door", "test_intake_safety"),
    *("test_scenario_run", "test_siting_truth", "test_straight_estimate", "test_parallel"),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests of the longest files first, and leave all others in their order."""
    items.sort(key=lambda item: not item.path.stem.startswith(LONGEST))


def shared_file(*parts: str) -> Path:
    """A file of the shared test data, or skip the test with the reason."""
    path = SHARED.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"needs {'/'.join(parts)} of the shared test data, which is not at hand")
    return path


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the user's own cache out of the tests."""
    if "COVERAGE_CACHE" not in os.environ:
        monkeypatch.setenv("COVERAGE_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
