"""Which borders are called approximate: cells around seats, and no border that somebody has."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from conftest import ROOT
from coverage.assessment import assess
from coverage.briefs.layers import _outlines
from coverage.caveats import caveats
from coverage.city import City
from coverage.demand.model import from_townships
from coverage.demand.sources import demand_of
from coverage.demand.townships import read_townships
from coverage.intake.readiness import page
from coverage.intake.setup import create
from coverage.maps.before_after import Wanted, now
from coverage.maps.compose import build
from coverage.maps.legend import _WORDS, _Column
from coverage.maps.outlines import read_areas
from coverage.maps.paper import Sheet, drawing
from coverage.maps.proposal import _sources
from coverage.places.polygons import read_outlines

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

    from coverage.maps.view import View

CELLS = 21
BARE = "442000001"  # its polygon is left out


def city_with(folder: Path, quality: Callable[[int], str]) -> City:
    """A workspace of 中山 whose township polygons have a quality by their number."""
    create(folder, city=City.load("中山"))
    collection = json.loads((ROOT / "data/boundaries/442000-townships.geojson").read_text("utf-8"))
    features = [f for f in collection["features"] if f["properties"]["code"] != BARE]
    collection["features"] = features
    for n, feature in enumerate(features):
        feature["properties"]["quality"] = quality(n)
    text = json.dumps(collection, ensure_ascii=False)
    (folder / "boundaries" / "townships.geojson").write_text(text, encoding="utf-8")
    return City.open(folder)


def everything_said(city: City) -> str:
    """What notes, pages and pictures say of the borders."""
    view = view_of(city)
    bare = city.units[BARE]
    places = pd.DataFrame({"lon": [bare.lon], "lat": [bare.lat], "people": [5]})
    demands = from_townships(city), demand_of(city, places)[0]
    said = [note.zh for note in caveats(city)]
    said += [note.zh for demand in demands for note in demand.notes]
    said += [view.mark, *view.notes]
    said += [s.zh for s in _sources(_Asked(city), read_townships(city))]  # type: ignore[arg-type]
    said += [line for line in page(city, "zh") if line.strip().startswith("乡镇界")]
    return "\n".join(said)


def view_of(city: City) -> View:
    """The city's map as it would be drawn."""
    (moment,) = now(assess(city), Wanted())
    return build(city, [moment], lang="zh")


@dataclass(frozen=True)
class _Field:
    existing: tuple[Any, ...] = ()
    travel: None = None


@dataclass(frozen=True)
class _Asked:
    """As much of a proposal as the words below its picture rest on."""

    city: City
    field: _Field = _Field()


@pytest.mark.parametrize("quality", ["surveyed", "published"])
def test_borders_that_somebody_answers_for_are_never_called_approximate(
    tmp_path: Path, quality: str
) -> None:
    city = city_with(tmp_path / "w", lambda _: quality)
    assert city.boundaries("townships").approximate == (False,) * CELLS
    assert "近似" not in everything_said(city)
    assert "界线范围" in everything_said(city)
    assert not any(area.approximate for area in read_areas(city)[1])
    outlines = read_outlines(city, "townships", "EPSG:32649")
    assert outlines is not None
    assert outlines.official.all()


def test_cells_brought_in_a_workspace_are_approximate_as_those_that_ship(tmp_path: Path) -> None:
    city = city_with(tmp_path / "w", lambda _: "approximate")
    assert city.boundaries("townships").approximate == (True,) * CELLS
    shipped, own = (everything_said(c) for c in (City.load("中山"), city))
    for said in ("乡镇界线为近似", "示意图", "近似格不是行政界线", "乡镇界为近似"):
        assert said in shipped
        assert said in own
    outlines = read_outlines(city, "townships", "EPSG:32649")
    assert outlines is not None
    assert not outlines.official.any()


def test_some_cells_among_borders_are_counted(tmp_path: Path) -> None:
    city = city_with(tmp_path / "w", lambda n: "approximate" if n < 3 else "surveyed")
    said = everything_said(city)
    assert f"{CELLS} 个乡镇界线中有 3 个为近似格" in said
    assert "范围（其中3个为近似格）" in said
    assert "乡镇界线为近似" not in said
    assert sum(area.approximate for area in read_areas(city)[1]) == 3


@pytest.mark.parametrize(
    ("every", "shown"),
    [
        (("surveyed",), {"official"}),
        (("approximate",), {"township"}),
        (("surveyed", "approximate"), {"official", "township"}),
    ],
)
def test_a_legend_names_what_is_drawn(
    tmp_path: Path, every: tuple[str, ...], shown: set[str]
) -> None:
    view = view_of(city_with(tmp_path / "w", lambda n: every[n % len(every)]))
    with drawing():
        sheet = Sheet(420, 297)
        _Column(sheet, view, (10, 10, 80, 200)).lines()
        said = set(sheet.texts())
    assert said & {_WORDS[key].zh for key in ("official", "township")} == {
        _WORDS[key].zh for key in shown
    }


def test_layers_for_a_gis_tell_cells_from_borders(tmp_path: Path) -> None:
    city = city_with(tmp_path / "w", lambda n: ("approximate", "surveyed", "published")[n % 3])
    (moment,) = now(assess(city), Wanted())
    frame = _outlines(moment.document, read_areas(city)[1], "township")
    assert set(frame["outline"]) == {"approximate", "official"}
    assert (frame["outline"] == "approximate").sum() == 7
