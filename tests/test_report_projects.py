"""Projects that a plan names stand in every form of a report, with what follows them."""

from __future__ import annotations

from dataclasses import replace

from coverage.assessment import Report, assess
from coverage.briefs.tables import tables
from coverage.city import City
from coverage.facilities import Facility, Register
from coverage.plans import Project
from coverage.results.from_report import build, to_dict
from coverage.results.report import files


def _report(*, indicators: tuple[str, ...] = ()) -> Report:
    city = City.load("清远")
    first, second, *_ = (
        i for i in city.plan.indicators if i.measure == "unit_share" and i.level == "township"
    )
    projects = (
        Project(
            "新建中心", "elder_care", 2024, "三（一）", (first.id,), "2 万㎡", "清城区", "新建"
        ),
        Project("老院改造", "elder_care", 2025, "三（二）", (second.id,), status="改扩建"),
        Project("平台", "elder_care", 2025, "三（三）"),
    )
    city.plan = replace(city.plan, projects=projects)
    town = city.units.at("township")[0].code
    own = Register((Facility("t1", "甲", first.match.kinds[0], town),))
    return assess(city, register=own, indicators=indicators)


def test_every_form_of_a_report_shows_the_projects() -> None:
    report = _report()
    found = files(report, "zh")
    first = report[report.city.plan.projects[0].indicators[0]]
    assert first.value is not None
    for name in ("report.txt", "report.md"):
        tail = found[name][found[name].index("新建中心") :]
        assert "2 万㎡" in tail, name
        assert tail.index("老院改造") < tail.index("平台"), name
    made = to_dict(report)["projects"]
    assert [(p["name"], p["year"], p["size"]) for p in made] == [
        ("新建中心", 2024, "2 万㎡"),
        ("老院改造", 2025, ""),
        ("平台", 2025, ""),
    ]
    assert made[0]["indicators"] == [first.indicator.id]
    table = tables(build(report))["projects"]
    shown = table.texts()
    assert table.caption == "规划重大项目"
    assert build(report).indicator(first.indicator.id).shown.value in shown[0][3]
    assert shown[2][3] == "未对应指标"


def test_part_of_the_indicators_shows_the_projects_that_they_follow() -> None:
    whole = _report()
    report = _report(indicators=whole.city.plan.projects[0].indicators)
    assert [p["name"] for p in to_dict(report)["projects"]] == ["新建中心"]
