"""Every command that prints JSON prints it by a schema that ships with the package."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from coverage.city import City
from coverage.results.from_report import schema
from coverage.settings import PACKAGE_DIR
from helpers import run

if TYPE_CHECKING:
    from pathlib import Path

SCHEMAS = {path.name.removesuffix(".schema.json") for path in (PACKAGE_DIR / "schemas").iterdir()}
_CARE = ("--city", "珠山", "--kind", "elder_care")
COMMANDS: dict[str, tuple[str, ...]] = {
    "report": ("report", "--city", "珠山"),
    "plan": ("plan", "--city", "珠山"),
    "circle": ("circle", *_CARE),
    "route": ("route", *_CARE, "--from", "117.21,29.3"),
    "roads-check": ("roads", "check", "珠山"),
    "site": (
        *("site", "--city", "珠山", "--time-limit", "5"),
        *("--indicator", "elder_care.integrated_township", "--max-new", "2", "--curve"),
    ),
    "scenario": ("scenario", "run", "{scenario}"),
}


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    path = tmp_path / "s.toml"
    path.write_text(
        'name = "一处"\ncity = "珠山"\n[[add]]\nid = "n1"\nname = "新中心"\n'
        'kind = "elder_care"\ntownship = "360203001"\nservices = ["全托"]\n',
        encoding="utf-8",
    )
    return path


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_a_schema_is_one_and_says_what_it_is_of(name: str) -> None:
    found = schema(name)
    jsonschema.Draft202012Validator.check_schema(found)
    assert found["$id"].endswith(f"/{name}.schema.json")
    assert found["title"]
    assert found["description"]


def test_every_schema_is_held_against_an_output() -> None:
    assert SCHEMAS - {"brief"} <= set(COMMANDS)


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("name", sorted(SCHEMAS - {"brief"}))
def test_what_a_command_prints_follows_its_schema(
    capsys: pytest.CaptureFixture[str], scenario: Path, name: str, lang: str
) -> None:
    args = [arg.format(scenario=scenario) for arg in COMMANDS[name]]
    done = run(capsys, *args, "--lang", lang, "--format", "json")
    assert done.code == 0, done.err
    data = done.data
    jsonschema.validate(data, schema(name))
    first: dict[str, Any] = data[0] if isinstance(data, list) else data
    first.pop(next(iter(first)))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(data, schema(name))


def test_sites_in_english_hold_no_chinese_but_names(capsys: pytest.CaptureFixture[str]) -> None:
    data = run(capsys, *COMMANDS["site"], "--lang", "en", "--format", "json").data
    told = [data["candidates"]["source"], *(one["reason"] for one in data["candidates"]["removed"])]
    names = "|".join(unit.name for unit in City.load("珠山").units)
    for sentence in [*told, *data["notes"]]:
        assert not re.search("[\u3400-\u9fff]", re.sub(names, "", sentence)), sentence


def test_the_result_of_a_brief_follows_its_schema(
    capsys: pytest.CaptureFixture[str], scenario: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    args = ("--suppress-below", "7000", "--mask-sensitive", "--scenario", str(scenario))
    assert (
        run(capsys, "brief", "--city", "珠山", *args, "--formats", "html", "--out", str(out)).code
        == 0
    )
    data = json.loads((out / "result.json").read_text(encoding="utf-8"))
    jsonschema.validate(data, schema("brief"))
    assert any(i["status"] == "withheld" for i in data["indicators"]) or "＊" in str(data["units"])
    data["units"][0]["people"]["all"] = "many"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(data, schema("brief"))
