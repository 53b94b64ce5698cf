"""`coverage import population`: a raster, places, a grid or a table into a workspace."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from coverage.city import City
from coverage.errors import InputError, Problem
from coverage.formats.tables import csv_text
from coverage.intake.commit import deliver, own_file
from coverage.intake.outcomes import CELLS, ImportReport, Part, ordered
from coverage.intake.peoplecells import PEOPLE
from coverage.intake.peoplecounties import SUMMED, with_sums
from coverage.intake.peopletable import is_people_table, read_people, titles_of
from coverage.intake.peopleturned import upright
from coverage.intake.template import POPULATION
from coverage.lists.reading import read_file
from coverage.lists.rows import Finding
from coverage.messages import Lang, Said
from coverage.population import People, load_population
from coverage.workspace import OWN

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from coverage.atomic import Content
    from coverage.intake.peoplefigures import Table
    from coverage.intake.peopleplaces import Places
    from coverage.lists.sheets import RawSheet
    from coverage.units import Units

    # Writes the files of a report, and which others they take the place of; or nothing at all.
    _Finish = Callable[..., ImportReport]

Kind = Literal["raster", "points", "grid", "table"]
COLUMNS = (
    "unit_code",
    "unit_name",
    "level",
    "group",
    "year",
    "people",
    "provenance",
    "source",
    "note",
)
_RASTERS = (".tif", ".tiff")
_LAYERS = (".geojson", ".json", ".gpkg", ".shp", ".zip")


def import_population(
    path: Path,
    folder: Path,
    *,
    kind: Kind | None = None,
    year: int | None = None,
    crs: str | None = None,
    dry_run: bool = False,
    lang: Lang = "zh",
) -> ImportReport:
    """People into a workspace.

    A raster becomes ``population/people.tif``, places and grids ``population/people.csv``, a
    table by township and age ``population/population.csv`` with sums of counties and of the
    city. Files that the new one takes the place of go into ``population/replaced``. If
    anything fails, what was there before stays.

    Args:
        path: ``.tif``; ``.geojson``, ``.gpkg``, ``.shp`` or a ``.zip`` of one; or any sheet.
        folder: The workspace.
        kind: What the file is; by its ending and its columns otherwise.
        year: Year of a table that does not say it.
        crs: What the coordinates are, where the file does not say or says wrongly.
        dry_run: Write nothing.
        lang: Language of the report.

    Raises:
        InputError: If the file cannot be used, or no row of it can.
    """
    city = City.open(folder)
    suffix = path.suffix.lower()

    def finish(
        report: ImportReport, files: Mapping[Path, Content], aside: Sequence[Path] = ()
    ) -> ImportReport:
        if dry_run:
            return report
        return deliver(report, folder, files, aside=aside, lang=lang)

    if kind == "raster" or (kind is None and suffix in _RASTERS):
        return _raster(path, city, crs, finish)
    if kind in {None, "points", "grid"} and suffix in _LAYERS:
        from coverage.intake.peopleplaces import places_of_layer

        return _places(places_of_layer(path, crs), city, finish)
    sheets = read_file(path, spec=PEOPLE)
    if kind != "table":
        from coverage.intake.peopleplaces import has_places, places_of_sheet

        placed = [sheet for sheet in sheets if has_places(sheet)]
        if placed and not any(sheet.sheet == POPULATION for sheet in sheets):
            return _places(places_of_sheet(placed[0], crs, city), city, finish)
    return _table(path, city, sheets, year, finish)


def _goal(city: City, suffix: str) -> tuple[Path, list[Path]]:
    """Where a file of people goes, and the files that it takes the place of."""
    usual = own_file(city, "people")
    folder = city.workspace.folder if city.workspace else usual.parent
    if city.workspace and "people" in city.workspace.files:
        if usual.suffix != suffix:
            reason = Said(
                f"city.toml 把人口文件定为 {usual.name}，请改为 {suffix} 或删去该行",
                "city.toml names a file of another kind",
            )
            raise InputError(reason)
        return usual, []
    goal = folder / "population" / f"people{suffix}"
    return goal, [folder / name for name in OWN["people"] if folder / name != goal]


def _raster(path: Path, city: City, crs: str | None, finish: _Finish) -> ImportReport:
    from coverage.demand.raster import from_raster
    from coverage.intake.peoplegrid import prepared

    goal, aside = _goal(city, ".tif")
    with prepared(path, crs) as grid:
        demand = from_raster(grid.path, city)
        findings = [Finding("raster", "note", said) for said in grid.said]
        findings += [Finding("demand", "note", said) for said in demand.notes]
        homeless = float(demand.people["all"][demand.unit < 0].sum())
        if homeless >= 1:
            said = Said(
                f"有 {homeless:,.0f} 人在市内而不在任何乡镇面内，只计入全市。",
                f"{homeless:,.0f} people are in the city and in no township polygon.",
            )
            findings.append(Finding("no-township", "warning", said))
        totals = {
            "people_in_file": grid.before,
            "people_written": grid.after,
            "people_in_city": demand.total("all"),
        }
        report = ImportReport(
            "people",
            path.name,
            (),
            (),
            ordered(findings),
            totals,
            parts=(Part(path.name, ""),),
            tally=grid.cells,
            of=CELLS,
        )
        return finish(report, {goal: grid.path}, aside)


def _places(places: Places, city: City, finish: _Finish) -> ImportReport:
    from coverage.intake.peopleplaces import checked

    goal, aside = _goal(city, ".csv")
    text, outcomes, totals = checked(places, city)
    report = ImportReport(
        "people",
        places.file,
        (),
        tuple(outcomes),
        ordered(places.findings),
        totals,
        parts=(places.part,),
        of=places.of,
    )
    return finish(report, {goal: text}, aside)


def _table(
    path: Path, city: City, sheets: list[RawSheet], year: int | None, finish: _Finish
) -> ImportReport:
    own = [s if is_people_table(s) else upright(s, city.units, titles_of(s)) for s in sheets]
    fit = [sheet for sheet in own if sheet is not None]
    fit = [sheet for sheet in fit if sheet.sheet == POPULATION] or fit
    if not fit:
        listed = "；".join("、".join(c for c in s.columns if c) or "无列名" for s in sheets[:3])
        reason = Said(
            f"没有人口表：须有乡镇名称或代码列和人数列（总人口、60岁及以上…），有：{listed}",
            "no sheet has a column of townships and a column of people",
        )
        raise InputError(Problem(reason, path.name))
    table = read_people(fit, city.units, year=year)
    named = sorted({s.sheet for s in sheets} - {s.sheet for s in fit} - {""})
    if named and fit[0].sheet != POPULATION:
        table.find(
            "unread",
            "note",
            f"这些工作表不是人口表，未读：{'、'.join(named)}。",
            f"Sheets that hold no table of people and were not read: {', '.join(named)}.",
        )
    if not (table.people or table.counties):
        said = [
            Problem(
                Said(" ".join(s.zh for s in o.said), " ".join(s.en for s in o.said)),
                path.name,
                o.row,
                value=o.name,
            )
            for o in table.outcomes
            if o.said  # heads and blank lines are no fault
        ]
        raise InputError([*said, Problem(Said("没有一行可用", "no row can be used"), path.name)])
    source = f"自有：{path.name}"
    goal = own_file(city, "population")
    rows, gaps = _joined(table, city.units, source, goal)
    _say_gaps(table, city, gaps)
    totals = {"people_in_file": float(table.in_file), "people_taken": float(table.taken)}
    report = ImportReport(
        "population",
        path.name,
        (),
        tuple(table.outcomes),
        ordered(table.findings),
        totals,
        parts=tuple(table.parts),
    )
    return finish(
        report, {goal: csv_text(COLUMNS, [population_cells(row, city.units) for row in rows])}
    )


def _joined(
    table: Table, units: Units, source: str, goal: Path
) -> tuple[list[People], list[tuple[str, str, int]]]:
    """The new figures beside those that the workspace had for other groups and years."""
    rows, gaps = with_sums(table.people, units, source, table.counties)
    if not goal.is_file():
        return rows, gaps
    kept = [
        row
        for row in load_population(goal).rows
        if row.note != SUMMED and (row.unit_code, row.group, row.year) not in table.people
    ]
    figures = dict(table.people)
    sources = dict.fromkeys(figures, source)
    other = []
    for row in kept:
        key = row.unit_code, row.group, row.year
        if row.level == "township" and row.provenance == "surveyed":
            figures[key], sources[key] = row.count, row.source
        else:
            other.append(row)
    rows, gaps = with_sums(figures, units, source, table.counties)
    own = {(row.unit_code, row.group, row.year) for row in rows}
    named = [_with_source(row, sources) for row in rows]
    return [*named, *(r for r in other if (r.unit_code, r.group, r.year) not in own)], gaps


def _with_source(row: People, sources: dict[tuple[str, str, int], str]) -> People:
    return replace(row, source=sources.get((row.unit_code, row.group, row.year), row.source))


def _say_gaps(table: Table, city: City, gaps: list[tuple[str, str, int]]) -> None:
    for (year, groups), places in _same_gaps(table, city, gaps).items():
        listed = "、".join(f"{name}缺 {len(gone)} 个乡镇" for name, gone in places.items())
        english = ", ".join(f"{name} {len(gone)}" for name, gone in places.items())
        first = max(places.values(), key=len)
        some = "、".join(city.units.name(c) for c in first[:8]) + ("…" if len(first) > 8 else "")
        table.find(
            "no-sum",
            "warning",
            f"{year} 年 {'、'.join(groups)}：{listed}（{some}），没有相加成县、市合计。",
            f"{year}, {', '.join(groups)}: townships without a figure ({english}), so these have "
            f"no sum.",
            sorted({code for gone in places.values() for code in gone}),
        )
    shipped = city.folder / "population" / f"{city.code}.csv"
    if city.workspace is not None and city.workspace.base and shipped.is_file():
        theirs = {row.group for row in load_population(shipped).rows if row.level == "township"}
        lost = sorted(theirs - {group for _, group, _ in (*table.people, *table.counties)})
        if lost:
            table.find(
                "groups",
                "warning",
                f"随附人口表有 {'、'.join(lost)}，本表没有；自有表整个代替随附表。",
                f"The shipped table has {', '.join(lost)}, this one has not; an own table stands "
                f"for the whole of the shipped one.",
            )


def _same_gaps(
    table: Table, city: City, gaps: list[tuple[str, str, int]]
) -> dict[tuple[int, tuple[str, ...]], dict[str, list[str]]]:
    """Counties (or the city) that could not be summed, with the townships that each lacks.

    Returns:
        By year and groups for which the same is said, by name of the county the codes missing.
    """
    by_place: dict[tuple[int, str, tuple[str, ...]], list[str]] = {}
    for code, group, year in gaps:
        start = "" if code == city.code else code
        gone = tuple(
            u.code
            for u in city.units.townships
            if u.code.startswith(start)
            and (u.code, group, year) not in table.people
            and (u.parent, group, year) not in table.counties
        )
        name = city.name if code == city.code else city.units.name(code)
        by_place.setdefault((year, name, gone), []).append(group)
    found: dict[tuple[int, tuple[str, ...]], dict[str, list[str]]] = {}
    for (year, name, gone), groups in by_place.items():
        found.setdefault((year, tuple(groups)), {})[name] = list(gone)
    return found


def population_cells(row: People, units: Units) -> tuple[object, ...]:
    """A figure as a row of a population table, in the order of `COLUMNS`."""
    name = units.name(row.unit_code)
    if units.city is not None and row.unit_code == units.city.code:
        name = units.city.name if row.level == "city" else name
    return (
        row.unit_code,
        name,
        row.level,
        row.group,
        row.year,
        row.count,
        row.provenance,
        row.source,
        row.note,
    )
