"""Made cities of which everything is known, and what a bureau would know of them.

The truth is a list of people by place and facilities where they stand; hidden, the people are known
by township and the facilities by the township they stand in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import shapely

import coverage as cov

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coverage.arrays import Floats, Ints

CRS = "EPSG:32649"
WEST, SOUTH, SIDE, STREET = 400_000.0, 2_500_000.0, 3_000.0, 300.0
COLUMNS, ROWS = 5, 4


@dataclass(frozen=True)
class MadeCity:
    """One city: with every place known, and as a bureau has it.

    Attributes:
        known: Of every person and facility it is known where they are.
        unlisted: Facilities have coordinates, people are known by township.
        hidden: Both are known by township.
        told: The facilities of `hidden`.
    """

    known: cov.City
    unlisted: cov.City
    hidden: cov.City
    told: pd.DataFrame


def made_city(seed: int) -> MadeCity:
    """A city of 20 townships of unequal size, some of them towns, most of them thinly peopled."""
    rng = np.random.default_rng(seed)
    lines = [
        np.concatenate([[0], np.sort(rng.uniform(0.35, 0.65, n - 1) + np.arange(1, n) - 0.5), [n]])
        for n in (COLUMNS, ROWS)
    ]
    xs, ys = WEST + SIDE * lines[0], SOUTH + SIDE * lines[1]
    cells = [
        shapely.box(xs[i], ys[j], xs[i + 1], ys[j + 1]) for j in range(ROWS) for i in range(COLUMNS)
    ]
    people = np.exp(rng.normal(9.3, 0.8, len(cells))).round()
    where, count, seats = [], [], []
    for cell, total in zip(cells, people, strict=True):
        west, south, east, north = cell.bounds
        seat = rng.uniform([west + 300, south + 300], [east - 300, north - 300])
        town = rng.uniform(0.2, 0.8)
        places = np.vstack(
            [seat + rng.normal(0, 350, (20, 2)), rng.uniform([west, south], [east, north], (25, 2))]
        )
        inside = np.clip(places, [west + 1, south + 1], [east - 1, north - 1])
        where.append(inside)
        towns, villages = rng.dirichlet(np.ones(20)), rng.dirichlet(np.ones(25))
        parts = np.concatenate([towns * town, villages * (1 - town)])
        count.append(parts * total)
        seats.append(seat + rng.normal(0, 150, 2).clip(-250, 250))
    places = np.vstack(where)
    chosen = rng.choice(len(cells), 6)
    stand = np.array([_beside_people(rng, cells[n], places) for n in chosen])
    streets = _streets(rng)
    return tell(
        cells, people, places, np.concatenate(count), np.array(seats), stand, chosen, streets
    )


def tell(
    cells: Sequence[shapely.Polygon],
    people: Floats,
    where: Floats,
    count: Floats,
    seats: Floats,
    stand: Floats,
    unit: Sequence[int] | Ints,
    streets: Any,
) -> MadeCity:
    """A made city as it is, and what a bureau would know of it.

    Args:
        cells: Polygons of the townships.
        people: (t,) of each.
        where: (p, 2) metres, places of people.
        count: (p,) people there.
        seats: (t, 2) of the townships.
        stand: (f, 2) of the facilities.
        unit: (f,) township that each stands in.
        streets: A networkx graph.
    """
    codes = [f"9901010{n:02}" for n in range(1, len(cells) + 1)]
    points = gpd.GeoSeries(shapely.points(seats), crs=CRS).to_crs(4326)
    units = gpd.GeoDataFrame(
        {
            "code": codes,
            "name": [f"镇{n}" for n in range(len(cells))],
            "people": people.astype(int),
            "lon": points.x,
            "lat": points.y,
        },
        geometry=list(cells),
        crs=CRS,
    )
    lonlat = gpd.GeoSeries(shapely.points(stand), crs=CRS).to_crs(4326)
    facilities = pd.DataFrame(
        {
            "id": [f"f{n}" for n in range(len(unit))],
            "name": [f"站{n}" for n in range(len(unit))],
            "kind": "elder_care",
            "unit_code": [codes[n] for n in unit],
            "lon": lonlat.x,
            "lat": lonlat.y,
        }
    )
    lived = gpd.GeoDataFrame({"people": count}, geometry=shapely.points(where), crs=CRS)
    roads = cov.network(streets)
    common: dict[str, Any] = {"name": "造市", "code": "990100", "roads": roads, "year": 2025}
    known = cov.City.from_frames(units, facilities=facilities, population=lived, **common)
    unlisted = cov.City.from_frames(units, facilities=facilities, **common)
    told = facilities.drop(columns=["lon", "lat"])
    hidden = cov.City.from_frames(units, facilities=told, **common)
    return MadeCity(known, unlisted, hidden, told)


def _beside_people(rng: np.random.Generator, cell: shapely.Polygon, where: Floats) -> Floats:
    """A place some steps from where people of the township live, and in it."""
    lived = where[shapely.intersects_xy(cell, where[:, 0], where[:, 1])]
    west, south, east, north = cell.bounds
    place = lived[rng.integers(len(lived))] + rng.normal(0, 60, 2)
    return np.asarray(np.clip(place, [west + 1, south + 1], [east - 1, north - 1]))


def _streets(rng: np.random.Generator) -> Any:
    """A grid of streets of which some are missing."""
    graph: Any = nx.MultiDiGraph(crs=CRS)
    across, up = int(COLUMNS * SIDE / STREET), int(ROWS * SIDE / STREET)
    for i in range(across + 1):
        for j in range(up + 1):
            graph.add_node((i, j), x=WEST + i * STREET, y=SOUTH + j * STREET)
    for i, j in list(graph):
        for other in ((i + 1, j), (i, j + 1)):
            if other in graph and rng.random() < 0.85:
                kind = "secondary" if (i % 10 == 0 or j % 10 == 0) else "residential"
                for one, two in (((i, j), other), (other, (i, j))):
                    graph.add_edge(one, two, length=STREET, highway=kind)
    graph.remove_nodes_from([n for n in list(graph) if graph.degree(n) == 0])
    return nx.convert_node_labels_to_integers(graph)
