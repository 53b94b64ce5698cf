"""From a bureau's files to a register: every row judged, placed, and accounted for.

`coverage.lists.rows` says what each row means by itself; here rows get a
unit and a place, are held against the ground, one another and the last
register, and become facilities. Nothing is guessed in silence: a datum that
is not stated is detected with a confidence, a name that fits two places is
refused with both. What is odd but can be used is kept and noted.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING, Any

from coverage.errors import InputError, Problem
from coverage.facilities import COLUMNS, Facility
from coverage.intake.ground import judge_places
from coverage.intake.history import carry_over, remember
from coverage.intake.identity import (
    MADE,
    Comparison,
    Replace,
    compare,
    judge_neighbours,
    kept_beside,
)
from coverage.intake.ledger import is_ledger, ledger_rows
from coverage.intake.locate import find_units, geocode, place
from coverage.intake.outcomes import FacilityRow, ImportReport, ordered
from coverage.intake.parts import FacilitySheet
from coverage.intake.sums import judge_statuses, judge_totals, judge_values
from coverage.kinds import KINDS, TIERS
from coverage.lists.columns import understand
from coverage.lists.reading import read_file
from coverage.lists.rows import Finding, take_rows
from coverage.lists.spec import normal
from coverage.messages import Said
from coverage.places.tiers import told_tier

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from coverage.city import City
    from coverage.download.geocode import Geocoder
    from coverage.lists.columns import Understanding
    from coverage.lists.sheets import RawSheet
    from coverage.units import Units

HEADS = (
    Said("识别为", "kind"),
    Said("定位", "placed by"),
    Said("经度", "lon"),
    Said("纬度", "lat"),
)
# What a facility takes from its row as it is; the rest was judged.
_STATED = tuple(n for n in COLUMNS if n not in {"id", "unit_code", "lon", "lat", "since"})


@dataclass(frozen=True)
class FacilityImport(ImportReport):
    """The whole import, row by row, and the register it makes.

    Attributes:
        sheets: What was understood of each sheet.
        kept: What of the workspace's own register of before stays beside what was imported.
        compared: How the register differs from that of before.
    """

    sheets: tuple[FacilitySheet, ...] = ()
    kept: tuple[Facility, ...] = ()
    compared: Comparison | None = None

    @property
    def rows(self) -> tuple[FacilityRow, ...]:
        """Every row of every file, in order."""
        return tuple(row for row in self.outcomes if isinstance(row, FacilityRow))

    @property
    def facilities(self) -> tuple[Facility, ...]:
        """Accepted facilities in order."""
        return tuple(f for row in self.rows for f in row.facilities)

    @property
    def taken(self) -> bool:
        """Whether any row was: as a facility, or as a change of one."""
        return _any_taken(self.rows)

    @property
    def register(self) -> tuple[Facility, ...]:
        """What stands in the register once the import is written."""
        return (*self.kept, *self.facilities)


def intake_facilities(
    paths: Sequence[Path],
    city: City,
    *,
    datum: str | None = None,
    mapping: Mapping[str, str] | None = None,
    kind: str | None = None,
    keep_personal: bool = False,
    today: datetime | None = None,
    geocoder: Geocoder | None = None,
    replacing: Replace = "kinds",
    trial: bool = False,
) -> FacilityImport:
    """Judge every row of the files.

    Args:
        paths: The planner's files.
        city: Whose units the rows belong to.
        datum: Datum of all coordinates, if the user states it.
        mapping: Column names to fields, before any alias.
        kind: Kind of rows that state none.
        keep_personal: Keep personal columns.
        today: For dates that lie ahead.
        geocoder: Asked for rows that have an address and no usable coordinates; nobody by default.
        replacing: What of the register of before goes, see `coverage.intake.identity.kept_beside`.
        trial: Nothing will be written, so nothing is compared with the register of before.

    Raises:
        InputError: If a file cannot be read at all, or the workspace's own register cannot and
            something of it would stay.
    """
    rows: list[FacilityRow] = []
    sheets: list[FacilitySheet] = []
    findings: list[Finding] = []
    raws = [raw for path in paths for raw in read_file(path)]
    for raw, use in zip(raws, _understood(raws, mapping or {}), strict=True):
        sheet = FacilitySheet(raw, use, len(sheets))
        sheets.append(sheet)
        mine = _judge_sheet(sheet, city, datum, kind, keep_personal=keep_personal)
        rows += mine
        if not sheet.aside:
            findings += judge_totals(mine, use)
            findings += judge_statuses(mine, use)
    if not any(row.is_data for row in rows):
        raise InputError(Said("文件中没有数据行", "the files hold no row of data"))
    data = [row for row in rows if row.is_data and not row.is_change]
    if geocoder is not None:
        geocode([r for r in data if r.accepted and r.ledger is None], city, geocoder)
    findings += judge_places(data, city)
    judge_values([row for row in rows if row.is_data], (today or datetime.now(UTC)).date())
    judge_neighbours([r for r in data if r.accepted and r.ledger is None], city)
    before, broken = _before(city, replacing)
    files = list(dict.fromkeys(sheet.raw.file for sheet in sheets))
    kept = remember(rows, _make(rows, before, files, city, replacing), city)
    findings += carry_over(rows, before or (), city.units)
    register = (*kept, *(f for row in rows for f in row.facilities))
    totals = {"register": float(len(register))}
    compared = None
    if before is not None and _any_taken(rows) and not trial:
        compared = compare(before, register, city.units)
        totals |= {
            "added": float(len(register) - len(kept)),
            "replaced": float(len(before) - len(kept)),
            "kept": float(len(kept)),
        }
    told = compared.told(kept, city.units) if compared else []
    return FacilityImport(
        "facilities",
        "、".join(files),
        (),
        tuple(rows),
        (*ordered([*findings, *broken]), *told),
        totals,
        parts=tuple(sheet.part for sheet in sheets),
        heads=HEADS,
        changes=tuple(map(asdict, compared.lines)) if compared else (),
        keep_personal=keep_personal,
        sheets=tuple(sheets),
        kept=kept,
        compared=compared,
    )


def _any_taken(rows: Sequence[FacilityRow]) -> bool:
    return any(row.facilities or (row.is_change and row.accepted) for row in rows)


def _understood(raws: Sequence[RawSheet], mapping: Mapping[str, str]) -> list[Understanding]:
    """What the columns of every sheet mean; one heading means the same in all."""
    uses = [understand(raw, mapping=mapping) for raw in raws]
    agreed = {
        normal(c.name): c.field
        for use in reversed(uses)
        for c in use.columns
        if c.how == "content" and c.field and c.name
    }
    if not agreed or len(raws) == 1:
        return uses
    return [understand(raw, mapping=mapping, agreed=agreed) for raw in raws]


def _before(city: City, replacing: Replace) -> tuple[Sequence[Facility] | None, list[Finding]]:
    """The workspace's own register of before, `None` without one that can be read."""
    if city.origin("facilities") != "own":
        return None, []
    try:
        return city.register.facilities, []
    except InputError as error:
        if replacing == "all":
            why = error.problems[0]
            said = Said(
                f"上次的登记册读不出来，没有对比：{why.to('zh')}",
                f"the register of before cannot be read and was not compared: {why.to('en')}",
            )
            return None, [Finding("previous.broken", "warning", said)]
        reason = Said(
            "登记册读不出来，无从合并：改好它，或用 --replace-all 整个换掉",
            "the register cannot be read and added to: mend it, or replace it whole with "
            "--replace-all",
        )
        own = Problem(reason, city.file("facilities").name)
        raise InputError([*error.problems, own]) from error


def _judge_sheet(
    sheet: FacilitySheet, city: City, datum: str | None, kind: str | None, *, keep_personal: bool
) -> list[FacilityRow]:
    raw, use = sheet.raw, sheet.understanding
    if sheet.aside:
        return [FacilityRow(raw, row, sheet.number, "note") for row in raw.rows]
    if is_ledger(use):
        return _judge_ledger(sheet, city)
    mine = take_rows(
        raw, use, FacilityRow, part=sheet.number, kind=kind, keep_personal=keep_personal
    )
    data = [row for row in mine if row.is_data]
    find_units(raw, data, city)
    data = [row for row in data if not row.is_change]
    sheet.datum, sheet.detection = place(raw, use, data, city, datum)
    _name([row for row in data if not row.name and not row.reasons], sheet, city)
    return mine


def _name(rows: Sequence[FacilityRow], sheet: FacilitySheet, city: City) -> None:
    """Names for the rows of a list that has no column of names, by unit and kind, numbered.

    Where any heading is not understood it may be that of the names: the rows then come back.
    """
    unknown = [
        c.name
        for c in sheet.understanding.columns
        if c.how == "left out" and c.score < 1 and c.name and any(sheet.raw.values(c.index, 1))
    ]
    if unknown:
        zh, en = "、".join(unknown), ", ".join(unknown)
        asked = Said(
            f"没有认出名称列；未识别的列：{zh}（可用 --mapping 指明）",
            f"no column of names was found; not understood: {en} (say which with --mapping)",
        )
        for row in rows:
            row.reject(asked)
        return
    made: Counter[str] = Counter()
    for row in rows:
        kind = KINDS.get(str(row.values.get("kind")))
        if kind is None:
            row.reject(Said("没有名称也没有类型", "neither a name nor a kind"))
            continue
        name = f"{city.units.name(row.unit_code)}{kind.zh}"
        made[name] += 1
        row.values["name"] = f"{name}{made[name]}" if made[name] > 1 else name
        row.correct(Said("没有名称，按单元和类型命名", "named by its unit and kind"))


def _judge_ledger(sheet: FacilitySheet, city: City) -> list[FacilityRow]:
    """Rows of a ledger: each township's facilities, placed at its seat."""
    rows = ledger_rows(sheet)
    filled = [row for row in rows if row.is_data]
    find_units(sheet.raw, filled, city)
    for row in filled:
        unit = city.units.get(row.unit_code[:9])
        if unit is not None and unit.placed:
            row.place = "seat"
        if not (row.unit_code or row.found.maybe or row.reasons):
            row.reject(Said("没有写明乡镇", "no township is stated"))
    return rows


def _make(
    rows: Sequence[FacilityRow],
    before: Sequence[Facility] | None,
    files: Collection[str],
    city: City,
    replacing: Replace,
) -> tuple[Facility, ...]:
    """Facilities of the accepted rows, each with an id of its own; what stays beside them."""
    accepted = [row for row in rows if row.accepted and not row.is_change]
    used: set[str] = set()
    stated = {str(row.values["id"]) for row in accepted if row.values.get("id")}
    for number, row in enumerate(accepted, start=1):
        for f in row.ledger if row.ledger is not None else [row.values]:
            wanted = str(f.get("id") or f"{MADE}{number:05d}")
            id_ = _free_id(wanted, used, stated)
            if id_ != wanted and row.ledger is None:
                row.correct(_renamed(wanted, id_))
            used.add(id_)
            facility = _facility(row, id_, f)
            row.facilities.append(facility)
            if row.ledger is None:
                _question_tier(row, facility, city.units)
    made = [f for row in accepted for f in row.facilities]
    kept = kept_beside(before or (), made, files, city.units, replace=replacing)
    taken = {f.id for f in kept}
    used |= taken
    numbers = (id_ for n in count(1) if (id_ := f"{MADE}{n:05d}") not in used)
    for row in accepted:
        for n, facility in enumerate(row.facilities):
            if facility.id in taken:
                own = facility.id.startswith(MADE)
                id_ = next(numbers) if own else _free_id(facility.id, used)
                if not own:
                    row.correct(_renamed(facility.id, id_))
                used.add(id_)
                row.facilities[n] = replace(facility, id=id_)
    return kept


def _question_tier(row: FacilityRow, facility: Facility, units: Units) -> None:
    """Ask about a tier that the column states and the name contradicts, or that two words do."""
    told = told_tier(facility, units)
    stated, by = facility.tier, told.by
    if told.tier and stated and told.tier != stated and not told.by_kind:
        (zh, en), (own_zh, own_en) = TIERS[stated], TIERS[told.tier]
        said = Said(
            f"层级写“{zh}”，{by.zh}像{own_zh}：按“{zh}”，请核对",
            f"the tier is stated as {en}, {by.en} says {own_en}: taken as {en}, check which",
        )
        row.check("tier.name", said)
    elif by.zh and not told.tier and not stated:
        said = Said(
            f"{by.zh}说的层级不一：未定，请核对", f"{by.en} say two tiers: left open, check which"
        )
        row.check("tier.two", said)


def _free_id(wanted: str, used: Collection[str], stated: Collection[str] = ()) -> str:
    """The id itself if it is free, else with the first number that makes it so."""
    id_, again = wanted, 1
    while id_ in used or (again > 1 and id_ in stated):
        again += 1
        id_ = f"{wanted}-{again}"
    return id_


def _renamed(old: str, new: str) -> Said:
    return Said(f"编号 {old} 重复，改为 {new}", f"the id {old} stands there already: {new} instead")


def _facility(row: FacilityRow, id_: str, fields: Mapping[str, Any]) -> Facility:
    stated = {name: fields[name] for name in _STATED if fields.get(name) not in {None, ""}}
    return Facility(
        **{"name": "", "kind": "", "source": f"{row.of.file} {row.sheet}".strip()}
        | stated
        | {"services": frozenset(stated.get("services", ()))},
        id=id_,
        unit_code=row.unit_code,
        lon=row.lon,
        lat=row.lat,
    )
