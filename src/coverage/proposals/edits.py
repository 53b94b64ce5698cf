"""An answer as a scenario: what is built and shut, and what the choice rests on."""

from __future__ import annotations

import os
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING

from coverage.kinds import KINDS
from coverage.proposals.candidates import DIGITS
from coverage.proposals.goal import goal_of, proof, unit_of
from coverage.proposals.question import MODELS, OWN_TARGET
from coverage.scenarios.edits import Add, Aim, Close, Measured, Place, Scenario
from coverage.scenarios.file import write
from coverage.text import number

if TYPE_CHECKING:
    from pathlib import Path

    from coverage.proposals.propose import NewSite, Proposal


def to_scenario(proposal: Proposal, *, folder: Path | None = None) -> Scenario:
    """The scenario that does what the answer says; its note says how it was found.

    Args:
        proposal: The answer.
        folder: Where the file will lie; a workspace is named relative to it.
    """
    city, question = proposal.city, proposal.question
    workspace = ""
    if city.workspace is not None and folder is not None:
        workspace = os.path.relpath(city.workspace.folder.resolve(), folder.resolve())
    aims: tuple[Aim, ...] = ()
    own = question.said == OWN_TARGET
    if own and question.planned and question.op is not None and question.value is not None:
        aims = (Aim(question.indicator.id, question.op, question.value, question.year),)
    return Scenario(
        name=f"{city.label.short_name}选址：{question.indicator.name}",
        city=city.label.short_name,
        note=note(proposal),
        workspace=workspace,
        adds=tuple(_add(proposal, site, n) for n, site in enumerate(proposal.sites, start=1)),
        closes=tuple(
            Close(facility.id, note="选址方案关闭", name=facility.name)
            for facility in proposal.closed
        ),
        aims=aims,
        measured=_measured(proposal),
    )


def write_scenario(proposal: Proposal, path: Path, *, beside: Path | None = None) -> None:
    """Write the answer as a scenario file, all at once.

    Args:
        proposal: The answer.
        path: The file.
        beside: Where the file will stand in the end: it names what it uses from there.
    """
    write(to_scenario(proposal, folder=(beside or path).parent), path)


def _add(proposal: Proposal, site: NewSite, serial: int) -> Add:
    question, city = proposal.question, proposal.city
    match = question.indicator.match
    exact = proposal.field.candidates.exact and site.lon is not None and site.lat is not None
    register = proposal.sources.counted(city)
    taken = {f.id for f in register.facilities}
    id_ = f"N{serial:03d}"
    while id_ in taken:
        id_ += "x"
    return Add(
        id=id_,
        name=f"拟建{KINDS[question.kind].zh}·{site.name}",
        kind=question.kind,
        place=Place(
            site.unit or city.code,
            round(site.lon, DIGITS) if exact and site.lon is not None else None,
            round(site.lat, DIGITS) if exact and site.lat is not None else None,
            site.unit_name,
        ),
        category=match.categories[0] if match.categories else "",
        services=match.services,
        beds=question.rules.beds,
        ownership=match.ownership[0] if match.ownership else "",
        opened=date(question.year, 1, 1),
        cost=None if site.cost is None else Fraction(str(site.cost)),
    )


def _measured(proposal: Proposal) -> Measured:
    """Limit, profile and facilities of the question, so that a run of the file asks it again."""
    travel, question = proposal.field.travel, proposal.question
    if travel is None:
        return Measured()
    distance = travel.network.profile.measure == "distance"
    match = question.indicator.match
    return Measured(
        None if distance else question.minutes,
        str(proposal.sources.profile),
        kinds=match.kinds,
        services=match.services,
        group=question.group,
    )


def note(proposal: Proposal) -> str:
    """One paragraph: question, model, bound, candidates, result, how to run it again."""
    question, change = proposal.question, proposal.city_change
    unit = "个单元" if question.form == "units" else "人"
    parts = [
        f"指标 {question.indicator.id}"
        + (f"，目标 {question.target_text}（{question.said.zh}）" if question.value else ""),
    ]
    if question.form == "people":
        parts.append(
            f"{question.group} 人群，{proposal.sources.profile}，{question.minutes:g} 分钟"
        )
    parts.append(f"模型 {question.model}（{MODELS[question.model].zh}）")
    parts.append(f"候选点 {proposal.field.candidates.source.zh}")
    parts.append(
        f"新建 {len(proposal.sites)} 处，目标函数 {goal_of(proposal)} {unit_of(proposal).zh}，"
        f"{proof(proposal).zh}"
    )
    parts.append(
        f"由 {number(change.before.reached)} 到 {number(change.after.reached)}"
        f"/{number(change.after.total)} {unit}"
    )
    parts.append(f"随机种子 {question.rules.seed}，时限 {question.rules.seconds:g} 秒")
    return (
        "由 coverage site 提出，未经核实；改后试算：coverage scenario run 本文件。"
        + "；".join(parts)
        + "。"
    )
