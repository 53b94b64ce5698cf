"""``data/README.md``: a hand-written template with the build's own numbers put in."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from .population import BASE_YEAR
from .table import write_text
from .units import CITIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .boundaries import Cells
    from .datumcheck import DatumFinding
    from .ledger import Ledger
    from .model import Calibration
    from .roads import RoadFinding
    from .table import SourceRow
    from .units import UnitBook

TEMPLATE = Path(__file__).with_name("README.template.md")


def _unit_lines(book: UnitBook, cells: Mapping[str, Cells]) -> str:
    lines = []
    for city in CITIES:
        rows = book.of(city)
        towns = [t for t in rows if t.is_township]
        placed = sum(t.seat is not None for t in towns)
        below = Counter(v.category for v in book.villages if city.holds(v.code[:6]))
        numbers = [len(book.counties_of(city)), len(rows), len(towns), placed]
        numbers += [below["社区"], below["村"], len(cells[city.code])]
        lines.append(f"| {city.name} | {' | '.join(map(str, numbers))} |")
    return "\n".join(lines)


def _road_lines(findings: Mapping[str, RoadFinding]) -> str:
    return "\n".join(
        f"| {city.name} | {f.nodes} | {f.edges} | {f.kilometres:.0f} | {f.duplicates} | {f.zero} "
        f"| {f.coincident} | {f.low:.2f}–{f.high:.2f} | {f.short} |"
        for city in CITIES
        for f in [findings[city.code]]
    )


def _people_lines(ledgers: Mapping[str, Ledger]) -> str:
    lines = []
    for city in CITIES:
        ledger, year = ledgers[city.code], BASE_YEAR[city.code]
        kinds = Counter(
            r.provenance
            for r in ledger.rows.values()
            if (r.group, r.year) == ("all", year) and len(r.unit) == 9
        )
        older = [r for r in ledger.rows.values() if r.group == "60+" and r.unit == city.code]
        last = max(older, key=lambda r: r.year, default=None)
        told = f"{last.people:,}（{last.year}，{last.provenance}）" if last else "无 / none"
        lines.append(
            f"| {city.name} | {year} | {ledger.need(city.code, 'all', year):,} "
            f"| {kinds['published']} | {kinds['modelled']} | {told} |"
        )
    return "\n".join(lines)


def _cell_lines(cells: Mapping[str, Cells]) -> str:
    lines = []
    for city in CITIES:
        for code, share in cells[city.code].lost:
            lines.append(f"- {city.name} {code}: {share}")
    return "\n".join(lines) or "- —"


def _percent(errors: Mapping[str, float]) -> str:
    return "、".join(f"{name} {error:.0%}" for name, error in sorted(errors.items()))


def write_readme(
    path: Path,
    *,
    book: UnitBook,
    cells: Mapping[str, Cells],
    datum: DatumFinding,
    ledgers: Mapping[str, Ledger],
    fit: Calibration,
    roads: Mapping[str, RoadFinding],
    sources: Iterable[SourceRow],
) -> None:
    """Fill the template; a name that the template lacks or adds is an error."""
    table = "\n".join(
        f"| `{r.file}` | {r.title} | {r.origin} | {r.licence} | {r.attribution} | {r.date} |"
        for r in sorted(sources)
    )
    east, north = datum.fitted
    east_formula, north_formula = datum.predicted
    text = Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        units=_unit_lines(book, cells),
        warnings="\n".join(f"- {line}" for line in book.warnings),
        lost=_cell_lines(cells),
        roads=_road_lines(roads),
        people=_people_lines(ledgers),
        weight=f"{float(fit.weight):.2f}",
        count=fit.count,
        fitted=f"{fit.fitted:.0%}",
        left_out=f"{fit.left_out:.0%}",
        equal=f"{fit.equal:.0%}",
        by_area=_percent(fit.by_area),
        crossed=_percent(fit.crossed),
        worst=f"{fit.worst[0]} {fit.worst[1]:+.0%}",
        vertices=datum.vertices,
        raw=f"{datum.raw_median:.0f}",
        unshifted=f"{datum.unshifted_median:.0f}",
        east=f"{east:+.0f}",
        north=f"{north:+.0f}",
        east_formula=f"{east_formula:+.0f}",
        north_formula=f"{north_formula:+.0f}",
        sources=table,
    )
    write_text(path, text)
