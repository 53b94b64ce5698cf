"""`coverage import boundaries`: the bureau's polygons into a workspace, checked.

Every polygon is matched to a unit, or rejected with its reason; then the
whole is looked at: what is missing, what overlaps, what lies between, what
lies outside, and whether it looks like a map in another datum.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import shapely

from coverage.boundaries import WIDEST, read_boundaries
from coverage.city import City
from coverage.errors import InputError, Problem
from coverage.formats.layers import Layer, read_layer
from coverage.intake import newcity
from coverage.intake.commit import deliver, own_file
from coverage.intake.outcomes import FEATURES, Findings, ImportReport, RowOutcome, ordered
from coverage.intake.parts import layer_sheet, part_of, uses_of
from coverage.lists.spec import UNITS
from coverage.messages import Lang, Said, joined
from coverage.places import polygons as topology
from coverage.places.find import Evidence, code_in, find_unit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from shapely.geometry.base import BaseGeometry

    from coverage.atomic import Content
    from coverage.units import Units

Level = Literal["township", "county"]

LEAST_INSIDE = 0.5
WHOLLY_INSIDE = 0.98
# The outlines that ship are generalised: a strip narrower than this along them says nothing.
_COARSE_M = 400.0


@dataclass
class _Feature:
    """One feature: what it says, its polygon, the unit it is, and what was found of it."""

    row: newcity.Named
    shape: Any  # a geometry, or None where there is none
    code: str = ""
    said: list[Said] = field(default_factory=list)
    kept: bool = True

    def reject(self, *why: Said) -> None:
        self.said += why
        self.kept = False


@dataclass
class _Draft:
    """What is known so far."""

    layer: Layer
    features: list[_Feature]
    units: Units
    level: Level
    stated: bool  # whether the user says what the coordinates are
    shapes: dict[str, BaseGeometry] = field(default_factory=dict)
    findings: Findings = field(default_factory=Findings)

    @property
    def kept(self) -> list[_Feature]:
        return [feature for feature in self.features if feature.kept]

    def names(self, codes: Sequence[str]) -> str:
        return "、".join(self.units.name(code) for code in codes)


def import_boundaries(
    path: Path,
    folder: Path,
    *,
    level: Level = "township",
    layer: str | None = None,
    crs: str | None = None,
    code_column: str | None = None,
    name_column: str | None = None,
    dissolve: bool = False,
    dry_run: bool = False,
    lang: Lang = "zh",
) -> ImportReport:
    """Township (or county) polygons into a workspace.

    Written are ``boundaries/townships.geojson``; for a city without counties of its own,
    ``boundaries/counties.geojson`` by dissolving; for a new city also ``units.csv``. If
    anything fails, what was there before stays.

    Args:
        path: ``.shp``, ``.geojson``, ``.gpkg`` or a ``.zip`` with one of them.
        folder: The workspace.
        level: What the polygons are.
        layer: Which layer, where the file has several.
        crs: What the coordinates are, if the file does not say or says wrongly: ``EPSG:4490``,
            ``gk3-38``, ``gcj02`` …
        code_column: Column of the codes, found by its name otherwise.
        name_column: Column of the names, likewise.
        dissolve: Replace the counties too, although the city has some.
        dry_run: Write nothing.
        lang: Language of the report.

    Raises:
        InputError: If the file cannot be read, does not say its CRS, has no column of codes or
            names, or no polygon of it can be used.
    """
    city = City.open(folder)
    found = read_layer(path, layer=layer, crs=crs, widest=WIDEST)
    rows, meanings = _rows(found, code_column, name_column)
    fresh = city.find("units") is None
    if fresh and level != "township":
        raise InputError(Said("新城市先导入乡镇界", "a new city needs its township polygons first"))
    if fresh:
        coded = [row._replace(code=code_in(row.code)) for row in rows]
        units = newcity.new_units(coded, city.code, city.name, found.file)
    else:
        units = city.units
    draft = _Draft(found, list(map(_Feature, rows, found.shapes)), units, level, crs is not None)
    _match(draft, city)
    known = {} if fresh else _known_counties(city)
    _inside(draft, known)
    _join(draft)
    if not draft.shapes:
        said = [
            Problem(
                joined(f.said),
                path.name,
                f.row.row,
                value=f.row.name or units.name(f.code),
            )
            for f in draft.features
        ]
        none = Problem(Said("没有一个面可用", "no polygon of the file can be used"), path.name)
        raise InputError([*said, none])
    _look(draft, known)
    report = _report(draft, meanings)
    if dry_run:
        return report
    files = _files(draft, city, fresh=fresh, dissolve=dissolve)
    return deliver(report, folder, files, lang=lang)


def code_of_layer(
    path: Path,
    crs: str | None = None,
    code_column: str | None = None,
    name_column: str | None = None,
) -> str:
    """Six-digit code of the city whose outlines a layer holds, by theirs; empty if they differ.

    Raises:
        InputError: If the file cannot be read, or has no column of codes or names.
    """
    layer = read_layer(path, crs=crs, widest=WIDEST)
    rows, _ = _rows(layer, code_column, name_column)
    return newcity.city_code(code_in(row.code) for row in rows)


def _report(draft: _Draft, meanings: Mapping[str, Said]) -> ImportReport:
    layer, sheet = draft.layer, layer_sheet(draft.layer)
    outcomes = tuple(
        RowOutcome(
            feature.row.row,
            layer.name,
            feature.code,
            feature.row.name or draft.units.name(feature.code),
            "rejected" if not feature.kept else "corrected" if feature.said else "accepted",
            tuple(feature.said),
            raw.cells,
        )
        for feature, raw in zip(draft.features, sheet.rows, strict=True)
    )
    return ImportReport(
        "townships" if draft.level == "township" else "counties",
        layer.file,
        (),
        outcomes,
        ordered(draft.findings),
        {
            "features": float(len(layer)),
            "units": float(len(draft.shapes)),
            "km2": float(topology.areas_km2(list(draft.shapes.values())).sum()),
        },
        parts=(part_of(sheet, uses_of(sheet.columns, meanings)),),
        of=FEATURES,
    )


def _rows(
    layer: Layer, code_column: str | None, name_column: str | None
) -> tuple[list[newcity.Named], dict[str, Said]]:
    """Code, name and county of every feature as they stand, and the columns they stand in."""
    columns = layer.columns
    problems = [
        Problem(
            Said(f"没有列 {c}，有：{'、'.join(columns)}", "there is no such column"), layer.file
        )
        for c in (code_column, name_column)
        if c is not None and c not in columns
    ]
    heads = list(columns)
    given = {code_column, name_column} - {None}
    own = UNITS.places("" if c in given else c for c in heads)
    found = {key: heads[i] for key, i in own.items()}
    code = code_column or found.get("code") or _coded(columns)
    name = name_column or found.get("name")
    county = found.get("county")
    if not problems and code is None and name is None:
        reason = Said(
            f"没有代码列或名称列，请指明（有：{'、'.join(columns) or '无'}）",
            "no column of codes or names was found: say which",
        )
        problems.append(Problem(reason, layer.file))
    if problems:
        raise InputError(problems)
    blank = [""] * len(layer)
    columns_of = {"code": code, "name": name, "county": county}
    cells = [columns.get(c or "", blank) for c in columns_of.values()]
    rows = [newcity.Named(i + 1, *row) for i, row in enumerate(zip(*cells, strict=True))]
    return rows, {c: UNITS.fields[key].said for key, c in columns_of.items() if c is not None}


def _coded(columns: Mapping[str, Sequence[str]]) -> str | None:
    """A column whose cells are nearly all division codes, whatever it is called."""
    for name, cells in columns.items():
        filled = [c for c in cells if c]
        if filled and sum(bool(code_in(c)) for c in filled) >= 0.9 * len(filled):
            return name
    return None


def _match(draft: _Draft, city: City) -> None:
    """Find the unit of every feature and make its polygon valid."""
    layer = draft.layer
    for i, feature in enumerate(draft.features):
        row = feature.row
        if i in layer.bad:
            feature.reject(layer.bad[i])
        elif feature.shape is None or feature.shape.is_empty:
            feature.reject(Said("没有几何", "there is no geometry"))
        else:
            evidence = Evidence(row.code, row.county, name=row.name)
            found = find_unit(evidence, draft.units, level=draft.level)
            feature.code = found.code
            if found.unit is None:
                feature.reject(*found.why)
            else:
                _repair(feature, feature.shape, found.said)
    for said in layer.said:
        draft.findings.note("file", *said)
    draft.findings.note(
        "crs",
        f"坐标按 {layer.crs} 读，写成 WGS84（{city.name}）。",
        f"The coordinates were read as {layer.crs} and written in WGS84.",
    )


def _repair(feature: _Feature, shape: BaseGeometry, said: Sequence[Said]) -> None:
    own, why, change = topology.repaired(shape)
    if own is None:
        feature.reject(Said("不是面", "it is no polygon"))
        return
    feature.shape = own
    feature.said += said
    if why:
        mended = Said(
            f"几何无效（{why}），已修复，面积变化 {change:+.2%}",
            f"the rings are invalid ({why}); repaired, the area changes by {change:+.2%}",
        )
        feature.said.append(mended)


def _inside(draft: _Draft, known: Mapping[str, BaseGeometry]) -> None:
    """Reject what lies outside the city."""
    kept = draft.kept
    if not kept or not known:
        return
    ground = shapely.union_all(np.array(list(known.values()), np.object_))
    shares = topology.share_inside([feature.shape for feature in kept], ground)
    for feature, share in zip(kept, shares.tolist(), strict=True):
        if share < LEAST_INSIDE:
            zh, en = (
                f"面在市外（市内仅 {share:.0%}）",
                f"it lies outside the city ({share:.0%} inside)",
            )
            feature.reject(Said(zh, en))
        elif share < WHOLLY_INSIDE:
            draft.findings.warn(
                "outside",
                f"{draft.units.name(feature.code)} 有 {1 - share:.0%} 在市界（概略）之外。",
                f"{1 - share:.0%} of {draft.units.name(feature.code)} lie outside the known "
                "outline.",
                units=(feature.code,),
            )


def _join(draft: _Draft) -> None:
    """Features of one unit become one."""
    parts: dict[str, list[_Feature]] = {}
    for feature in draft.kept:
        parts.setdefault(feature.code, []).append(feature)
    for code, own in sorted(parts.items()):
        shapes = np.array([feature.shape for feature in own], np.object_)
        draft.shapes[code] = shapely.union_all(shapes) if len(own) > 1 else shapes[0]
        first = own[0].row.row
        for feature in own[1:]:
            feature.said.append(Said(f"并入第 {first} 个要素", f"joined with feature {first}"))


def _known_counties(city: City) -> dict[str, BaseGeometry]:
    """Outlines of counties by code that do not come from polygons like these."""
    path = city.find("counties")
    if path is None:
        return {}
    known = read_boundaries(path)
    dissolved = any(newcity.DISSOLVED in source for source in known.source)
    return {} if dissolved else known.by_code()


def _look(draft: _Draft, known: Mapping[str, BaseGeometry]) -> None:
    codes = list(draft.shapes)
    shapes = [draft.shapes[code] for code in codes]
    _missing(draft)
    holes = topology.holes(shapes)  # first: it refuses what would take the other minutes
    for id_, zh, en, pieces in (
        ("overlap", "重叠", "overlap", topology.overlaps(shapes)),
        ("gap", "之间有空隙", "leave a gap between them", holes),
    ):
        for piece in pieces:
            own = tuple(codes[i] for i in piece.between)
            if not piece.sliver:
                draft.findings.warn(
                    id_,
                    f"{draft.names(own)}{zh} {piece.km2:.3f} 平方公里。",
                    f"{draft.names(own)} {en}: {piece.km2:.3f} km².",
                    units=own,
                    km2=piece.km2,
                    place=piece.place,
                )
        thin = [p.km2 for p in pieces if p.sliver]
        if thin:
            limit = f"{topology.SLIVER_KM2} km² / {topology.SLIVER_WIDTH_M:.0f} m"
            draft.findings.note(
                f"{id_}-slivers",
                f"另有 {len(thin)} 处细碎{zh}（小于 {limit}），共 {sum(thin):.4f} 平方公里，"
                "未逐一列出。",
                f"{len(thin)} slivers ({en}; below {limit}), {sum(thin):.4f} km² together.",
                km2=sum(thin),
            )
    _against_counties(draft, known)


def _missing(draft: _Draft) -> None:
    units = draft.units.townships if draft.level == "township" else draft.units.counties
    gone = tuple(u.code for u in units if u.code not in draft.shapes)
    if gone:
        draft.findings.warn(
            "missing",
            f"缺 {len(gone)} 个：{draft.names(gone)}。",
            f"{len(gone)} units have no polygon: {draft.names(gone)}.",
            units=gone,
        )


def _against_counties(draft: _Draft, known: Mapping[str, BaseGeometry]) -> None:
    """Compare whole counties with the outlines that are known: shift, and ground left open."""
    counties = draft.level == "county"
    own = draft.shapes if counties else newcity.dissolved(draft.units, draft.shapes)
    whole = [
        county
        for county in own
        if county in known
        and (
            counties
            or all(u.code in draft.shapes for u in draft.units.townships if u.parent == county)
        )
    ]
    if not whole:
        draft.findings.note(
            "datum",
            "没有一个县齐全并有已知县界，未能核对基准（WGS84 还是 GCJ-02）。",
            "No county is whole and has a known outline: the datum could not be checked.",
        )
        return
    shift = topology.outline_shift([own[c] for c in whole], [known[c] for c in whole])
    if shift.suspect:
        better = getattr(shift, shift.suspect)
        said = Said(
            f"县界与已知县界相差中位数 {shift.as_is:.0f} 米，若按 {shift.suspect} 换算则为 "
            f"{better:.0f} 米：疑为 {shift.suspect} 坐标",
            f"the outlines lie {shift.as_is:.0f} m (median) from the known ones, and "
            f"{better:.0f} m if they are {shift.suspect}: that is suspected",
        )
        if not draft.stated:
            asked = Said(
                f"；请写明：--crs {shift.suspect}，确为 WGS84 则 --crs EPSG:4326",
                f"; say which: --crs {shift.suspect}, or --crs EPSG:4326 if they are WGS84 indeed",
            )
            raise InputError(Problem(said.then(asked), draft.layer.file))
        draft.findings.warn("datum", f"{said.zh}。", f"{said.en}.")
    else:
        draft.findings.note(
            "datum",
            f"县界与已知县界（概略）相差中位数 {shift.as_is:.0f} 米，不像偏移坐标。",
            f"The outlines lie {shift.as_is:.0f} m (median) from the known, coarse ones; they do "
            f"not look shifted.",
        )
    for county in whole if not counties else ():
        _open_ground(draft, county, own[county], known[county])


def _open_ground(draft: _Draft, county: str, own: BaseGeometry, known: BaseGeometry) -> None:
    plane = topology.equal_area([known])
    mine, outline = topology.onto_plane([own, known], plane)
    rest = shapely.make_valid(outline).difference(shapely.make_valid(mine))
    wide = [p for p in shapely.get_parts(rest) if not p.buffer(-_COARSE_M / 2).is_empty]
    if wide:
        km2 = sum(p.area for p in wide) / 1e6
        draft.findings.warn(
            "open",
            f"{draft.units.name(county)} 有 {km2:.2f} 平方公里不属任何乡镇面"
            f"（宽于 {_COARSE_M:.0f} 米）。",
            f"{km2:.2f} km² of {draft.units.name(county)} (wider than {_COARSE_M:.0f} m) are in no "
            f"township polygon.",
            units=(county,),
            km2=km2,
        )


def _files(draft: _Draft, city: City, *, fresh: bool, dissolve: bool) -> dict[Path, Content]:
    source = f"自有：{draft.layer.file}"
    shared = {"quality": "surveyed", "source": source}
    counties, townships = own_file(city, "counties"), own_file(city, "townships")
    if draft.level == "county":
        return {counties: newcity.geojson_text(draft.units.counties, draft.shapes, **shared)}
    files: dict[Path, Content] = {}
    if fresh:
        files[own_file(city, "units")] = newcity.units_text(draft.units, draft.shapes, source)
    if fresh or dissolve or not _known_counties(city):
        shapes = newcity.dissolved(draft.units, draft.shapes)
        shared_by = {"quality": "surveyed", "source": f"{source}，{newcity.DISSOLVED}"}
        files[counties] = newcity.geojson_text(draft.units.counties, shapes, **shared_by)
    files[townships] = newcity.geojson_text(draft.units.township_rows, draft.shapes, **shared)
    return files
