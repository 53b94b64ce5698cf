"""One row of a sheet of targets and what became of it; rows of one indicator put together."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from typing import Any, Literal

from coverage.intake.recognise import Known, normal_name
from coverage.messages import Said

Status = Literal["accepted", "corrected", "rejected"]


@dataclass
class PlanRow:
    """One row of the sheet and what became of it.

    Attributes:
        sheet: Name of the worksheet.
        row: Number as the user's own program shows it.
        name: Name of the indicator.
        status: ``accepted`` as it stands, ``corrected`` or ``rejected``.
        reasons: Why it is rejected, or what was corrected.
        notes: How it was understood, where nothing was changed.
        cells: The filled cells by name of column, as they stood.
        known: The indicator of the shipped plans that the name means, with its score.
        data: The indicator in the form of the library's files, empty if rejected.
        bare: Targets that hold a number alone.
    """

    sheet: str
    row: int
    name: str
    status: Status = "accepted"
    reasons: list[Said] = field(default_factory=list)
    notes: list[Said] = field(default_factory=list)
    cells: dict[str, str] = field(default_factory=dict)
    known: Known | None = None
    data: dict[str, Any] = field(default_factory=dict)
    bare: int = 0

    @property
    def rejected(self) -> bool:
        """Whether the row was given up."""
        return self.status == "rejected"

    def reject(self, zh: str, en: str) -> None:
        """Give the row up for this reason; what it was corrected to no longer matters."""
        if self.status != "rejected":
            self.reasons.clear()
        self.status = "rejected"
        self.reasons.append(Said(zh, en))
        self.data = {}

    def correct(self, *said: Said) -> None:
        """Note what was changed."""
        if self.status != "rejected" and said:
            self.status = "corrected"
            self.reasons += said


def join(rows: list[PlanRow]) -> list[dict[str, Any]]:
    """The indicators of all rows, one for each id; contradictions reject the later row."""
    found: dict[str, tuple[PlanRow, dict[str, Any]]] = {}
    for row in rows:
        if row.rejected:
            continue
        id_ = row.data["id"]
        first = found.get(id_)
        if first is not None and normal_name(first[0].name) != normal_name(row.name):
            # Two names for one known indicator: the likelier keeps it.
            zh = f"指标与第 {first[0].row} 行识别为同一项，按填报处理"
            row.correct(Said(zh, f"row {first[0].row} has this indicator: kept as reported"))
            row.data |= {"id": own_id(row.name), "measure": "reported", "match": {}}
            first = found.get(row.data["id"])
        if first is None:
            found[row.data["id"]] = (row, row.data)
        else:
            _add_targets(row, first[0], first[1])
    return [data for _, data in found.values()]


def _add_targets(row: PlanRow, first: PlanRow, data: dict[str, Any]) -> None:
    years = {target["year"]: target for target in data["target"]}
    again = [target for target in row.data["target"] if target["year"] in years]
    if again or not row.data["target"]:
        row.reject(
            f"与第 {first.row} 行的指标重复" + (f"（{again[0]['year']} 年）" if again else ""),
            f"repeats the indicator of row {first.row}",
        )
        return
    row.notes.append(Said(f"并入第 {first.row} 行的指标", f"joined to row {first.row}"))
    data["target"] = sorted(data["target"] + row.data["target"], key=lambda t: int(t["year"]))
    if "baseline" not in data and "baseline" in row.data:
        data["baseline"] = row.data["baseline"]


def own_id(name: str) -> str:
    """An id for a name that no plan knows; the same name always has the same."""
    return f"own.{zlib.crc32(normal_name(name).encode()):08x}"
