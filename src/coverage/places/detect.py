"""Which datum a sheet's coordinates are in: evidence, a confidence, and never a silent guess.

Three hypotheses are held against each other: WGS84 (CGCS2000 is the same
here), GCJ-02 and BD-09. They lie 500–1,300 m apart, far enough to show:

- **what the sheet says**: a column called 高德经度 or BD09_X;
- **anchors**: places that rows should lie at or about, such as known sites or
  the seats of their stated townships. Read in the right datum, the rows scatter
  around their anchors evenly; read in a wrong one, all are shifted alike. What
  is compared is the median of the displacements, so that the scatter of a
  kilometre around a seat matters less the more anchors there are;
- **roads**: facilities stand by streets, so the right datum brings them nearer;
- **grounds**: the polygons of the townships that rows are said to lie in.

How sure each is comes from resampling its own points: the share of 600
resamples in which a hypothesis wins. Anchors are resampled whole, with all
rows that share one, because a seat that is placed badly is wrong for every
row alike. The shares of independent evidence are multiplied. Below
`CONFIDENT`, or when two pieces of evidence contradict each other, or when no
hypothesis fits, the answer is `None`: undecided, with the reason and with the
number of points that would settle it.

Pitfalls: main roads rounded to 100 m tell nothing of places that do not stand
by them; approximate township cells tell little; and if the references
themselves are shifted, the answer is shifted with them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from coverage.datum import project, to_wgs84
from coverage.errors import InputError
from coverage.messages import Said

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from coverage.roads.network import RoadNetwork
    from coverage.units import Units

    Floats: TypeAlias = NDArray[np.float64]

HYPOTHESES = ("wgs84", "gcj02", "bd09")
CONFIDENT = 0.95
MIN_ANCHORS = 5
MIN_POINTS = 20

SEATS = Said("所填乡镇驻地", "seats of the stated townships")
KNOWN_PLACES = Said("已知地点", "known places")

_RESAMPLES = 600
_MOST_ROWS = 2_000
_NAMED = 0.9  # people do copy a heading from another sheet
_ROAD_CAP_M = 400.0
_GROUND_CAP_M = 2_000.0
_FIT_M = 200.0
_NAMES: dict[str, str] = {
    "bd09": r"百度|baidu|bd-?_?0?9",
    "gcj02": r"高德|腾讯|谷歌地图|火星|gaode|amap|tencent|qq|gcj-?_?0?2?|mars",
    "wgs84": r"天地图|(?<!\d)84(?!\d)|大地2000|国家2000|tianditu|wgs-?_?(?:84|1984)?|cgcs|gps"
    r"|epsg:?(?:4326|4490)",
}


@dataclass(frozen=True)
class Evidence:
    """One thing that speaks for a datum.

    Attributes:
        kind: ``name``, ``anchors``, ``roads`` or ``grounds``.
        label: The same in words.
        points: Rows, or distinct anchors, that it rests on.
        metres: Misfit under each hypothesis: length of the median displacement
            for anchors, mean distance (far ones capped) for roads and grounds.
        shares: How likely each hypothesis is by this alone, summing to 1.
        fits: Whether the best hypothesis fits at all.
        note: What limits it.
    """

    kind: str
    label: Said
    points: int
    metres: Mapping[str, float]
    shares: Mapping[str, float]
    fits: bool = True
    note: Said | None = None

    @property
    def best(self) -> str:
        """The hypothesis it speaks for most."""
        return max(self.shares, key=self.shares.__getitem__)

    @property
    def tells(self) -> bool:
        """Whether it separates the hypotheses beyond its noise."""
        return self.fits and self.shares[self.best] >= CONFIDENT


@dataclass(frozen=True)
class Detection:
    """The answer and what it rests on.

    Attributes:
        datum: ``wgs84``, ``gcj02``, ``bd09``, or `None` for undecided.
        confidence: Share of the likeliest hypothesis, all evidence together.
        likeliest: That hypothesis, also where it is not sure enough to be the answer.
        evidence: Everything that was looked at.
        reason: The verdict in a sentence.
        needed: About how many anchors would settle it, where that is known.
    """

    datum: str | None
    confidence: float
    likeliest: str
    evidence: tuple[Evidence, ...]
    reason: Said
    needed: int | None = None


@dataclass(frozen=True)
class Anchors:
    """Where rows should lie at or about, in WGS84.

    Attributes:
        row: (n,) index of the row of the sheet.
        lon: (n,) degrees of its anchor.
        lat: As `lon`.
        group: (n,) number of the anchor; rows that share one are one voice.
        label: What the anchors are.
    """

    row: NDArray[np.int64]
    lon: Floats
    lat: Floats
    group: NDArray[np.int64]
    label: Said = SEATS


def seat_anchors(codes: Sequence[str], units: Units) -> list[Anchors]:
    """The seats of the townships that rows state, as anchors; none where no seat is known.

    Args:
        codes: Code of each row's unit, empty where it states none; a village counts for its
            township.
        units: The city's units.
    """
    found = [
        (row, unit.lon, unit.lat, unit.code)
        for row, code in enumerate(codes)
        if (unit := units.get(code[:9])) and unit.lon is not None
    ]
    if not found:
        return []
    groups = {code: n for n, code in enumerate(dict.fromkeys(f[3] for f in found))}
    return [
        Anchors(
            np.array([f[0] for f in found], dtype=np.int64),
            np.array([f[1] for f in found], dtype=np.float64),
            np.array([f[2] for f in found], dtype=np.float64),
            np.array([groups[f[3]] for f in found], dtype=np.int64),
        )
    ]


def datum_named(text: str) -> str | None:
    """The datum that a heading or remark names, `None` if it names none or two.

    ``高德经度`` is GCJ-02, ``bd09_lng`` BD-09, ``WGS84_X`` and ``CGCS2000`` WGS84.
    """
    small = text.lower()
    found = [name for name, pattern in _NAMES.items() if re.search(pattern, small)]
    return found[0] if len(found) == 1 else None


def detect_datum(
    lon: Sequence[float] | Floats,
    lat: Sequence[float] | Floats,
    *,
    names: Sequence[str] = (),
    anchors: Sequence[Anchors] = (),
    roads: RoadNetwork | None = None,
    grounds: tuple[NDArray[np.int64], Sequence[Any]] | None = None,
) -> Detection:
    """Say which datum degrees are in, how sure that is, and why.

    Args:
        lon: (n,) degrees as the sheet gives them; NaN where a row has none.
        lat: As `lon`.
        names: Headings, sheet names and remarks.
        anchors: Known places of rows, one entry a kind (seats, known sites).
        roads: The city's streets.
        grounds: (k,) rows and their k stated polygons in WGS84 degrees.

    Raises:
        InputError: If `lon` and `lat` differ in length.
    """
    x, y = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    if x.shape != y.shape or x.ndim != 1:
        raise InputError(
            Said("各行经度与纬度的个数不同", "lon and lat of the rows differ in length")
        )
    places = {name: np.column_stack(to_wgs84(x, y, name)) for name in HYPOTHESES}
    evidence: list[Evidence] = []
    needed: list[int] = []
    named = {found for found in map(datum_named, names) if found}
    if named:
        evidence.append(_by_name(named))
    for anchor in anchors:
        found, more = _by_anchors(places, anchor)
        if found:
            evidence.append(found)
            needed.append(more)
    if roads is not None and roads.edge_count:
        evidence += _by_distance(
            "roads", Said("道路", "roads"), _road_distances(places, roads), _ROAD_CAP_M
        )
    if grounds is not None:
        evidence += _by_distance(
            "grounds",
            Said("所填乡镇范围", "the stated townships"),
            _ground_distances(places, grounds),
            _GROUND_CAP_M,
        )
    return _verdict(tuple(evidence), min(needed, default=None))


def _verdict(evidence: tuple[Evidence, ...], needed: int | None) -> Detection:
    shares = np.ones(len(HYPOTHESES))
    for piece in evidence:
        if piece.fits:
            shares *= [piece.shares[name] for name in HYPOTHESES]
    shares /= shares.sum()
    place = int(np.argmax(shares))
    best, confidence = HYPOTHESES[place], float(shares[place])
    against = [e for e in evidence if (e.tells or e.kind == "name") and e.best != best]
    misfits = [e for e in evidence if not e.fits]
    if not evidence:
        reason = Said(
            "没有可用的依据，请注明坐标系", "there is nothing to judge by: state the datum"
        )
    elif against:
        reason = Said(
            f"依据互相矛盾：{_listed(against, 'zh')}与其余不同，请注明坐标系",
            f"the evidence is contradictory ({_listed(against, 'en')}): state the datum",
        )
    elif misfits:
        reason = Said(
            f"三种坐标系都不吻合（{_listed(misfits, 'zh')}），可能是别的坐标系或行对不上",
            f"no datum fits ({_listed(misfits, 'en')}): another datum, or rows that do not match",
        )
    elif confidence < CONFIDENT:
        more = f"，约需 {needed:,} 个驻地或已知点" if needed and needed <= _MOST_ROWS else ""
        reason = Said(
            f"差别在误差之内，不能判定{more}",
            "the differences are within noise, undecided"
            + (f"; about {needed:,} anchors would settle it" if more else ""),
        )
    else:
        telling = [e for e in evidence if e.best == best and e.fits]
        reason = Said(
            f"按{_listed(telling, 'zh')}判定为 {best}",
            f"{best} by {_listed(telling, 'en')}",
        )
        return Detection(best, confidence, best, evidence, reason, needed)
    return Detection(None, confidence if evidence else 0.0, best, evidence, reason, needed)


def _listed(pieces: Sequence[Evidence], lang: str) -> str:
    return (
        "、".join(p.label.zh for p in pieces)
        if lang == "zh"
        else ", ".join(p.label.en for p in pieces)
    )


def _by_name(named: set[str]) -> Evidence:
    label = Said("表头或备注", "headings and remarks")
    if len(named) > 1:
        return Evidence(
            "name",
            label,
            0,
            {},
            dict.fromkeys(HYPOTHESES, 1 / 3),
            note=Said("写了不止一种坐标系", "more than one datum is named"),
        )
    (name,) = named
    rest = (1 - _NAMED) / 2
    return Evidence("name", label, 0, {}, {h: _NAMED if h == name else rest for h in HYPOTHESES})


def _by_anchors(places: Mapping[str, Floats], anchors: Anchors) -> tuple[Evidence | None, int]:
    """Median displacement from the anchors under each hypothesis, anchors resampled."""
    target = np.column_stack([anchors.lon, anchors.lat])
    rows = anchors.row
    good = np.isfinite(places["wgs84"][rows]).all(axis=1) & np.isfinite(target).all(axis=1)
    rows, target, group = rows[good], target[good], anchors.group[good]
    if not len(rows):
        return None, 0
    scale = _metres_per_degree(float(target[:, 1].mean()))
    moved = {name: (places[name][rows] - target) * scale for name in HYPOTHESES}
    voices = {name: _medians(d, group) for name, d in moved.items()}
    n = len(voices["wgs84"])
    middle = {name: float(np.hypot(*np.median(v, axis=0))) for name, v in voices.items()}
    rng = np.random.default_rng(0)
    pick = rng.integers(0, n, (_RESAMPLES, n))
    sizes = np.column_stack(
        [np.hypot(*np.median(voices[name][pick], axis=1).T) for name in HYPOTHESES]
    )
    best = min(middle, key=middle.__getitem__)
    scatter = 1.4826 * float(
        np.median(np.abs(voices[best] - np.median(voices[best], axis=0)), axis=0).max()
    )
    error = 1.2533 * scatter / np.sqrt(n)
    apart = min(
        float(np.hypot(*np.median(voices[best] - voices[h], axis=0)))
        for h in HYPOTHESES
        if h != best
    )
    # Halfway to the next hypothesis must lie 1.65 standard errors away for 95 %.
    needed = max(MIN_ANCHORS, int(np.ceil((1.2533 * scatter * 2 * 1.65 / max(apart, 1.0)) ** 2)))
    few = n < MIN_ANCHORS
    shares = dict.fromkeys(HYPOTHESES, 1 / 3) if few else _won(sizes)
    return (
        Evidence(
            "anchors",
            anchors.label,
            n,
            middle,
            shares,
            fits=few or middle[best] <= max(_FIT_M, 3 * error),
            note=Said(f"离散约 {scatter:.0f} 米", f"scatter about {scatter:.0f} m")
            if not few
            else Said(f"不足 {MIN_ANCHORS} 处", f"fewer than {MIN_ANCHORS} of them"),
        ),
        needed,
    )


def _medians(moved: Floats, group: NDArray[np.int64]) -> Floats:
    """One median displacement an anchor, at most 500 anchors."""
    order = np.argsort(group, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(group[order]) != 0])
    voices = np.array([np.median(part, axis=0) for part in np.split(moved[order], starts[1:])])
    if len(voices) > 500:
        voices = voices[np.random.default_rng(0).choice(len(voices), 500, replace=False)]
    return np.asarray(voices, dtype=np.float64)


def _metres_per_degree(lat: float) -> Floats:
    return np.array([111_320.0 * np.cos(np.radians(lat)), 110_950.0])


def _won(misfits: Floats) -> dict[str, float]:
    """Share of resamples that each hypothesis wins, never quite 0 or 1."""
    wins = np.bincount(np.argmin(misfits, axis=1), minlength=len(HYPOTHESES))
    shares = (wins + 0.5) / (len(misfits) + 0.5 * len(HYPOTHESES))
    return dict(zip(HYPOTHESES, map(float, shares), strict=True))


def _by_distance(kind: str, label: Said, distances: Floats, cap: float) -> list[Evidence]:
    """Mean capped distance under each hypothesis, rows resampled; (n, 3) in, nothing if empty."""
    capped = np.minimum(distances[np.isfinite(distances).all(axis=1)], cap)
    n = len(capped)
    if not n:
        return []
    means = dict(zip(HYPOTHESES, map(float, capped.mean(axis=0)), strict=True))
    if n < MIN_POINTS:
        note = Said(f"不足 {MIN_POINTS} 点", f"fewer than {MIN_POINTS} points")
        return [Evidence(kind, label, n, means, dict.fromkeys(HYPOTHESES, 1 / 3), note=note)]
    rng = np.random.default_rng(0)
    weights = rng.multinomial(n, np.full(n, 1 / n), size=_RESAMPLES) / n
    shares = _won(weights @ capped)
    piece = Evidence(kind, label, n, means, shares)
    if piece.tells:
        return [piece]
    note = Said("差别在误差之内", "the differences are within noise")
    return [Evidence(kind, label, n, means, shares, note=note)]


def _some_rows(good: NDArray[np.bool_]) -> NDArray[np.int64]:
    rows = np.flatnonzero(good)
    if len(rows) > _MOST_ROWS:
        rows = np.sort(np.random.default_rng(0).choice(rows, _MOST_ROWS, replace=False))
    return rows


def _road_distances(places: Mapping[str, Floats], roads: RoadNetwork) -> Floats:
    """(n, 3) metres to the nearest road under each hypothesis."""
    import shapely

    start, x, y = roads.lines()
    edge = np.repeat(np.arange(roads.edge_count), np.diff(start))
    one_way = roads.tail <= roads.head  # the way back is the same line
    lines = np.asarray(shapely.linestrings(np.column_stack([x, y]), indices=edge))
    tree = shapely.STRtree(lines[one_way] if one_way.any() else lines)
    rows = _some_rows(np.asarray(np.isfinite(places["wgs84"]).all(axis=1)))
    columns = []
    for name in HYPOTHESES:
        points = shapely.points(*project(places[name][rows, 0], places[name][rows, 1], roads.crs))
        found, distance = tree.query_nearest(points, return_distance=True, all_matches=False)
        column = np.full(len(rows), np.nan)
        column[found[0]] = distance
        columns.append(column)
    return np.column_stack(columns)


def _ground_distances(
    places: Mapping[str, Floats], grounds: tuple[NDArray[np.int64], Sequence[Any]]
) -> Floats:
    """(n, 3) metres to the stated polygon, 0 inside, under each hypothesis."""
    import shapely

    rows, polygons = grounds
    good = np.flatnonzero(np.isfinite(places["wgs84"][rows]).all(axis=1))
    good = good[_some_rows(np.ones(len(good), dtype=np.bool_))]
    if not len(good):
        return np.zeros((0, len(HYPOTHESES)))
    lat = float(places["wgs84"][rows[good], 1].mean())
    scale = _metres_per_degree(lat)
    flat = shapely.transform(np.asarray(polygons, dtype=object)[good], lambda c: c * scale)
    return np.column_stack(
        [
            shapely.distance(shapely.points(places[name][rows[good]] * scale), flat)
            for name in HYPOTHESES
        ]
    )
