"""Facility siting and coverage toolkit for civil-affairs planners.

Names are resolved on first use (PEP 562), so that `import coverage` and
`coverage --help` load nothing heavy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOME: dict[str, str] = {
    "City": "coverage.city",
    "Report": "coverage.assessment",
    "assess": "coverage.assessment",
    "compare": "coverage.scenarios.compare",
    "draw": "coverage.reach.draw",
    "network": "coverage.roads.sources:load",
    "people_reached": "coverage.reach.people",
    "register": "coverage.city",
    "read_scenario": "coverage.scenarios.file:read",
    "site": "coverage.proposals.ask",
    "travel_time": "coverage.reach.service",
    "CoverageError": "coverage.errors",
    "InputError": "coverage.errors",
}

if TYPE_CHECKING:
    from coverage.assessment import Report as Report
    from coverage.assessment import assess as assess
    from coverage.city import City as City
    from coverage.city import register as register
    from coverage.errors import CoverageError as CoverageError
    from coverage.errors import InputError as InputError
    from coverage.proposals.ask import site as site
    from coverage.reach.draw import draw as draw
    from coverage.reach.people import people_reached as people_reached
    from coverage.reach.service import travel_time as travel_time
    from coverage.roads.sources import load as network
    from coverage.scenarios.compare import compare as compare
    from coverage.scenarios.file import read as read_scenario

__all__ = [
    "City",
    "CoverageError",
    "InputError",
    "Report",
    "__version__",
    "assess",
    "compare",
    "draw",
    "network",
    "people_reached",
    "read_scenario",
    "register",
    "site",
    "travel_time",
]


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module 'coverage' has no attribute {name!r}")
    module, _, attribute = home.partition(":")
    found = getattr(import_module(module), attribute or name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME])
