"""Road networks for tests: small, awkward, and made on purpose."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from coverage.roads.network import BICYCLE, CAR, FOOT, RoadNetwork
from coverage.travel.streets import Segments

ALL = FOOT | BICYCLE | CAR
CRS = "EPSG:32649"


@dataclass(frozen=True)
class Street:
    """One street piece between two nodes; a one-way street has no way back for wheels."""

    a: int
    b: int
    length_m: float | None = None
    bends: tuple[tuple[float, float], ...] = ()
    oneway: bool = False
    highway: str = "residential"
    modes: int = ALL
    foot_back: bool = True
    maxspeed: float = float("nan")


@dataclass
class _Rows:
    tail: list[int] = field(default_factory=list)
    head: list[int] = field(default_factory=list)
    length: list[float] = field(default_factory=list)
    highway: list[str] = field(default_factory=list)
    maxspeed: list[float] = field(default_factory=list)
    modes: list[int] = field(default_factory=list)
    edge_id: list[int] = field(default_factory=list)
    bends: list[tuple[tuple[float, float], ...]] = field(default_factory=list)


def build(xy: list[tuple[float, float]], streets: list[Street], crs: str = CRS) -> RoadNetwork:
    """A network from nodes and streets; a missing length is that of the bent line."""
    rows = _Rows()
    for number, s in enumerate(streets):
        line = np.array([xy[s.a], *s.bends, xy[s.b]], dtype=float)
        length = s.length_m
        if length is None:
            length = float(np.hypot(*np.diff(line, axis=0).T).sum())
        back = (s.modes & FOOT if s.foot_back else 0) if s.oneway else s.modes
        for tail, head, modes, bends in (
            (s.a, s.b, s.modes, s.bends),
            (s.b, s.a, back, s.bends[::-1]),
        ):
            if modes:
                rows.tail.append(tail)
                rows.head.append(head)
                rows.length.append(length)
                rows.highway.append(s.highway)
                rows.maxspeed.append(s.maxspeed)
                rows.modes.append(modes)
                rows.edge_id.append(1000 + number)
                rows.bends.append(bends)
    order = np.argsort(np.array(rows.tail, dtype=int), kind="stable")
    names = sorted(set(rows.highway)) or ["residential"]
    bends_in_order = [rows.bends[i] for i in order]
    flat = [p for bends in bends_in_order for p in bends]

    def column(values: list[float] | list[int], kind: type) -> np.ndarray:
        return np.array(values, dtype=kind)[order]

    points = np.array(xy, dtype=float).reshape(-1, 2)
    bend = np.array(flat, dtype=float).reshape(-1, 2)
    return RoadNetwork(
        crs=crs,
        node_id=np.arange(len(xy), dtype=np.int64) + 10,
        x=points[:, 0].copy(),
        y=points[:, 1].copy(),
        tail=column(rows.tail, np.int32),
        head=column(rows.head, np.int32),
        length_m=column(rows.length, np.float64),
        highway=column([names.index(h) for h in rows.highway], np.int16),
        highway_names=tuple(names),
        maxspeed_kmh=column(rows.maxspeed, np.float32),
        modes=column(rows.modes, np.uint8),
        edge_id=column(rows.edge_id, np.int64),
        bend_start=np.concatenate([[0], np.cumsum([len(b) for b in bends_in_order])]).astype(
            np.int64
        ),
        bend_x=bend[:, 0].copy(),
        bend_y=bend[:, 1].copy(),
    )


def grid(columns: int, rows: int, step: float = 100.0, **kind: object) -> RoadNetwork:
    """A street grid; node `r * columns + c` lies at `(c, r) × step`."""
    xy = [(c * step, r * step) for r in range(rows) for c in range(columns)]
    streets = [
        Street(r * columns + c, r * columns + c + 1, **kind)  # type: ignore[arg-type]
        for r in range(rows)
        for c in range(columns - 1)
    ]
    streets += [
        Street(r * columns + c, (r + 1) * columns + c, **kind)  # type: ignore[arg-type]
        for r in range(rows - 1)
        for c in range(columns)
    ]
    return build(xy, streets)


def random_streets(
    seed: int, nodes: int = 14, size: float = 600.0
) -> tuple[list[tuple[float, float]], list[Street]]:
    """Nodes and streets with everything that makes trouble.

    One-way streets, bends, parallel and zero-length streets, a loop, a
    street that feet cannot use, an island far off, nodes at one place.
    """
    rng = np.random.default_rng(seed)
    points = np.round(rng.uniform(0, size, (nodes, 2)), 1)
    xy = [(float(a), float(b)) for a, b in points]
    pairs: set[tuple[int, int]] = set()
    for i in range(nodes):
        away = np.hypot(*(points - points[i]).T)
        for j in np.argsort(away)[1:4]:
            if rng.random() < 0.7:
                pairs.add((min(i, int(j)), max(i, int(j))))
    streets = []
    for a, b in sorted(pairs):
        bends = []
        for k in range(int(rng.integers(0, 3))):
            middle = points[a] + (points[b] - points[a]) * (k + 1) / 3
            bends.append(tuple(float(v) for v in np.round(middle + rng.normal(0, 25, 2), 1)))
        turn = rng.random() < 0.5
        streets.append(
            Street(
                b if turn else a,
                a if turn else b,
                bends=tuple(reversed(bends)) if turn else tuple(bends),  # type: ignore[arg-type]
                oneway=bool(rng.random() < 0.3),
                foot_back=bool(rng.random() < 0.5),
                highway=str(rng.choice(["residential", "primary", "causeway"], p=[0.7, 0.2, 0.1])),
                modes=CAR if rng.random() < 0.05 else ALL,
            )
        )
    if streets:
        first = streets[0]
        longer = 60.0 + 2 * float(np.hypot(*(points[first.a] - points[first.b])))
        streets.append(Street(first.a, first.b, length_m=longer))
        streets.append(Street(first.b, first.a, length_m=longer * 0.4, oneway=True))
    loop = xy[0]
    streets.append(Street(0, 0, bends=((loop[0] + 40, loop[1]), (loop[0], loop[1] + 40))))
    twin = len(xy)
    xy += [xy[1], (size * 1.6, size), (size * 1.6 + 90, size)]
    streets += [Street(1, twin), Street(twin, 2), Street(twin + 1, twin + 2)]
    return xy, streets


def random_network(seed: int, nodes: int = 14, size: float = 600.0) -> RoadNetwork:
    """`random_streets` built."""
    return build(*random_streets(seed, nodes, size))


def straight(*ends_and_slowness: np.ndarray, piece: np.ndarray | None = None) -> Segments:
    """Segments by x0, y0, x1, y1 and seconds a metre both ways; each a street unless told."""
    x0, y0, x1, y1, to_start, to_end = ends_and_slowness
    own = np.arange(len(x0)) if piece is None else piece
    length = np.hypot(x1 - x0, y1 - y0)
    return Segments(own, x0, y0, x1, y1, np.zeros(len(x0)), length, to_start, to_end)
