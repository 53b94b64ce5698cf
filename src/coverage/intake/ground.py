"""Places held against the ground: the city, its borders, its roads, its water.

What these checks find is said on the row, and the row is kept: a border may
be as wrong as a coordinate. Only a place outside the city, or far from
everything its township can reach, is refused, as every later step would do.
What could not be checked for want of data is said once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from coverage.datum import project
from coverage.errors import InputError
from coverage.intake.locate import put_at_seat
from coverage.lists.rows import Finding
from coverage.messages import Said
from coverage.places.find import Evidence, find_unit
from coverage.places.polygons import Outlines, plane, read_outlines
from coverage.reach.sites import BORDER_M, areas_near, off_road_said
from coverage.workspace import WATER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from coverage.city import City
    from coverage.intake.outcomes import FacilityRow

# A phone's fix and a drawn border are each off by some tens of metres.
_TOWNSHIP_M = 100.0
# Cells around seats are no borders: real townships reach kilometres into their neighbours' cells.
_CELL_M = 5_000.0
_FAR_FROM_SEAT_KM = 60.0
_DATUMS_M = 2_000.0  # more than any datum is away from any other
_ROADS, _WATER = Said("道路", "roads"), Said("水面", "water")


def judge_places(rows: Sequence[FacilityRow], city: City) -> list[Finding]:
    """Settle which unit a place lies in and note what is odd about it, on the rows.

    Args:
        rows: Rows of data with their units and places.
        city: Whose ground it is.

    Returns:
        What holds for the files as a whole: what was not checked, and how roughly.
    """
    crs = plane(city)
    placed = [row for row in rows if row.place == "coordinates"]
    about = [row for row in rows if row.found.maybe and row.about]
    if crs is None or not (placed or about):
        _ask(rows)
        return []
    said: list[Finding] = []
    counties, townships = (_outlines(city, level, crs, said) for level in ("counties", "townships"))
    _choose_about(about, city, counties, crs)
    if not placed:
        _ask(rows)
        return []
    lon = np.array([row.lon for row in placed], dtype=np.float64)
    lat = np.array([row.lat for row in placed], dtype=np.float64)
    points = np.asarray(shapely.points(*project(lon, lat, crs)), dtype=np.object_)
    stated = {id(row) for row in placed if row.unit_code and len(row.unit_code) >= 9}
    _in_city(placed, points, lon, lat, city, counties or townships)
    _settle(placed, points, city, counties, townships)
    _ask(rows)
    _far_from_seat(placed, lon, lat, city)
    good = np.array([row.accepted for row in placed])
    kept = [row for row, ok in zip(placed, good, strict=True) if ok]
    if not kept:
        return said
    points = points[good]
    if counties is not None:
        _other_side(kept, points, city, counties, 6, None)
    if townships is not None:
        named = {id(row) for row in kept} & stated
        said += _other_side(kept, points, city, townships, 9, named)
    return said + _on_the_way(kept, points, city, crs)


def _outlines(city: City, level: str, crs: str, said: list[Finding]) -> Outlines | None:
    try:
        found = read_outlines(city, level, crs)  # type: ignore[arg-type]
    except InputError as error:
        said.append(_not_checked("border", Said("界线", "borders"), error))
        return None
    if found is None:
        what = Said("乡镇界", "township borders")
        if level == "counties":
            what = Said("县界", "county borders")
        said.append(_not_checked("border", what, Said("缺文件", "no file")))
    return found


def _not_checked(id_: str, what: Said, why: Said | InputError) -> Finding:
    if isinstance(why, InputError):
        first = why.problems[0]
        why = Said(first.to("zh"), first.to("en"))
    said = Said(
        f"未按{what.zh}核对（{why.zh}）", f"places were not held against {what.en} ({why.en})"
    )
    return Finding(f"{id_}.unchecked", "note", said)


def _in_city(
    rows: Sequence[FacilityRow],
    points: NDArray[np.object_],
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    city: City,
    outlines: Outlines | None,
) -> None:
    """Reject rows outside the city and not so near that its coarse outline may be wrong."""
    if outlines is not None:
        inside = outlines.at(points) >= 0
        lost = np.flatnonzero(~inside)
        found = outlines.tree.query(points[lost], predicate="dwithin", distance=BORDER_M)[0]
        inside[lost[np.unique(found)]] = True
    else:
        bounds = city.units.around
        assert bounds is not None  # noqa: S101 -- there is a plane, so there are seats
        west, south, east, north = bounds
        inside = (west <= lon) & (lon <= east) & (south <= lat) & (lat <= north)
    for n in np.flatnonzero(~inside).tolist():
        row = rows[n]
        place = f"{row.lon},{row.lat}"
        row.reject(Said(f"位置 {place} 不在本市范围", f"the place {place} is outside the city"))


def _settle(
    rows: Sequence[FacilityRow],
    points: NDArray[np.object_],
    city: City,
    counties: Outlines | None,
    townships: Outlines | None,
) -> None:
    """By its place choose between the units that a row's words fit, or find one it lacks."""
    open_ = [n for n, row in enumerate(rows) if row.found.maybe or len(row.unit_code) <= 6]
    if not open_:
        return
    county = _codes_at(counties, points[open_])
    township = _codes_at(townships, points[open_])
    for n, c, t in zip(open_, county, township, strict=True):
        row = rows[n]
        sure = bool(t and townships and townships.official[townships.index[t]])
        if row.found.maybe:
            _choose(row, city, c, t if sure else "")
        elif not row.reasons:
            _by_place(row, city, c, t, sure=sure)


def _codes_at(outlines: Outlines | None, points: NDArray[np.object_]) -> list[str]:
    if outlines is None:
        return [""] * len(points)
    return [outlines.codes[n] if n >= 0 else "" for n in outlines.at(points)]


def _choose(row: FacilityRow, city: City, county: str, township: str) -> None:
    """Of several units of one name the one that the place lies in."""
    settled = row.found.settled_at(city.units, county, township)
    if settled is not None:
        row.found = settled
        row.correct(settled.said[-1])


def _choose_about(
    rows: Sequence[FacilityRow], city: City, counties: Outlines | None, crs: str
) -> None:
    """The same by coordinates whose datum is not known, where a whole county is as sure."""
    if not rows or counties is None:
        return
    lon, lat = np.array([row.about for row in rows], dtype=np.float64).T
    points = np.asarray(shapely.points(*project(lon, lat, crs)), dtype=np.object_)
    lines = shapely.boundary(counties.shapes)
    at = counties.at(points)
    deep = shapely.distance(points, lines[at]) > _DATUMS_M
    for row, n, sure in zip(rows, at.tolist(), deep, strict=True):
        if n >= 0 and sure:
            _choose(row, city, counties.codes[n], "")
            if not row.found.maybe:
                put_at_seat(row, city)


def _by_county(row: FacilityRow, city: City, county: str) -> bool:
    """Whether name and address tell the township, once the place has told the county."""
    address = str(row.values.get("address") or "")
    found = find_unit(Evidence(county, name=row.name, address=address), city.units)
    if not county or len(found.code) <= 6:
        return False
    row.found = found
    name = city.units.name(county)
    row.correct(Said(f"县区由坐标得出：{name}", f"its county by its place: {name}"), *found.said)
    for said in found.doubts:
        row.check("name.elsewhere", said)
    return True


def _by_place(row: FacilityRow, city: City, county: str, township: str, *, sure: bool) -> None:
    """The unit of a row that names no township."""
    if sure and township.startswith(row.unit_code):
        row.found.unit = city.units[township]
        name = city.units.name(township)
        row.correct(Said(f"乡镇由坐标得出：{name}", f"its township by its place: {name}"))
        return
    if not row.unit_code and _by_county(row, city, county):
        return
    if not row.unit_code:
        # A city without counties has one county row, of its own code.
        row.found.unit = city.units.get(county) or city.units.city
        name = city.units.name(county) if county else city.name
        row.correct(Said(f"单元由坐标得出：{name}", f"its unit by its place: {name}"))
    guess = city.units.name(township) if township.startswith(row.unit_code[:6]) else ""
    near = Said(
        f"，按近似乡镇格看是{guess}" if guess else "", f"; it looks like {guess}" if guess else ""
    )
    said = Said(
        f"没有写明乡镇，不计入乡镇指标{near.zh}，请核对填写",
        f"no township is stated, so it counts for none{near.en}: fill it in",
    )
    row.check("township.unknown", said)


def _ask(rows: Sequence[FacilityRow]) -> None:
    """Ask back where neither words nor place told which unit is meant."""
    for row in rows:
        asked = row.found.question
        if row.found.maybe and asked is not None:
            row.reject(asked)


def _far_from_seat(
    rows: Sequence[FacilityRow], lon: NDArray[np.float64], lat: NDArray[np.float64], city: City
) -> None:
    """Reject places that no township of that seat can reach to."""
    units = [city.units.get(row.unit_code[:9]) for row in rows]
    seats = np.array(
        [(u.lon, u.lat) if u is not None and u.placed else (np.nan, np.nan) for u in units],
        dtype=np.float64,
    )
    east = (lon - seats[:, 0]) * 111.32 * np.cos(np.radians(lat))
    km = np.hypot(east, (lat - seats[:, 1]) * 110.57)
    for n in np.flatnonzero(km > _FAR_FROM_SEAT_KM).tolist():
        if rows[n].reasons:
            continue
        name = city.units.name(rows[n].unit_code[:9])
        rows[n].reject(
            Said(
                f"位置距所填乡镇 {name} 驻地 {km[n]:.0f} 公里",
                f"the place is {km[n]:.0f} km from the seat of the stated township, {name}",
            )
        )


def _other_side(
    rows: Sequence[FacilityRow],
    points: NDArray[np.object_],
    city: City,
    outlines: Outlines,
    digits: int,
    only: set[int] | None,
) -> list[Finding]:
    """Rows that lie outside the county (6 digits) or township (9) that they state."""
    codes = [row.unit_code[:digits] if only is None or id(row) in only else "" for row in rows]
    metres = outlines.metres_from(points, codes)
    shape = np.array([outlines.index.get(code, -1) for code in codes])
    official = outlines.official[shape] & (shape >= 0)
    sure = BORDER_M if digits == 6 else _TOWNSHIP_M
    limit = np.where(official, sure, _CELL_M)
    # Where the county is wrong already, an approximate township says nothing more.
    told = np.array([any(f.id == "border" for f in row.findings) for row in rows])
    wrong = np.flatnonzero((metres > limit) & (official | ~told))
    here = dict(zip(wrong.tolist(), _codes_at(outlines, points[wrong]), strict=True))
    for n in wrong.tolist():
        said = _beyond(city, codes[n], here[n], float(metres[n]), sure=bool(official[n]))
        rows[n].check("border", said, tuple(filter(None, (codes[n], here[n]))))
    if digits == 6 or official[shape >= 0].all():
        return []
    said = Said(
        f"乡镇界是近似格（按驻地划分），只提示越界超过 {_CELL_M / 1000:g} 公里的位置",
        "township borders are approximate cells around the seats: only places more than "
        f"{_CELL_M / 1000:g} km beyond them are named",
    )
    return [Finding("border.approximate", "note", said)]


def _beyond(city: City, code: str, here: str, metres: float, *, sure: bool) -> Said:
    stated, far = city.units.name(code), f"{metres / 1000:.1f}"
    found = Said(*[city.units.name(here)] * 2) if here else Said("界外", "no polygon")
    if sure:
        return Said(
            f"坐标在{found.zh}，距所填{stated}界 {far} 公里",
            f"the place lies in {found.en}, {far} km beyond the border of {stated}",
        )
    return Said(
        f"坐标似在{found.zh}，距所填{stated}的近似范围 {far} 公里，请核对（近似）",
        f"the place seems to lie in {found.en}, {far} km beyond the approximate cell of {stated}",
    )


def _on_the_way(
    rows: Sequence[FacilityRow], points: NDArray[np.object_], city: City, crs: str
) -> list[Finding]:
    """Places far from any road and places in water."""
    said = []
    for check in (_roads, _water):
        try:
            said += check(rows, points, city, crs)
        except InputError as error:
            what = _ROADS if check is _roads else _WATER
            said.append(_not_checked(what.en, what, error))
    return said


def _roads(
    rows: Sequence[FacilityRow], points: NDArray[np.object_], city: City, crs: str
) -> list[Finding]:
    """Rows farther from a road than an older walker goes off it, and what becomes of them."""
    if city.origin("roads") == "missing":
        return [_not_checked("roads", _ROADS, Said("没有路网", "there are none"))]
    from coverage.profiles import load_profile
    from coverage.reach.ground import DEFAULT_PROFILE, travel_network
    from coverage.travel.access import RoadDistance, longest_leg_m

    network, _, _ = travel_network(city, load_profile(DEFAULT_PROFILE), roads=None, crs=crs)
    if not len(network.segments):
        none = Said("路网中没有可步行的路", "none to walk on")
        return [_not_checked("roads", _ROADS, none)]
    away = RoadDistance.of(network, shapely.get_coordinates(points))
    longest = longest_leg_m(network.profile)
    for n in np.flatnonzero(away.far).tolist():
        metres, cut_off = float(away.metres[n]), bool(away.cut_off[n])
        rows[n].check("roads", off_road_said(metres, longest, cut_off=cut_off))
    limit = network.profile.max_access_m
    if not network.network.main_roads_only:
        return []
    said = Said(
        f"路网只有主要公路，离路 {limit:,.0f} 米以内的位置不作提示",
        f"only main roads are known: places up to {limit:,.0f} m from one are not named",
    )
    return [Finding("roads.main", "note", said)]


def _water(
    rows: Sequence[FacilityRow], points: NDArray[np.object_], city: City, crs: str
) -> list[Finding]:
    """Rows inside a polygon of the workspace's own water layer."""
    path = city.workspace.water if city.workspace else None
    if path is None:
        none = Said(f"工作区没有 {WATER}", f"the workspace has no {WATER}")
        return [_not_checked("water", _WATER, none)]
    shapes = areas_near(path, city, crs, lines=True).shapes
    areas = shapes[shapely.get_dimensions(shapes) == 2]
    if not len(areas):
        none = Said(f"{path.name} 没有面", f"no polygons in {path.name}")
        return [_not_checked("water", _WATER, none)]
    inside = np.unique(shapely.STRtree(areas).query(points, predicate="within")[0])
    for n in inside:
        rows[n].check("water", Said("位置在水面上", "the place lies in water"))
    return []
