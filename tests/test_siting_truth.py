"""Siting against published and proven optima of others' data."""

from __future__ import annotations

import csv
import json
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from conftest import shared_file
from coverage.siting import Search, Sites, backup, lscp, mclp, p_center, p_median

pytest.importorskip("highspy")
pytestmark = [pytest.mark.shared]


def pmed(number: int) -> tuple[np.ndarray[Any, np.dtype[np.float64]], int]:
    """Distances and p of an OR-Library file; the last of double edges counts."""
    path = shared_file("testdata", "orlib_pmed", f"pmed{number}.txt")
    values = np.array(path.read_text().split(), dtype=int)
    n, m, p = (int(v) for v in values[:3])
    edges = {(min(a, b), max(a, b)): c for a, b, c in values[3 : 3 + 3 * m].reshape(m, 3).tolist()}
    u, v = np.array(list(edges)).T - 1
    graph = csr_array((np.array(list(edges.values()), dtype=float), (u, v)), shape=(n, n))
    return dijkstra(graph, directed=False), p


@pytest.mark.slow
@pytest.mark.parametrize("number", range(1, 21))
def test_orlib_p_median_and_p_center(number: int) -> None:
    known = json.loads(shared_file("testdata", "orlib_pmed", "expected.json").read_text())
    far, p = pmed(number)
    sites = Sites(len(far), max_new=p)
    answer = p_median(far, None, sites, search=Search(seconds=60))
    assert answer.objective == known["p_median_optimum"][f"pmed{number}"]
    assert answer.optimal
    assert len(answer.alternatives) >= 3
    center = p_center(far, sites)
    assert center.objective == known["p_center_optimum_reported"][f"pmed{number}"]
    assert center.optimal


@pytest.mark.slow
def test_sjc_cells_are_proven() -> None:
    folder = ("testdata", "mclp", "sjc")
    known = json.loads(shared_file(*folder, "expected.json").read_text())
    for cell in known["optimum"]:
        name = cell["instance"]
        text = shared_file(*folder, f"{name}.txt").read_text().split()
        n = int(text[0])
        xy = np.array(text[1 : 1 + 2 * n], dtype=float).reshape(n, 2)
        people = np.array(
            shared_file(*folder, f"demand-{name}.dat").read_text().split(), dtype=float
        )
        far = np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1))
        sites = Sites(n, max_new=cell["p"])
        answer = mclp(far <= cell["radius"], people[:n], sites, search=Search(alternatives=0))
        assert answer.objective == cell["covered"], cell
        assert answer.optimal, cell


def blocks(name: str) -> tuple[Any, Any]:
    """Distances between census blocks, and people."""
    text = shared_file("testdata", "mclp", "census_blocks", f"{name}.txt").read_text().splitlines()
    n = next(int(line.split(":")[1]) for line in text if line.startswith("DIMENSION"))
    begin = [k + 1 for k, line in enumerate(text) if "SECTION" in line]
    place = np.array([line.split()[-2:] for line in text[begin[0] : begin[0] + n]], dtype=float)
    people = np.array([line.split()[-1] for line in text[begin[1] : begin[1] + n]], dtype=float)
    lat, lon = np.radians(place).T
    cosine = np.sin(lat)[:, None] * np.sin(lat) + np.cos(lat)[:, None] * np.cos(lat) * np.cos(
        lon[:, None] - lon
    )
    return 6378100 * np.arccos(np.clip(cosine, -1, 1)), people


@pytest.mark.slow
@pytest.mark.parametrize("case", ["NewYork_60_400", "Bronx_100_600"])
def test_census_blocks_come_near_the_best_known(case: str) -> None:
    known = json.loads(
        shared_file("testdata", "mclp", "census_blocks", "expected.json").read_text()
    )
    cell = known["best_known"][case]
    far, people = blocks(case.split("_", maxsplit=1)[0])
    sites = Sites(len(people), max_new=cell["p"])
    answer = mclp(far <= cell["radius_m"], people, sites, search=Search(seconds=10))
    best = cell["covered_population_best_known"]
    assert answer.objective >= 0.999 * best
    assert answer.bound >= best
    assert answer.seconds < 15


def test_san_francisco() -> None:
    known = json.loads(shared_file("testdata", "spopt_sf", "expected.json").read_text())
    here = known["computed_here"]
    folder = ("testdata", "spopt_sf")
    with shared_file(
        *folder, "SF_network_distance_candidateStore_16_censusTract_205_new.csv"
    ).open() as file:
        rows = list(csv.DictReader(file))
    with shared_file(*folder, "SF_demand_205_centroid_uniform_weight.csv").open() as file:
        people_of = {row["NAME"]: float(row["POP2000"]) for row in csv.DictReader(file)}
    stores = sorted({row["name"] for row in rows})
    tracts = sorted(people_of)
    far = np.full((16, 205), np.inf)
    for row in rows:
        at = stores.index(row["name"]), tracts.index(row["DestinationName"])
        far[at] = float(row["distance"])
    people = np.array([people_of[name] for name in tracts])
    for p, covered in here["MCLP R=5000 objective by p"].items():
        answer = mclp(far <= 5000, people, Sites(16, max_new=int(p)))
        assert (answer.objective, answer.optimal) == (covered, True)
    four = mclp(far <= 5000, people, Sites(16, max_new=4))
    assert four.points_total - four.points_covered == 21
    assert lscp(far <= 8000, Sites(16)).objective == here["LSCP R=8000"]
    for p, mean, longest in zip(
        (2, 4, 6), here["PMedian mean distance p=2,4,6"], here["PCenter p=2,4,6"], strict=True
    ):
        answer = p_median(far, people, Sites(16, max_new=p))
        assert answer.details["mean"] == pytest.approx(mean)
        assert p_center(far, Sites(16, max_new=p)).objective == pytest.approx(longest, abs=1e-3)
    # spopt also counts the tracts that fewer than two stores can reach at all as backed up.
    twice = backup(far <= 5000, None, Sites(16))
    alone = ((far <= 5000).sum(axis=0) < 2).sum()
    share = (twice.details["points_covered_twice"] + alone) / 205 * 100
    assert share == pytest.approx(known["asserted_by_spopt"]["LSCPB SF R=5000 backup_perc"])
