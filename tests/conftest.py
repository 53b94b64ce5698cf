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
