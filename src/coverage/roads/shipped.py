"""The main roads that ship with the toolkit, one network a city.

They are coarse: main roads only, nodes rounded, no road classes, no speeds,
no one-way streets. Good enough to try the toolkit with; for a decision, load
an extract of OpenStreetMap.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from coverage.errors import UnknownNameError
from coverage.roads.network import MODES
from coverage.roads.tables import read_tables
from coverage.settings import data_dir

if TYPE_CHECKING:
    from pathlib import Path

    from coverage.roads.network import RoadNetwork

HIGHWAY = "main_road"


def shipped_files(city_code: str) -> tuple[Path, Path]:
    """The tables of nodes and edges of a city.

    Raises:
        UnknownNameError: If no roads ship for the city.
    """
    folder = data_dir() / "roads"
    nodes, edges = folder / f"{city_code}-nodes.csv", folder / f"{city_code}-edges.csv"
    if not (nodes.is_file() and edges.is_file()):
        codes = sorted(path.name[:-10] for path in folder.glob("*-nodes.csv"))
        known = ", ".join(codes) or "none"
        raise UnknownNameError(f"no roads ship for city {city_code!r}; there are roads for {known}")
    return nodes, edges


def shipped(city_code: str) -> RoadNetwork:
    """Main roads of a city by its six-digit code, open both ways to everyone.

    Raises:
        UnknownNameError: If no roads ship for the city.
    """
    nodes, edges = shipped_files(city_code)
    network, _ = read_tables(nodes, edges, modes=MODES, highway=HIGHWAY)
    return replace(network, origin={**network.origin, "shipped": city_code})
