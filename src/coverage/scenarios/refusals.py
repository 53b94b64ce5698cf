"""Everything that a run of scenarios refuses, found at once: for `coverage scenario check`.

A run stops at the first source it cannot use. What it would have said next is
found by asking each source, file, option and scenario by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coverage.demand.sources import demand_of
from coverage.errors import InputError
from coverage.fields import read_toml
from coverage.plans import LATER_YEARS
from coverage.profiles import load_profile
from coverage.reach.ground import DEFAULT_PROFILE
from coverage.roads.sources import load
from coverage.scenarios.compare import compare
from coverage.scenarios.file import read
from coverage.scenarios.live import question_of
from coverage.scenarios.ranking import ranked
from coverage.scenarios.shipped import find_scenario

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from coverage.city import City
    from coverage.errors import Problem
    from coverage.scenarios.edits import Scenario


class Refusals:
    """Problems as they are found, each once, those of the run itself first.

    Attributes:
        problems: What was found.
    """

    def __init__(self, first: InputError) -> None:
        self.problems: list[Problem] = list(first.problems)

    def ask(self, check: Callable[..., Any], *args: Any, **options: Any) -> Any:
        """What a check gives; `None` where it refuses, and its problems are kept."""
        try:
            return check(*args, **options)
        except InputError as error:
            self.problems += [p for p in error.problems if p not in self.problems]
            return None


def every_refusal(
    first: InputError,
    files: Sequence[str],
    city: City | None,
    *,
    years: Sequence[int | None] = (None,),
    **options: Any,
) -> InputError:
    """The error of a run, and with it all else that it would have refused.

    Args:
        first: What the run raised.
        files: Scenarios as they were named.
        city: Whose, `None` where that could not be told.
        years: Those asked for.
        options: Of `coverage.scenarios.compare.compare`.
    """
    found = Refusals(first)
    paths = [path for name in files if (path := found.ask(find_scenario, name)) is not None]
    if city is None:
        for path in paths:
            found.ask(read_toml, path, loose=True)
        return InputError(found.problems)
    good = _files(found, paths, city, options["register"])
    _options(found, city, years, options)
    for one in good:
        for year in years:
            found.ask(compare, city, one, year=year, **options)
    return InputError(found.problems)


def _files(
    found: Refusals, paths: Sequence[Path], city: City, register: Path | None
) -> list[Scenario]:
    """The scenarios that can be read; where the register cannot, each file is held to no city."""
    rows = found.ask(city.counted, register)
    if rows is None:
        for path in paths:
            found.ask(read_toml, path, loose=True)
        return []
    read_ = (found.ask(read, path, city, register=rows) for path in paths)
    return [one for one in read_ if one is not None]


def _options(
    found: Refusals, city: City, years: Sequence[int | None], options: dict[str, Any]
) -> None:
    """Every option and every other file, by itself."""
    found.ask(city.counted, options["register"], options["provenance"])
    found.ask(ranked, (), options["rank_by"])
    found.ask(question_of, options["kind"], options["services"], options["group"])
    for year in years:
        found.ask(city.plan.chosen_year, year, later=LATER_YEARS)
    profile = found.ask(load_profile, options["profile"] or DEFAULT_PROFILE)
    if profile is not None and options["minutes"] is not None:
        found.ask(profile.limit_s, options["minutes"])
    if options["roads"] is not None:
        found.ask(load, options["roads"])
    if options["population"] is not None:
        found.ask(demand_of, city, options["population"])
