"""The one result object that every page, sheet, slide, layer and map is written from.

`build` takes the JSON of a report (`coverage.results.export.to_dict`) and adds
what documents need besides: the people of every unit, the facilities with
their places, totals by kind, and each number as it is to be printed. It is
plain data (JSON), so that what is kept back (`coverage.results.discretion`)
is kept back from all of them at once.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from coverage.indicators import affected_group
from coverage.kinds import KINDS, PROVENANCES, STATUSES
from coverage.messages import Said
from coverage.results import words
from coverage.results.export import to_dict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coverage.assessment import IndicatorResult, Report
    from coverage.facilities import Facility
    from coverage.messages import Lang
    from coverage.units import Unit

# No other group is given: with 15-59 a hidden group would be the rest of a sum.
GROUPS: dict[str, Said] = {
    "all": Said("人口", "people"),
    "60+": Said("60岁及以上人口", "people aged 60+"),
    "0-14": Said("0–14岁人口", "children aged 0–14"),
}


def build(report: Report, lang: Lang = "zh") -> dict[str, Any]:
    """The result object of one report.

    On top of `to_dict`:

    - ``heading``, ``subheading``, ``lang``: the words of the title;
    - of every indicator ``short_name``, ``status_text``, ``kinds``, ``rows`` (ids of the
      facilities counted), ``scale`` (100 for percent), ``group`` (whose people wait for
      it), ``missing_people`` (their number in the missing units) and ``shown`` (value,
      baseline, targets, gaps and counties in words);
    - ``units``: the city, its counties and township-level rows, each with ``people``
      by group, ``modelled`` groups, and the seat (``lon``, ``lat``; EPSG:4326 degrees);
    - ``register``: the rows counted, with ``lon`` and ``lat`` where they are known;
    - ``kinds``: number, beds and nursing beds of the open facilities of each kind.

    Args:
        report: What was assessed.
        lang: Language of names and words.
    """
    made = to_dict(report, lang)
    made["lang"] = lang
    made["heading"] = words.heading(report, lang)
    made["subheading"] = words.subheading(report, lang)
    for entry, result in zip(made["indicators"], report.results, strict=True):
        entry.update(_more(report, result, lang))
    made["units"] = units(report)
    made["register"] = [_facility(report, f, lang) for f in report.register.facilities]
    made["kinds"] = _kinds(report.register.facilities, lang)
    return made


def _more(report: Report, result: IndicatorResult, lang: Lang) -> dict[str, Any]:
    group = affected_group(result.indicator)
    if report.city.population.base_year(group) is None:
        group = "all"
    missing = result.measurement.missing
    people = [result.people.get(code) for code in missing or ()]
    known = [count for count in people if count is not None]
    return {
        "short_name": words.short_name(result, lang),
        "status_text": words.STATUS[result.status].to(lang),
        "computed": result.indicator.computed,
        "kinds": list(result.indicator.match.kinds),
        "rows": [f.id for f in result.measurement.rows],
        "scale": result.measurement.scale,
        "group": group,
        "gap_unit": result.measurement.gap_unit.to(lang),
        "missing_people": sum(known) if known else None,
        "illustrative": words.illustrative(result),
        "shown": {
            "value": words.current(result, lang),
            "baseline": words.baseline(result.indicator.baseline),
            "targets": [
                {"target": words.target(result, t), "gap": words.gap(result, t, lang)}
                for t in result.targets
            ],
            "counties": [
                " ".join(words.county_share(share, lang).split()) for share in result.counties
            ],
        },
    }


def units(report: Report) -> list[dict[str, Any]]:
    """The city, its counties and its township-level rows with their people."""
    city = report.city
    own = city.units.city
    rows: Sequence[Unit] = [
        *((own,) if own else ()),
        *city.units.counties,
        *city.units.township_rows,
    ]
    return [_unit(report, unit) for unit in rows]


def _unit(report: Report, unit: Unit) -> dict[str, Any]:
    found = {group: report.city.population.people(unit.code, group) for group in GROUPS}
    return {
        "code": unit.code,
        "level": unit.level,
        "name": unit.name,
        "full_name": words.unit_name(report, unit.code) if unit.level != "city" else unit.name,
        "category": unit.category,
        "county": unit.code[:6] if unit.level != "city" else None,
        "lon": unit.lon,
        "lat": unit.lat,
        "people": {group: p.count if p else None for group, p in found.items()},
        "modelled": [g for g, p in found.items() if p and p.provenance == "modelled"],
    }


def _facility(report: Report, facility: Facility, lang: Lang) -> dict[str, Any]:
    kind = KINDS[facility.kind]
    return {
        "id": facility.id,
        "name": facility.name,
        "kind": facility.kind,
        "kind_name": kind.zh if lang == "zh" else kind.en,
        "system": kind.system,
        "category": facility.category,
        "services": sorted(facility.services),
        "beds": facility.beds,
        "nursing_beds": facility.nursing_beds,
        "floor_area": facility.floor_area,
        "ownership": facility.ownership,
        "unit": facility.unit_code,
        "unit_name": words.unit_name(report, facility.unit_code)
        if facility.unit_code != report.city.code
        else report.city.name,
        "lon": facility.lon,
        "lat": facility.lat,
        "status": facility.status,
        "status_name": STATUSES[facility.status] if lang == "zh" else facility.status,
        "counted": facility.counts_in(report.year),
        "provenance": facility.provenance,
        "provenance_name": PROVENANCES[facility.provenance]
        if lang == "zh"
        else facility.provenance,
        "source": facility.source,
        "note": facility.note,
        "masked": False,
    }


def _kinds(rows: Sequence[Facility], lang: Lang) -> list[dict[str, Any]]:
    counted = Counter(f.kind for f in rows)
    made = []
    for id_, kind in KINDS.items():
        if not counted[id_]:
            continue
        own = [f for f in rows if f.kind == id_]
        beds = [f.beds for f in own if f.beds is not None]
        nursing = [f.nursing_beds for f in own if f.nursing_beds is not None]
        made.append(
            {
                "kind": id_,
                "name": kind.zh if lang == "zh" else kind.en,
                "system": kind.system,
                "count": len(own),
                "beds": sum(beds) if beds else None,
                "nursing_beds": sum(nursing) if nursing else None,
                "provenance": dict(sorted(Counter(f.provenance for f in own).items())),
            }
        )
    return made
