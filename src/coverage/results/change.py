"""What a scenario changes, as part of the result that documents are written from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coverage.results.document import Change
from coverage.results.from_report import build
from coverage.results.scenario_words import sentences

if TYPE_CHECKING:
    from coverage.assessment import Report
    from coverage.messages import Lang
    from coverage.scenarios.edits import Scenario
    from coverage.scenarios.outcome import Outcome


def build_change(outcome: Outcome, after: Report, lang: Lang) -> Change:
    """The ``scenario`` of a result.

    Args:
        outcome: The scenario, run.
        after: Its report afterwards, with the indicators that are to be shown.
        lang: Language of names and words.
    """
    return Change(
        name=outcome.scenario.name,
        note=outcome.scenario.note,
        file=outcome.scenario.file,
        sentences=tuple(said.to(lang) for said in sentences(outcome)),
        changes=facility_changes(outcome.scenario),
        notes=tuple(note.to(lang) for note in outcome.notes),
        after=build(after, lang),
    )


def facility_changes(scenario: Scenario) -> dict[str, str]:
    """What a scenario does to facilities, by id: ``added``, ``changed`` or ``closed``."""
    made = dict.fromkeys((edit.facility for edit in scenario.of_facilities), "changed")
    made |= dict.fromkeys((add.id for add in scenario.adds), "added")
    return made | dict.fromkeys((close.facility for close in scenario.closes), "closed")
