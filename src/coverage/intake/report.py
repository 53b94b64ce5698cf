"""What became of every row, in words, and on the terminal; a page and a workbook stand beside."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.text import Text

from coverage.intake.parts import shown_cells
from coverage.lists.rows import CHECK, DATA, OUTCOMES
from coverage.messages import Lang, Said
from coverage.results.table import Column, Table, say, to_rich

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import Console

    from coverage.intake.outcomes import ImportReport, Part, Row

_SHOWN = 20
_LISTED = 8  # rows with one and the same reason
_VARYING = re.compile(r"“[^”]*”|'[^']*'|\d[\d,.]*")
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
_COLUMNS = {
    Said("列", "column"): 24,
    Said("理解为", "taken for"): 20,
    Said("方式", "how"): 10,
    Said("把握", "sure"): 6,
    Said("说明", "why"): 32,
}


@dataclass(frozen=True)
class View:
    """An import in the words of one language.

    Attributes:
        report: What became of the file.
        lang: Language of the words.
    """

    report: ImportReport
    lang: Lang

    def joined(self, said: Iterable[Said]) -> str:
        """Sentences as one."""
        return ("；" if self.lang == "zh" else "; ").join(one.to(self.lang) for one in said)

    @property
    def summary(self) -> str:
        """One line: rows accepted and rejected, which add up, and rows that are no data."""
        report, of, counts = self.report, self.report.of, self.report.counts
        data = sum(counts[outcome] for outcome in DATA)
        rest = sum(counts.values()) - data
        said = Said(
            f"{report.file}：数据 {data:,} {of.zh}，接受 {report.accepted:,}"
            f"（其中更正 {counts['corrected']:,}），退回 {report.rejected:,}",
            f"{report.file}: {data:,} {of.en} of data, {report.accepted:,} accepted "
            f"({counts['corrected']:,} corrected), {report.rejected:,} rejected",
        )
        parts = [said]
        more = (
            (
                report.spelled,
                "更正中 {} {}只是把名称写全",
                "of the corrected {} only had names spelled out",
            ),
            (report.asked, "退回中 {} {}要您回答是哪个", "of the rejected {} ask which is meant"),
            (
                report.known_to("county"),
                "接受的有 {} {}只知到县",
                "{} known to their county only",
            ),
            (report.known_to("city"), "接受的有 {} {}只知到市", "{} known to the city only"),
        )
        parts += [Said(zh.format(f"{n:,}", of.zh), en.format(f"{n:,}")) for n, zh, en in more if n]
        if report.to_check:
            checks = f"{report.to_check:,}"
            zh = f"接受的有 {checks} {of.zh}请核对"
            parts.append(Said(zh, f"{checks} of those accepted are to be checked"))
        if rest:
            zh, en = "另有标题、合计、空行等", "more are titles, totals, blanks and the like"
            parts.append(Said(f"{zh} {rest:,} {of.zh}", f"{rest:,} {en}"))
        return self.joined(parts)

    @property
    def totals(self) -> list[tuple[str, str]]:
        """The numbers worth keeping, in words; what was counted already is left out."""
        return [
            (_TOTALS[name].to(self.lang), f"{value:,.6f}".rstrip("0").rstrip("."))
            for name, value in self.report.totals.items()
            if name in _TOTALS
        ]

    def part(self, part: Part) -> str:
        """A sheet and what is to be known of it."""
        name = f"{part.file} {part.sheet}".strip()
        return self.joined([Said(name, name), *part.said])

    def where(self, row: Row) -> str:
        """The place of a row: file and sheet where there are several, and its number."""
        parts, of = self.report.parts, self.report.of
        file = parts[row.part].file if len(parts) > 1 and row.part < len(parts) else ""
        number = Said(f"第 {row.row} {of.zh}", f"{of.en.removesuffix('s')} {row.row}")
        return " ".join(filter(None, (file, row.sheet, number.to(self.lang))))

    def outcome(self, row: Row) -> str:
        """The outcome in a word."""
        return OUTCOMES[row.outcome].to(self.lang)

    def became(self, row: Row) -> list[object]:
        """What a row became, a value for each of the report's heads."""
        values = row.became or ("",) * len(self.report.heads)
        return [v.to(self.lang) if isinstance(v, Said) else v for v in values]

    def cells(self, row: Row) -> list[object]:
        """The original cells, without what is personal unless that is to be kept."""
        if self.report.keep_personal or row.part >= len(self.report.parts):
            return list(row.cells)
        return shown_cells(row, self.report.parts[row.part])

    @staticmethod
    def raw(cells: Iterable[object]) -> str:
        """Cells in one line."""
        return " | ".join("" if cell is None else str(cell) for cell in cells)


def show(report: ImportReport, to: Console, lang: Lang = "zh", *, columns: bool = False) -> None:
    """Print the summary, how each column was understood if asked, findings, first rejections."""
    view = View(report, lang)
    to.print(Text(view.summary, style="bold"), soft_wrap=True)
    if view.totals:
        comma = "，" if lang == "zh" else ", "
        _print(to, "·", comma.join(f"{name} {value}" for name, value in view.totals))
    used = {row.part for row in report.outcomes if row.outcome in DATA}
    for number, part in enumerate(report.parts):
        if number not in used:
            continue  # guides, lists, empty sheets of a template
        if part.said or len(used) > 1:
            _print(to, "·", view.part(part), "dim")
        if columns and part.uses:
            to.print(to_rich(_columns_table(part, lang)))
        elif part.uses:
            _print(to, "·", view.joined(_taken_for(part)), "dim")
    outcomes = report.outcomes
    _print_rows(to, view, [r for r in outcomes if r.outcome == "rejected"], "!", "red")
    if columns:  # a trial: what would be changed is as much of interest as what would not be taken
        _print_rows(to, view, [r for r in outcomes if r.outcome == "corrected"], "·", "")
    odd = [r for r in outcomes if r.checks and r.outcome != "rejected"]
    _print_rows(to, view, odd, "?", "yellow")
    for finding in report.findings:
        warned = finding.weight == "warning"
        _print(to, "!" if warned else "·", finding.said.to(lang), "yellow" if warned else "")


def _taken_for(part: Part) -> list[Said]:
    """What each column was taken for, in a line, and those that were not."""
    used = [use for use in part.uses if use.meaning.zh]
    rest = [use.name for use in part.uses if not use.meaning.zh]
    pairs = (
        Said(f"{use.name} → {use.meaning.zh}", f"{use.name} → {use.meaning.en}") for use in used
    )
    zh, en = zip(*pairs, strict=True) if used else ((), ())
    told = [Said(f"列：{'，'.join(zh)}", f"columns: {', '.join(en)}")] if used else []
    if rest:
        told.append(Said(f"未用：{'、'.join(rest)}", f"not used: {', '.join(rest)}"))
    return told


def _print_rows(to: Console, view: View, rows: Sequence[Row], mark: str, style: str) -> None:
    """The first reasons, each once with its rows; ``?`` marks what is to be checked."""
    same: dict[str, list[Row]] = {}
    for row in rows:
        told = view.joined(row.checks if mark == "?" else row.said)
        same.setdefault(_VARYING.sub("…", told), []).append(row)
    shown = 0
    for first, *others in list(same.values())[:_SHOWN]:
        name = f" {first.name}" if first.name else ""
        told = view.joined(first.checks if mark == "?" else first.said)
        if others:
            numbers = ", ".join(str(row.row) for row in others[:_LISTED])
            rest = "…" if len(others) > _LISTED else ""
            zh, en = (
                f"（同样的还有 {len(others):,} {view.report.of.zh}：{numbers}{rest}）",
                (f" (and {len(others):,} more: {numbers}{rest})"),
            )
            told += Said(zh, en).to(view.lang)
        _print(to, mark, f"{view.where(first)}{name}  {told}", style)
        shown += 1 + len(others)
    if len(rows) > shown:
        word = CHECK if mark == "?" else OUTCOMES[rows[0].outcome]
        more = Said(f"… 共 {len(rows):,} 行{word.zh}", f"… {len(rows):,} rows {word.en}")
        _print(to, " ", more.to(view.lang), style)


def _print(to: Console, mark: str, text: str, style: str = "") -> None:
    say(to, text, style, first=f" {mark} ", rest="   ")


def _columns_table(part: Part, lang: Lang) -> Table:
    rows = [
        (u.name, u.meaning.to(lang) or "—", u.how, f"{u.score:.2f}" if u.meaning.zh else "", u.why)
        for u in part.uses
    ]
    columns = [Column(head, width=width) for head, width in _COLUMNS.items()]
    return Table("", tuple(columns), tuple(rows), lang)
