"""What a scenario changes, as part of the one result object of documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coverage.results.document import build
from coverage.results.scenario_words import sentences

if TYPE_CHECKING:
    from coverage.assessment import Report
    from coverage.messages import Lang
    from coverage.scenarios.edits import Scenario
    from coverage.scenarios.outcome import Outcome


def build_change(outcome: Outcome, after: Report, lang: Lang) -> dict[str, Any]:
    """The ``scenario`` of a result object.

    - ``name``, ``note``, ``file``: of the scenario;
    - ``sentences``: who gains, who loses, what is still unmet;
    - ``changes``: ``added``, ``changed`` or ``closed`` by facility id;
    - ``notes``: what was assumed;
    - ``after``: the result object of the city afterwards.

    Args:
        outcome: The scenario, run.
        after: Its report afterwards, with the indicators that are to be shown.
        lang: Language of names and words.
    """
    return {
        "name": outcome.scenario.name,
        "note": outcome.scenario.note,
        "file": outcome.scenario.file,
        "sentences": [said.to(lang) for said in sentences(outcome)],
        "changes": facility_changes(outcome.scenario),
        "notes": [note.to(lang) for note in outcome.notes],
        "after": build(after, lang),
    }


def facility_changes(scenario: Scenario) -> dict[str, str]:
    """What a scenario does to facilities, by id: ``added``, ``changed`` or ``closed``."""
    made = dict.fromkeys((edit.facility for edit in scenario.of_facilities), "changed")
    made |= dict.fromkeys((add.id for add in scenario.adds), "added")
    return made | dict.fromkeys((close.facility for close in scenario.closes), "closed")
