"""TOML and JSON that would keep a parser, or whatever walks its answer, from ending."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from coverage.errors import InputError
from coverage.fields import read_toml
from coverage.formats.nested import MOST_DEEP, MOST_DIGITS, parse_json
from coverage.formats.toml import load_toml

if TYPE_CHECKING:
    from pathlib import Path

DEEP = "x = " + "[" * 3_000 + "]" * 3_000
REFUSED_TOML = {
    "deep lists": DEEP,
    "deep enough for Python, not for us": "x = " + "[" * 200 + "]" * 200,
    "deep tables": "x = " + "{ a = " * 3_000 + "1" + " }" * 3_000,
    "a key of 100 kB": ".".join(["a"] * 50_000) + " = 1",
    "a table's name of 100 kB": "[" + " . ".join(['"a"'] * 30_000) + "]\nx = 1",
    "a number of 100,000 digits": "x = " + "7" * 100_000,
    "a hexadecimal number as long": "x = 0x" + "f" * 100_000,
    "a long number in a list": "x = [1, " + "1_0" * 2_000 + "]",
    "a huge file": "# " + "x" * 3_000_000,
}


@pytest.mark.parametrize("case", REFUSED_TOML)
def test_toml_is_refused_in_one_short_sentence(case: str, tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(REFUSED_TOML[case], encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_toml(path)
    (problem,) = caught.value.problems
    assert problem.file == "plan.toml"
    assert len(str(problem)) < 300
    assert "int_max_str_digits" not in str(problem)


def test_what_is_long_and_harmless_is_read(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    words = ".".join(['"词"'] * 20)
    long = "长" * 50_000
    path.write_text(f'{words} = 1\nnote = "{long}"\nn = {"7" * 30}\n', encoding="utf-8")
    fields = read_toml(path)
    assert fields.text("note") == long
    assert fields.get("n") == int("7" * 30)


def test_a_slip_in_a_long_key_is_said_shortly(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(f"{'a' * 100_000} = 1\n{'a' * 100_000} = 2\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_toml(path)
    assert len(str(caught.value)) < 600


REFUSED_JSON = {
    "deep lists": "[" * 3_000 + "]" * 3_000,
    "deep enough for Python, not for us": "[" * 200 + "]" * 200,
    "deep objects": '{"a":' * 3_000 + "1" + "}" * 3_000,
    "half": '{"a": [1, 2',
    "a number of 100,000 digits": '{"a": ' + "7" * 100_000 + "}",
    "a number of 500 digits": '{"a": ' + "7" * 500 + "}",
    "nothing": "",
}


@pytest.mark.parametrize("case", REFUSED_JSON)
def test_json_is_refused_in_one_short_sentence(case: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_json(REFUSED_JSON[case], "x.json")
    (problem,) = caught.value.problems
    assert problem.file == "x.json"
    assert len(str(problem)) < 200


def test_json_up_to_the_limits_is_read() -> None:
    deep = "[" * MOST_DEEP + "]" * MOST_DEEP
    assert str(parse_json(deep, "x.json")) == deep
    assert parse_json("7" * MOST_DIGITS, "x.json") == int("7" * MOST_DIGITS)
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        assert parse_json('{"名": "镇"}'.encode(encoding), "x.json") == {"名": "镇"}


@pytest.mark.parametrize("text", [r"\ud800", r"\udc00", r"a\uDBFFb", r"\ud800\ud800", r"\\\ud800"])
def test_half_characters_do_not_get_in(text: str) -> None:
    found = parse_json(f'["{text}"]', "x.json")[0]
    assert "�" in found
    found.encode("utf-8")


@pytest.mark.parametrize("text", [r"\ud83d\ude00", r"\\ud800", r"\u9547", r"\\\\udc00\n"])
def test_whole_characters_stay(text: str) -> None:
    assert parse_json(f'["{text}"]', "x.json") == json.loads(f'["{text}"]')
