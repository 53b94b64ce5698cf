"""Whole inputs of every kind that the command line reads, made once; kinds.toml uses them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS, DATA, CORPUS = ROOT / "docs", ROOT / "data", ROOT / "tests" / "corpus"
CITY = "360203"  # the smallest that ships
LISTS = "441800"  # of which the corpus of lists is
CIRCLE = "--kind elder_care --minutes 5 --profile standard_1000m"
SHORT = {
    "CIRCLE": f"circle --city {CITY} {CIRCLE}",
    "WORKSPACE": f"circle --workspace w {CIRCLE}",
    "SITE": f"site --city {CITY} --kind elder_care --max-new 1 --time-limit 2",
    "BRIEF": f"brief --city {CITY} --out out --indicator elder_care.nursing_bed_share",
}


@dataclass(frozen=True)
class Kind:
    """One way into the program.

    Attributes:
        name: Short name.
        seeds: Whole inputs.
        commands: What to run, one of them; ``@`` is the input, ``w`` the workspace.
        space: Workspace that is copied beside the input, if any.
        at: Where the input goes, as seen from the workspace, if not beside it.
        beside: Other files that the command reads.
        words: Whether the command's own words are spoilt instead.
        weight: How often its turn comes.
    """

    name: str
    seeds: tuple[Path, ...]
    commands: tuple[str, ...]
    space: Path | None = None
    at: str = ""
    beside: tuple[Path, ...] = ()
    words: bool = False
    weight: int = 4


def make(folder: Path) -> list[Kind]:
    """Write the inputs below `folder`, and say which kinds there are."""
    whole = _Maker(folder)
    spaces = {"lists": whole.workspace(LISTS), "own": whole.own_workspace()}
    seeds = whole.seeds(spaces["own"])
    text = Path(__file__).with_name("kinds.toml").read_text(encoding="utf-8")
    return [
        Kind(
            name,
            seeds[one["seeds"]],
            tuple(_whole(command) for command in one["commands"]),
            space=spaces.get(one.get("space", "")),
            beside=seeds[one["beside"]] if "beside" in one else (),
            **{key: one[key] for key in ("at", "words", "weight") if key in one},
        )
        for name, one in tomllib.loads(text).items()
    ]


def _whole(command: str) -> str:
    head, _, rest = command.partition(" ")
    return f"{SHORT.get(head, head)} {rest}".strip()


def _of(folder: Path, *suffixes: str, start: str = "") -> tuple[Path, ...]:
    found = sorted(p for p in folder.iterdir() if p.suffix[1:] in suffixes)
    return tuple(p for p in found if p.name.startswith(start))


def coverage(*args: str) -> None:
    """Run the command line on whole inputs."""
    done = subprocess.run(
        [sys.executable, "-m", "coverage.cli.main", *args],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"coverage {' '.join(args)}\n{done.stderr}")


class _Maker:
    """Writes inputs below a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def seeds(self, own: Path) -> dict[str, tuple[Path, ...]]:
        """The inputs by what they are, or by name where there is one."""
        corpus = _of(CORPUS, "csv", "txt", "xlsx", "xls", "zip", "gpkg", "geojson")
        messy = DOCS / "example-messy.csv"
        roads, briefs, points = self.roads(), self.brief(), self.points()
        scenario = self.scenario()
        townships = self.layers("townships", DATA / "boundaries" / f"{CITY}-townships.geojson")
        facilities = DATA / "facilities" / f"{CITY}.csv"
        named = [*roads, *briefs, *points]
        return {
            **{path.name: (path,) for path in named},
            **{p.relative_to(own).as_posix(): (p,) for p in own.rglob("*") if p.is_file()},
            "register": (facilities, DOCS / "example-register.csv"),
            "lists": (messy, *(p for p in corpus if p.name != "bomb.xlsx")),
            "messy": (messy,),
            "mapping": (self.mapping(),),
            "people": self.tables("population", DOCS / "example-population.csv"),
            "points": points,
            "raster": (self.raster("people.tif", 40.0),),
            "heights": (self.raster("heights.tif", 120.0),),
            "townships": townships,
            "shapefile": tuple(sorted(townships[-1].with_suffix("").iterdir())),
            "lines shapefile": tuple(sorted((self.folder / "lines").iterdir())),
            "own roads": self.own_roads(roads),
            "circles": self.circles(),
            "results": self.results(),
            "targets": self.tables("plan", DOCS / "example-plan.csv"),
            "roads": roads,
            "road tables": _of(DATA / "roads", "csv", start=CITY),
            "areas": self.areas(),
            "profiles": _of(DATA / "profiles", "toml"),
            "scenarios": (*_of(DOCS, "toml"), scenario),
            "scenario.toml": (scenario,),
            "sites": (self.sites(),),
            "values": (DOCS / "example-values.csv",),
            "rebase": (DOCS / "example-2020.csv", DATA / "population" / "442000.csv"),
            "briefs": briefs,
            "templates": tuple(self.package("briefs/templates").glob("*.zh.md.j2")),
        }

    @staticmethod
    def package(name: str) -> Path:
        return ROOT / "src" / "coverage" / name

    def text(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def workspace(self, city: str) -> Path:
        path = self.folder / f"w{city}"
        coverage("init", str(path), "--city", city)
        return path

    def own_workspace(self) -> Path:
        """A workspace with a file of its own for each thing."""
        space = self.workspace(CITY)
        for source, goal in (
            (f"units/{CITY}.csv", "units.csv"),
            (f"units/{CITY}-villages.csv", "villages.csv"),
            (f"facilities/{CITY}.csv", "facilities.csv"),
            (f"population/{CITY}.csv", "population/population.csv"),
            (f"boundaries/{CITY}-counties.geojson", "boundaries/counties.geojson"),
            (f"boundaries/{CITY}-townships.geojson", "boundaries/townships.geojson"),
            (f"plans/{CITY}.toml", "plan.toml"),
        ):
            (space / goal).parent.mkdir(exist_ok=True)
            shutil.copy(DATA / source, space / goal)
        return space

    def tables(self, name: str, table: Path) -> tuple[Path, ...]:
        """A table, and the same as a workbook and as a web page."""
        import pandas as pd

        frame = pd.read_csv(table, header=None, names=range(6), dtype=str)
        book, page = self.folder / f"{name}.xlsx", self.folder / f"{name}.html"
        frame.to_excel(book, index=False, header=False)
        frame.to_html(page, index=False, header=False)
        return table, book, page

    def layers(self, name: str, source: Path) -> tuple[Path, ...]:
        """A layer as GeoJSON, GeoPackage, FlatGeobuf and zipped shapefile."""
        import geopandas as gpd

        frame = gpd.read_file(source)
        made = [self.folder / f"{name}.{end}" for end in ("gpkg", "fgb")]
        for path in made:
            frame.to_file(path)
        bare = self.folder / name
        bare.mkdir()
        frame.to_file(bare / f"{name}.shp", encoding="utf-8")
        return source, *made, Path(shutil.make_archive(str(bare), "zip", bare))

    def circles(self) -> tuple[Path, ...]:
        """Circles as they are written, to be given back."""
        goals = self.folder / "circles.geojson", self.folder / "circles.gpkg"
        for goal in goals:
            coverage(*SHORT["CIRCLE"].split(), "--resolution", "100", "--out", str(goal))
        return goals

    def results(self) -> tuple[Path, ...]:
        """What lies hidden in a folder of results: which files are the tool's own."""
        out = self.folder / "results"
        coverage("report", "--city", CITY, "--out", str(out))
        return tuple(out.glob(".coverage-*.json"))

    def own_roads(self, roads: tuple[Path, ...]) -> tuple[Path, ...]:
        """The files of roads that a workspace may have, under the names that they have there."""
        folder = self.folder / "own roads"
        folder.mkdir()
        own = [p for p in roads if p.name.endswith((".pbf", ".gpkg", ".parquet"))]
        return tuple(
            Path(shutil.copy(p, folder / f"roads.{p.name.partition('.')[2]}")) for p in own
        )

    def points(self) -> tuple[Path, ...]:
        import geopandas as gpd

        places = gpd.GeoSeries.from_xy([117.2, 117.21], [29.3, 29.29], crs=4326)
        frame = gpd.GeoDataFrame({"name": ["甲", "乙"], "people": [120, 80]}, geometry=places)
        rows = "name,lon,lat,people,60+\n甲,117.2,29.3,120,30\n乙,117.21,29.29,80,9\n"
        goals = [self.folder / f"points.{end}" for end in ("geojson", "gpkg", "fgb")]
        for goal in goals:
            frame.to_file(goal)
        return self.text("points.csv", rows), *goals

    def raster(self, name: str, height: float) -> Path:
        import numpy as np
        import rasterio
        from rasterio.transform import from_origin

        path = self.folder / name
        values = np.full((60, 60), height, np.float32) + np.arange(60, dtype=np.float32)
        with rasterio.open(
            path, "w", driver="GTiff", width=60, height=60, count=1, dtype="float32",
            crs="EPSG:4326", transform=from_origin(117.0, 29.5, 0.01, 0.01), nodata=-9999,
        ) as file:  # fmt: skip
            file.write(values, 1)
        return path

    def areas(self) -> tuple[Path, ...]:
        ring = [[117.19, 29.29], [117.2, 29.29], [117.2, 29.292], [117.19, 29.292], [117.19, 29.29]]
        feature = {
            "type": "Feature",
            "properties": {"factor": 2},
            "geometry": {"type": "Polygon", "coordinates": [ring]},
        }
        text = json.dumps({"type": "FeatureCollection", "features": [feature]})
        return (self.text("areas.geojson", text),)

    def roads(self) -> tuple[Path, ...]:
        """The roads that ship for the city in every format that is read."""
        import osmium

        from coverage.roads.convert import graphml_text
        from coverage.roads.sources import load

        network = load(CITY)
        made = [self.text("roads.graphml", graphml_text(network))]
        lon, lat = network.to_lonlat(network.x, network.y)
        for name in ("roads.osm", "roads.osm.pbf"):
            path = self.folder / name
            writer = osmium.SimpleWriter(str(path))
            for i, place in enumerate(zip(lon.tolist(), lat.tolist(), strict=True), start=1):
                writer.add_node(osmium.osm.mutable.Node(id=i, location=place))
            for i in range(network.edge_count):
                ends = [int(network.tail[i]) + 1, int(network.head[i]) + 1]
                tags = {"highway": "residential", "maxspeed": "30", "oneway": "no"}
                writer.add_way(osmium.osm.mutable.Way(id=i + 1, nodes=ends, tags=tags))
            writer.close()
            made.append(path)
        import geopandas as gpd
        from shapely import LineString

        lines = [
            LineString([(lon[a], lat[a]), (lon[b], lat[b])])
            for a, b in zip(network.tail, network.head, strict=True)
        ]
        frame = gpd.GeoDataFrame(
            {"highway": "residential"}, index=range(len(lines)), geometry=lines, crs=4326
        )
        files = [self.folder / f"lines.{end}" for end in ("gpkg", "geojson", "fgb", "parquet")]
        for path in files[:-1]:
            frame.to_file(path)
        frame.to_parquet(files[-1])
        (self.folder / "lines").mkdir()
        frame.to_file(self.folder / "lines" / "lines.shp")
        return (*made, *files)

    def brief(self) -> tuple[Path, ...]:
        """The documents of a brief, each of which carries its record."""
        out = self.folder / "brief"
        args = SHORT["BRIEF"].replace("--out out", f"--out {out}").split()
        coverage(*args, "--formats", "docx,pptx,xlsx,html,gpkg")
        ends = {".docx", ".pptx", ".xlsx", ".html", ".gpkg"}
        found = sorted(p for p in out.iterdir() if p.suffix in ends or p.name == "record.json")
        return (out / "record.json", *found)

    def mapping(self) -> Path:
        return self.text(
            "mapping.toml", '[columns]\n"机构名称" = "name"\n"床位" = "beds"\n"备注" = ""\n'
        )

    def sites(self) -> Path:
        rows = "昌江街道,117.2,29.3,30,forbidden\n乙,117.21,29.29,50,forbidden\n"
        return self.text("sites.csv", f"name,lon,lat,cost,rule\n{rows}")

    def scenario(self) -> Path:
        return self.text(
            "scenario.toml",
            'name = "试"\ncity = "珠山"\n\n[[add]]\nkind = "elder_care"\nname = "新院"\nbeds = 30\n'
            'lon = 117.2\nlat = 29.3\n\n[[close]]\nfacility = "360203-X0001"\n',
        )
