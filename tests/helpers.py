"""Small cities, registers and command runs for tests."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from coverage.cli.main import main
from coverage.facilities import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import pytest

    from coverage.intake.outcomes import ImportReport
    from coverage.messages import Lang


@dataclass(frozen=True)
class Run:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """Its output as JSON."""
        return json.loads(self.out)


def run(capsys: pytest.CaptureFixture[str], *args: str) -> Run:
    """Run the command line in this process."""
    capsys.readouterr()
    try:
        main(list(args))
        code = 0
    except SystemExit as error:
        code = int(error.code or 0)
    captured = capsys.readouterr()
    return Run(code, captured.out, captured.err)


def told(report: ImportReport, lang: Lang = "zh") -> str:
    """What an import prints."""
    from coverage.intake.report import show
    from coverage.results.table import console

    out = io.StringIO()
    show(report, console(terminal=False, file=out), lang, columns=True)
    return out.getvalue()


def register_text(rows: Iterable[dict[str, object]]) -> str:
    """A register as CSV text."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def write_register(path: Path, rows: Iterable[dict[str, object]]) -> Path:
    """A register file."""
    path.write_text(register_text(rows), encoding="utf-8")
    return path


def centre(number: int, unit: str, **more: object) -> dict[str, object]:
    """A row of an integrated elder-care centre."""
    return {
        "id": f"t-{number}",
        "name": f"中心{number}",
        "kind": "elder_care",
        "services": "全托;日托;上门;协调指导",
        "unit_code": unit,
        "status": "open",
        "provenance": "surveyed",
        **more,
    }


SMALL = "441826105"


def small_workspace(folder: Path, count: int = 7) -> None:
    """A workspace of 清远 in which the township `SMALL` has but few older people."""
    from coverage.atomic import write_text
    from coverage.formats.tables import csv_text, read_table
    from coverage.settings import data_dir

    folder.mkdir()
    (folder / "city.toml").write_text(
        '[city]\ncode = "441800"\nname = "清远市"\nbase = "441800"\n', encoding="utf-8"
    )
    table = read_table(data_dir() / "population" / "441800.csv")
    rows = [dict(r.cells) for r in table.records]
    loss = 0
    for row in rows:
        if (row["unit_code"], row["group"]) == (SMALL, "60+"):
            loss = int(row["people"]) - count
            row["people"] = str(count)
    for row in rows:
        if row["unit_code"] in {SMALL[:6], "441800"} and row["group"] == "60+":
            row["people"] = str(int(row["people"]) - loss)
    cells = [[row[c] for c in table.columns] for row in rows]
    (folder / "population").mkdir()
    write_text(folder / "population" / "population.csv", csv_text(table.columns, cells))
