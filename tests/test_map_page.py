"""The page of a city's map as a planner opens it from a memory stick: offline, desk and phone."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest

from coverage.city import City
from coverage.text import number
from helpers import run
from map_page import PHONE, browser, browser_path, opened

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from map_page import Opened

INTEGRATED = "elder_care.integrated_township"
SCENARIO = """
name = "新增三处"
city = "清远"
[[add]]
id = "N1"
name = "三水瑶族乡新建中心"
kind = "elder_care"
township = "三水瑶族乡"
services = ["全托", "日托", "上门", "协调指导"]
[[add]]
id = "N2"
name = "禾洞镇新建中心"
kind = "elder_care"
township = "禾洞镇"
services = ["全托", "日托", "上门", "协调指导"]
"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    browser_path()
    with browser() as found:
        yield found


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of 清远."""
    from coverage.cli.main import main

    out = tmp_path_factory.mktemp("map") / "清远.html"
    main(["map", "--city", "清远", "--out", str(out)])
    return out


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    """The JSON report of 清远, from which every number must come."""
    from coverage.assessment import assess
    from coverage.results.from_report import to_json

    found: dict[str, Any] = json.loads(to_json(assess(City.load("清远"))))
    return {i["id"]: i for i in found["indicators"]}


@pytest.fixture
def page(chromium: Any, made: Path) -> Iterator[Opened]:
    with opened(chromium, made) as found:
        yield found
        assert found.messages == [], "the page complained"
        assert found.requests == [], "the page asked the network"


def test_one_file_of_at_most_5_mb_that_links_to_nothing(made: Path) -> None:
    text = made.read_text(encoding="utf-8")
    assert made.stat().st_size <= 5_000_000
    assert not re.search(r"<(script|link|img|iframe)[^>]*\s(src|href)=[\"']?(https?:)?//", text)
    assert not re.search(r"@import|url\(\s*[\"']?(https?:)?//|sourceMappingURL", text)
    beside = {path.name for path in made.parent.iterdir()} - {made.name}
    assert beside <= {".coverage-file.json"}, "only what guards the page lies beside it"


def test_title_block_and_warnings(page: Opened) -> None:
    head = " ".join(page.texts("#panel .panel-head"))
    assert "清远市民政设施覆盖图" in head
    assert "示意图" in head
    assert "含示意数据" in head
    about = " ".join(page.texts("#about dl"))
    for word in ("制图日期", "人口", "路网", "OpenStreetMap", "登记册"):
        assert word in about
    assert "近似" in page.page.locator("#about").text_content()


def test_legend_names_classes_and_counts_of_the_report(
    page: Opened, report: dict[str, Any]
) -> None:
    counts = dict(
        zip(page.texts("#legend .class .label"), page.texts("#legend .class .count"), strict=True)
    )
    found = report[INTEGRATED]
    assert counts == {
        "有（已覆盖）": str(len(found["covered"])),
        "缺（未覆盖）": str(len(found["missing"])),
    }
    assert f"{found['numerator']}/{found['denominator']}" in page.texts("#headline")[0]


def test_every_theme_says_what_the_report_says(page: Opened, report: dict[str, Any]) -> None:
    data = json.loads(page.run('document.getElementById("coverage-data").textContent'))
    themes = data["stages"][0]["themes"]
    assert {t["id"] for t in themes} - {"reach"} == {
        i["id"]
        for i in report.values()
        if i["by_county"] or (i["covered"] is not None and i["level"] in {"township", "county"})
    }
    for index, theme in enumerate(themes):
        page.page.select_option("#theme", str(index))
        assert page.texts("#headline") == [theme["headline"]]
        if theme["id"] == "reach":
            continue
        found = report[theme["id"]]
        assert number(found["numerator"]) in theme["headline"].split("/")[0]
        by_level = {s["level"]: s for s in theme["shadings"]}
        if "township" in by_level:
            marks = by_level["township"]["marks"]
            assert {c for c, (k, _) in marks.items() if k == "covered"} == set(found["covered"])
            assert {c for c, (k, _) in marks.items() if k == "missing"} == set(found["missing"])
        for county in found["by_county"]:
            text = by_level["county"]["marks"][county["code"]][1]
            assert text.startswith(f"{county['numerator']:,}/{county['denominator']:,} ")
            assert text.endswith(f" {number(Fraction(county['value']).limit_denominator(10**8))}%")


def test_a_click_on_a_township_tells_of_it(page: Opened, report: dict[str, Any]) -> None:
    code = report[INTEGRATED]["missing"][0]
    name = City.load("清远").units.name(code)
    _find(page, name)
    page.page.keyboard.press("Escape")
    page.page.mouse.click(*_middle(page))
    page.page.wait_for_selector(".leaflet-popup .popup h3")
    popup = page.texts(".leaflet-popup")[0]
    assert re.search(r"有（已覆盖）|缺（未覆盖）", popup)
    assert "近似格" in popup


def _middle(page: Opened) -> tuple[float, float]:
    """A spot of the map beside its middle, where the sought township's symbol stands."""
    box = page.page.locator(".folium-map").bounding_box()
    return box["x"] + box["width"] / 2 + 45, box["y"] + box["height"] / 2 + 60


def _find(page: Opened, text: str) -> list[str]:
    page.page.fill("#search input", text)
    found = page.texts("#search .results li")
    page.page.locator("#search .results button").first.click()
    page.page.wait_for_selector(".leaflet-popup .popup h3")
    # A popup of before fades out first.
    page.page.wait_for_function("() => document.querySelectorAll('.leaflet-popup').length === 1")
    return found


def test_search_by_township_and_by_facility(page: Opened, report: dict[str, Any]) -> None:
    assert _find(page, "石潭")[0].startswith("石潭镇")
    popup = page.texts(".leaflet-popup")[0]
    assert "石潭镇" in popup
    assert "清新区" in popup
    code = next(u.code for u in City.load("清远").units.townships if u.name == "石潭镇")
    covered = code in report[INTEGRATED]["covered"]
    assert ("有（已覆盖）" if covered else "缺（未覆盖）") in popup
    city = City.load("清远")
    columbaria = [f for f in city.register.facilities if f.kind == "columbarium"]
    facility = next(f for f in columbaria if len(f.unit_code) == 9)
    _find(page, facility.name)
    page.page.wait_for_function(
        "name => document.querySelector('.leaflet-popup h3')?.textContent === name",
        arg=facility.name,
    )
    popup = page.texts(".leaflet-popup")[0]
    for word in ("类别", "来源", "数据性质", "示意", "无坐标"):
        assert word in popup
    nowhere = next(f for f in columbaria if f.unit_code == "441881")
    _find(page, nowhere.name)
    page.page.wait_for_function(
        "() => { const all = [...document.querySelectorAll('.leaflet-popup')];"
        " return all.length === 1 && all[0].innerText.startsWith('英德市'); }"
    )
    popup = page.texts(".leaflet-popup")[0]
    assert nowhere.name in popup
    page.page.fill("#search input", "没有这个地方")
    assert page.texts("#search .results li") == ["没有找到"]


def test_layers_come_and_go(page: Opened) -> None:
    markers = "document.querySelectorAll('.site, .cluster').length"
    before = page.run(markers)
    assert before > 10
    page.page.locator("#facilities input:checked").first.uncheck()
    assert page.run(markers) == 0
    page.page.locator("#facilities input[name=columbarium]").check()
    assert page.run(markers) > 10
    ink = (
        "(pane => [...document.querySelectorAll(`.leaflet-${pane}-pane canvas`)].some(c => "
        "c.toDataURL() !== "
        "Object.assign(document.createElement('canvas'), {width: c.width, height: c.height})"
        ".toDataURL()))"
    )
    for name, pane in (("ring", "rings"), ("crowd", "crowd")):
        assert not page.run(f"{ink}('{pane}')")
        page.page.locator(f"#layers input[name={name}]").first.check()
        page.page.wait_for_function(f"{ink}('{pane}')")
    assert page.run(f"{ink}('roads')")
    page.page.locator("#layers input[name=roads]").uncheck()
    page.page.wait_for_function(f"!{ink}('roads')")
    names = page.run("document.querySelectorAll('.name').length")
    assert names > 30
    page.page.locator("#layers input[name=names]").uncheck()
    assert page.run("document.querySelectorAll('.name').length") == 0


def test_counties_are_shaded_by_value(page: Opened, report: dict[str, Any]) -> None:
    page.page.locator("#levels [data-level=county]").click()
    counts = [int(text) for text in page.texts("#legend .class .count")]
    assert sum(counts) == len(report[INTEGRATED]["by_county"])
    assert page.texts("#legend .class .label")[0].startswith("<")
    fills = page.run(
        "[...document.querySelectorAll('.leaflet-shade-pane path')]"
        ".map(p => p.getAttribute('fill'))"
    )
    assert len(fills) == len(report[INTEGRATED]["by_county"])
    assert len(set(fills)) == sum(count > 0 for count in counts)


def test_missing_townships_are_hatched(page: Opened, report: dict[str, Any]) -> None:
    fills = page.run(
        "[...document.querySelectorAll('.leaflet-shade-pane path')]"
        ".map(p => p.getAttribute('fill'))"
    )
    assert fills.count("url(#fill-missing)") == len(report[INTEGRATED]["missing"])
    assert page.run("document.querySelector('#fill-missing path') !== null")


def test_names_cover_neither_each_other_nor_symbols(page: Opened) -> None:
    covered = page.run(
        """(() => {
          const box = (e) => e.getBoundingClientRect();
          const names = [...document.querySelectorAll('.name span')].map(box);
          const symbols = [...document.querySelectorAll('.site, .cluster, .proposal')].map(box);
          const hit = (a, b) => a.left < b.right - 1 && b.left < a.right - 1 &&
            a.top < b.bottom - 3 && b.top < a.bottom - 3;
          let bad = 0;
          names.forEach((a, i) => {
            names.slice(i + 1).forEach((b) => { bad += hit(a, b); });
            symbols.forEach((b) => { bad += hit(a, b); });
          });
          return [names.length, bad];
        })()"""
    )
    assert covered[0] > 30
    assert covered[1] == 0


def test_measure_scale_position_and_print(page: Opened) -> None:
    assert re.fullmatch(r"\d+ k?m", page.texts(".leaflet-control-scale")[0])
    page.page.click("#measure")
    box = page.page.locator(".folium-map").bounding_box()
    x, y = box["x"] + 300, box["y"] + 300
    page.page.mouse.click(x, y)
    page.page.mouse.click(x + 200, y)
    said = page.texts(".position .length")[0]
    metres = page.run(
        "map_city.distance(map_city.containerPointToLatLng([300, 300]), "
        "map_city.containerPointToLatLng([500, 300]))"
    )
    assert said == f"长度 {metres / 1000:.2f} km"
    assert page.page.locator(".leaflet-popup").count() == 0, "measuring opens nothing"
    page.page.keyboard.press("Escape")
    assert page.texts(".position .length") == [""]
    page.page.mouse.move(x, y)
    assert re.fullmatch(r"11[123]\.\d{5}, 2[345]\.\d{5}", page.texts(".position .place")[0])
    page.run("window.print = () => { window.printed = true; }")
    page.page.click("#print")
    assert page.run("window.printed")


def test_on_a_phone_the_panel_gives_way(chromium: Any, made: Path) -> None:
    with opened(chromium, made, PHONE) as page:
        assert not page.page.locator("#panel").is_visible()
        assert "清远市" in page.texts("#open-panel")[0]
        assert "示意" in page.texts("#open-panel")[0]
        page.page.click("#open-panel")
        assert page.page.locator("#legend .class").first.is_visible()
        wide = page.run("document.documentElement.scrollWidth")
        assert wide <= PHONE[0], "nothing sticks out sideways"
        _find(page, "石潭")
        assert not page.page.locator("#panel").is_visible()
        assert "石潭镇" in page.texts(".leaflet-popup")[0]
        assert page.messages == []
        assert page.requests == []


def test_before_and_after_by_a_switch(
    chromium: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], report: dict[str, Any]
) -> None:
    file = tmp_path / "s.toml"
    file.write_text(SCENARIO, encoding="utf-8")
    out = tmp_path / "前后.html"
    done = run(capsys, "map", "--scenario", str(file), "--out", str(out))
    assert done.code == 0, done.err
    found = report[INTEGRATED]
    with opened(chromium, out) as page:
        assert page.texts("#headline")[0].startswith(f"{found['numerator'] + 2}/85")
        assert page.texts(".proposal") == ["1", "2"]
        page.page.click("[data-stage=before]")
        assert page.texts("#headline")[0].startswith(f"{found['numerator']}/85")
        assert page.texts(".proposal") == []
        assert page.messages == []
        assert page.requests == []


def test_in_english(chromium: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "map.html"
    assert run(capsys, "map", "--city", "珠山", "--lang", "en", "--out", str(out)).code == 0
    with opened(chromium, out) as page:
        assert page.run("document.documentElement.lang") == "en"
        buttons = " ".join([*page.texts("#panel h2"), *page.texts("#panel button")])
        assert not re.search(r"[\u4e00-\u9fff]", buttons)
        assert page.messages == []
