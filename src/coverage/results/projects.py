"""The projects that a plan names (重大项目) beside what the register says of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from coverage.messages import Lang, Said
from coverage.results import words
from coverage.results.table import Column, Table, named
from coverage.results.vocabulary import HEADS, STATUS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from coverage.assessment import Report
    from coverage.plans import Project

_WORKS = {"新建": "new", "改扩建": "rebuilt", "续建": "continued"}
_UNLINKED = Said("未对应指标", "no indicator")


@dataclass(frozen=True)
class ProjectRow:
    """A project that the plan names, and the indicators that follow it."""

    name: str
    kind: str
    work: str
    size: str
    place: str
    year: int
    clause: str
    indicators: tuple[str, ...]


def name_of(project: Project, lang: Lang) -> str:
    """The name of a project."""
    return project.name if lang == "zh" else project.name_en or project.name


def work_of(project: Project, lang: Lang) -> str:
    """What is done, how large, and where, as far as the plan says."""
    work = project.status if lang == "zh" else _WORKS.get(project.status, project.status)
    return words.COMMA.to(lang).join(filter(None, (work, project.size, project.place)))


def project_rows(report: Report, lang: Lang) -> tuple[ProjectRow, ...]:
    """The projects of a report's plan; of a part of the indicators, those that these follow."""
    shown = {r.indicator.id for r in report.results}
    whole = shown.issuperset(i.id for i in report.city.plan.indicators)
    return tuple(
        ProjectRow(
            name=name_of(p, lang),
            kind=p.kind,
            work=work_of(p, lang),
            size=p.size,
            place=p.place,
            year=p.year,
            clause=p.clause,
            indicators=tuple(id_ for id_ in p.indicators if id_ in shown),
        )
        for p in report.city.plan.projects
        if whole or shown & set(p.indicators)
    )


def report_projects(report: Report, lang: Lang) -> Table:
    """The table of a report."""
    said = {
        r.indicator.id: (
            words.label(words.short_name(r, lang), words.name(r, lang)),
            "" if r.value is None else words.current(r, lang),
            STATUS[r.status].to(lang),
        )
        for r in report.results
    }
    return projects_table(project_rows(report, lang), said, lang)


def projects_table(
    projects: Sequence[ProjectRow], said: Mapping[str, tuple[str, str, str]], lang: Lang
) -> Table:
    """A row for each project.

    Args:
        projects: The projects.
        said: Of the indicators by id: a short name, the value as it is printed, and the status.
        lang: Language of the table.
    """

    def follows(project: ProjectRow) -> str:
        lines = (" ".join(filter(None, said[id_])) for id_ in project.indicators)
        return "\n".join(lines) or _UNLINKED.to(lang)

    rows = tuple((p.name, p.work, str(p.year), follows(p), p.clause) for p in projects)
    title = Said("规划重大项目", "Projects of the plan")
    columns = (
        Column(Said("重大项目", "project"), weight=2.4, width=23),
        Column(Said("建设内容", "work"), weight=1.4, width=14),
        *named(year=0.8),
        Column(HEADS["now"], weight=2.6, width=34),
        Column(HEADS["clause"], weight=1.6, width=17),
    )
    return Table(title, columns, rows, lang, "projects")
