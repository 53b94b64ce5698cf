"""The build as a whole: every step in order, then the list of sources and the README.

Steps that others add (`OPTIONAL`) are found by their file: a module
``databuild/facilities.py`` with ``build(out: Path) -> list[SourceRow]``
takes part as soon as it exists.
"""

from __future__ import annotations

import filecmp
import importlib
import shutil
import sys
import tempfile
from dataclasses import astuple
from pathlib import Path

from .boundaries import load_counties, outside_metres, write_boundaries
from .datumcheck import check_datum
from .example import write_example
from .population import write_population
from .readme import write_readme
from .roads import write_roads
from .sources import Sources
from .table import SourceRow, write_sources
from .unitfiles import write_units
from .units import CITIES, load_units

FACTS = Path(__file__).parents[1] / "facts"
DATA = Path(__file__).parents[2] / "data"
WRITTEN = ("plans", "profiles", "scenarios")
WRITTEN_FILES = "units/changes*.csv"
OPTIONAL = ("facilities", "plans", "profiles")
OWN_FOLDERS = ("units", "boundaries", "population", "roads", "examples")
DATUM_CITY = "441800"
MIT = "MIT（本项目）"


def _bring_written(out: Path) -> None:
    """Lay what is written by hand below `out`, where a later step looks for it."""
    for name in WRITTEN:
        folder = DATA / name
        if folder.is_dir() and folder.resolve() != (out / name).resolve():
            shutil.copytree(folder, out / name, dirs_exist_ok=True)
    for path in sorted(DATA.glob(WRITTEN_FILES)):
        target = out / path.relative_to(DATA)
        if path.resolve() != target.resolve():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)


def optional_rows(out: Path) -> list[SourceRow]:
    """Run the optional steps that exist and collect their source rows."""
    rows: list[SourceRow] = []
    # A step may call the package by its short name, as a script's neighbour does.
    scripts = str(Path(__file__).parents[1])
    if scripts not in sys.path:
        sys.path.append(scripts)
    for name in OPTIONAL:
        if Path(__file__).with_name(f"{name}.py").is_file():
            step = importlib.import_module(f"{__package__}.{name}")
            # The step may have met SourceRow under another import name.
            rows += [SourceRow(*astuple(row)) for row in step.build(out)]
    return rows


def build(out: Path, packages: Path, facts: Path = FACTS, *, core: bool = False) -> list[SourceRow]:
    """Build everything below `out` and return the source rows; `core` leaves out `OPTIONAL`.

    Raises:
        BuildError: If a package is not the pinned one, or anything differs
            from the facts.
    """
    sources = Sources(packages)
    book = load_units(sources, facts)
    counties = load_counties(sources, book)
    city = next(c for c in CITIES if c.code == DATUM_CITY)
    own = {code: counties[code] for code in book.counties_of(city)}
    datum = check_datum(sources, own, city.epsg)
    rows = write_units(out, book, lambda township: outside_metres(township, counties))
    more, cells = write_boundaries(out, book, counties, datum)
    rows += more
    more, ledgers, fit = write_population(out, book, facts)
    rows += more
    more, roads = write_roads(out, sources, counties)
    rows += more
    rows += write_example(out)
    if not core:
        _bring_written(out)
        rows += optional_rows(out)
    about = "随附数据的来源、许可、署名与处理（含本文件自身）"
    rows.append(SourceRow("sources.csv", about, "本项目", MIT, "", "", "由构建脚本生成"))
    rows.append(
        SourceRow("README.md", "随附数据说明", "本项目", MIT, "", "", "模板加构建时量得的数字")
    )
    write_sources(out / "sources.csv", rows)
    write_readme(
        out / "README.md",
        book=book,
        cells=cells,
        datum=datum,
        ledgers=ledgers,
        fit=fit,
        roads=roads,
        sources=rows,
    )
    return rows


def differing_files(data: Path, packages: Path, facts: Path = FACTS) -> list[str]:
    """Build into a temporary folder and name the files of `data` that are not the same bytes."""
    with tempfile.TemporaryDirectory() as name:
        fresh = Path(name)
        build(fresh, packages, facts)
        made = {p.relative_to(fresh).as_posix() for p in fresh.rglob("*") if p.is_file()}
        kept = {
            p.relative_to(data).as_posix()
            for folder in OWN_FOLDERS
            for p in (data / folder).rglob("*")
            if p.is_file()
        }
        same, _, _ = filecmp.cmpfiles(fresh, data, sorted(made), shallow=False)
        return sorted((made | kept) - set(same))
