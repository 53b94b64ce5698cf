"""What became of every row, on the terminal; as a page and a workbook by the modules beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.table import Table
from rich.text import Text

from coverage.lists.rows import CHECK, DATA, OUTCOMES
from coverage.messages import Said
from coverage.results.table import WIDTH
from coverage.text import wrap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from coverage.intake.outcomes import ImportReport, Part, Row
    from coverage.messages import Lang

_SHOWN = 20
_TOTALS = {
    "register": Said("登记册设施数", "facilities in the register"),
    "added": Said("这次导入", "of this import"),
    "replaced": Said("换下原有", "of before replaced"),
    "kept": Said("保留原有", "of before kept"),
    "units": Said("单元数", "units"),
    "km2": Said("平方公里", "km²"),
    "people_in_file": Said("文件中人数", "people in the file"),
    "people_taken": Said("采用人数", "people taken"),
    "people_placed": Said("落到位置的人数", "people placed"),
    "people_written": Said("写入人数", "people written"),
    "people_in_city": Said("市内人数", "people in the city"),
    "km": Said("街道公里数", "km of streets"),
}


def summary(report: ImportReport) -> Said:
    """One line: rows accepted and rejected, which add up, and rows that are no data."""
    counts = report.counts
    data = sum(counts[outcome] for outcome in DATA)
    rest = sum(counts.values()) - data
    zh = (
        f"{report.file}：数据 {data:,} {report.of.zh}，接受 {report.accepted:,}"
        f"（其中更正 {counts['corrected']:,}），退回 {report.rejected:,}"
    )
    en = (
        f"{report.file}: {data:,} {report.of.en} of data, {report.accepted:,} accepted "
        f"({counts['corrected']:,} corrected), {report.rejected:,} rejected"
    )
    if report.to_check:
        zh += f"；接受的有 {report.to_check:,} {report.of.zh}请核对"
        en += f"; {report.to_check:,} of those accepted are to be checked"
    if rest:
        zh += f"；另有标题、合计、空行等 {rest:,} {report.of.zh}"
        en += f"; {rest:,} more are titles, totals, blanks and the like"
    return Said(zh, en)


def totals(report: ImportReport, lang: Lang) -> list[tuple[str, str]]:
    """The numbers worth keeping, in words; what was counted already is left out."""
    return [
        (_TOTALS[name].to(lang), f"{value:,.6f}".rstrip("0").rstrip("."))
        for name, value in report.totals.items()
        if name in _TOTALS
    ]


def part_line(part: Part, lang: Lang) -> str:
    """A sheet and what is to be known of it."""
    name = f"{part.file} {part.sheet}".strip()
    joint = "；" if lang == "zh" else "; "
    return joint.join([name, *(said.to(lang) for said in part.said)])


def sentences(row: Row, lang: Lang) -> str:
    """Why a row was rejected, or how it was corrected."""
    return ("；" if lang == "zh" else "; ").join(said.to(lang) for said in row.said)


def to_look_at(row: Row, lang: Lang) -> str:
    """What the user should look at in a row that was taken."""
    return ("；" if lang == "zh" else "; ").join(said.to(lang) for said in row.checks)


def where(row: Row, report: ImportReport, lang: Lang) -> str:
    """The place of a row: file and sheet where there are several, and its number."""
    several = len(report.parts) > 1 and row.part < len(report.parts)
    part = report.parts[row.part] if several else None
    number = Said(f"第 {row.row} {report.of.zh}", f"{report.of.en.removesuffix('s')} {row.row}")
    places = (part.file if part else "", row.sheet, number.to(lang))
    return " ".join(filter(None, places))


def show(report: ImportReport, to: Console, lang: Lang = "zh", *, columns: bool = False) -> None:
    """Print the summary, how each column was understood if asked, findings, first rejections."""
    to.print(Text(summary(report).to(lang), style="bold"), soft_wrap=True)
    told = [f"{name} {value}" for name, value in totals(report, lang)]
    if told:
        _print(to, "·", ("，" if lang == "zh" else ", ").join(told), "")
    used = {row.part for row in report.outcomes if row.outcome in DATA}
    for number, part in enumerate(report.parts):
        if number not in used:
            continue  # guides, lists, empty sheets of a template
        if part.said or len(used) > 1:
            _print(to, "·", part_line(part, lang), "dim")
        if columns and part.uses:
            to.print(_columns_table(part, lang))
    _print_rows(to, report, [r for r in report.outcomes if r.outcome == "rejected"], lang)
    if columns:  # a trial: what would be changed is as much of interest as what would not be taken
        _print_rows(to, report, [r for r in report.outcomes if r.outcome == "corrected"], lang)
    odd = [r for r in report.outcomes if r.checks and r.outcome != "rejected"]
    _print_rows(to, report, odd, lang, checks=True)
    for finding in report.findings:
        warned = finding.weight == "warning"
        _print(to, "!" if warned else "·", finding.said.to(lang), "yellow" if warned else "")


def _print_rows(
    to: Console,
    report: ImportReport,
    rows: Sequence[Row],
    lang: Lang,
    *,
    checks: bool = False,
) -> None:
    """The first rows of a list, and how many there are."""
    if not rows:
        return
    rejected = rows[0].outcome == "rejected"
    mark, style = ("?", "yellow") if checks else ("!", "red") if rejected else ("·", "")
    for row in rows[:_SHOWN]:
        name = f" {row.name}" if row.name else ""
        told = to_look_at(row, lang) if checks else sentences(row, lang)
        _print(to, mark, f"{where(row, report, lang)}{name}  {told}", style)
    if len(rows) > _SHOWN:
        word = CHECK if checks else OUTCOMES[rows[0].outcome]
        more = Said(f"… 共 {len(rows):,} 行{word.zh}", f"… {len(rows):,} rows {word.en}")
        _print(to, " ", more.to(lang), style)


def _print(to: Console, mark: str, text: str, style: str) -> None:
    for number, line in enumerate(wrap(text, WIDTH - 4)):
        to.print(Text(f" {mark if number == 0 else ' '} {line}", style=style), soft_wrap=True)


def _columns_table(part: Part, lang: Lang) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    heads = Said("列 理解为 方式 把握 说明", "column taken_for how sure why").to(lang).split()
    for name, width in zip(heads, (24, 20, 10, 6, 32), strict=True):
        table.add_column(name.replace("_", " "), width=width, overflow="fold")
    for use in part.uses:
        score = f"{use.score:.2f}" if use.meaning.zh else ""
        table.add_row(use.name, use.meaning.to(lang) or "—", use.how, score, use.why.to(lang))
    return table


def outcome_word(row: Row, lang: Lang) -> str:
    """The outcome in words."""
    return OUTCOMES[row.outcome].to(lang)
