"""Help and the command line's own errors in the language that is asked for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click
import pytest

from coverage.cli.grammar import Option, language_of
from coverage.cli.main import cli
from coverage.cli.options import declared
from helpers import run

if TYPE_CHECKING:
    from collections.abc import Iterator

CHINESE = re.compile(r"[\u3400-\u9fff]")
# Names of cities, files and units of money that stand in English help too.
NAMES = re.compile(
    r"清远市?|中山|阳江|珠山|福田|韶关市?|万元|\S*[\u3400-\u9fff]\S*\.\w+"
    r"|--(out|workspace) \S+|init \S+"
)
# Two English words side by side that are no id, file, option or sign are a sentence.
ENGLISH = re.compile(r"\b[A-Za-z][a-z]+ [a-z]{2,}\b")


def _commands(group: click.Group = cli, before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        yield (*before, name)
        if isinstance(found, click.Group):
            yield from _commands(found, (*before, name))


COMMANDS = [(), *_commands()]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_speaks_one_language(
    capsys: pytest.CaptureFixture[str], command: tuple[str, ...]
) -> None:
    english = run(capsys, *command, "--lang", "en", "--help")
    assert english.code == 0
    assert english.out.startswith("Usage: coverage")
    assert not CHINESE.search(NAMES.sub("", english.out))
    chinese = run(capsys, *command, "--help", "--lang=zh").out
    assert chinese.startswith("用法：coverage")
    own = [line for line in chinese.splitlines() if not line.startswith("  coverage ")]
    told = "\n".join(own).removeprefix(f"用法：coverage {' '.join(command)}")
    told = re.sub(r"coverage( [a-z]+)+", "", told)  # a command is named as it is typed
    assert not re.search(r"(?<![a-z_-])[A-Za-z][a-z]+ [a-z]{3,} [a-z]", told), told


@pytest.mark.parametrize("name", declared())
def test_every_option_is_helped_in_both_languages(name: str) -> None:
    option = declared()[name]
    assert CHINESE.search(option["zh"])
    assert not CHINESE.search(NAMES.sub("", option["en"]))


def test_every_command_takes_a_language() -> None:
    for path in COMMANDS:
        command: click.Command = cli
        for name in path:
            assert isinstance(command, click.Group)
            command = command.get_command(click.Context(command), name) or cli
        assert any(o.name == "lang" for o in command.params), path
        for option in command.params:
            assert isinstance(option, Option | click.Argument)


ERRORS = [
    (("report", "--yeer", "3"), "没有选项 --yeer", "No such option"),
    (("report", "--year", "soon"), "应为整数", "not a valid integer"),
    (("report", "--format", "pdf"), "应为 table、json", "is not one of 'table'"),
    (("report", "more"), "多出的内容：more", "unexpected extra argument"),
    (("report", "--city"), "选项 --city 后面缺少值", "requires an argument"),
    (("reprot",), "没有命令 reprot，是不是 report？", "Did you mean 'report'"),
    (("scenario", "ru"), "没有命令 ru，是不是 run？", "Did you mean 'run'"),
    (("circle", "--city", "清远"), "缺少选项 --kind", "Missing option '--kind'"),
    (("import", "plan"), "缺少参数 文件", "Missing argument 'FILE'"),
    (("map", "--dpi", "5"), "应为整数，在 50 到 600 之间", "not in the range"),
    (("map", "--date", "now"), "日期应写作", "does not match the format"),
    (("map", "--not-reached=3"), "选项 --not-reached 不带值", "does not take a value"),
    (("circle", "--minutes", "a", "--kind", "x"), "应为分钟数", "not a list of minutes"),
    (("route", "--from", "3"), "应为经度,纬度", "not a place"),
    (("fetch", "people"), "应为 boundaries、roads", "is not one of 'boundaries'"),
    (("report", "--city", "无此市"), "错误：", "error: "),
]


@pytest.mark.parametrize(("args", "zh", "en"), ERRORS, ids=[" ".join(e[0]) for e in ERRORS])
def test_errors_speak_the_language_asked_for(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    args: tuple[str, ...],
    zh: str,
    en: str,
) -> None:
    both = run(capsys, *args)
    assert both.code == 2
    for half in {zh, en} - {"错误：", "error: "}:
        assert half in both.err
    assert "错误 error: " in both.err
    chinese = run(capsys, "--lang", "zh", *args)
    assert zh in chinese.err
    assert not ENGLISH.search(chinese.err.split("--help")[-1])
    monkeypatch.setenv("COVERAGE_LANG", "en")
    english = run(capsys, *args)
    assert en in english.err
    assert not CHINESE.search(english.err.replace("无此市", ""))
    assert run(capsys, *args, "--lang", "zh").code == 2, "what stands in the line wins"


@pytest.mark.parametrize(
    ("args", "variable", "found"),
    [
        (["report", "--lang", "en"], "zh", "en"),
        (["--lang=zh", "report"], "en", "zh"),
        (["report"], "en", "en"),
        (["report"], "", None),
        (["report", "--lang"], "", None),
        (["report", "--lang", "fr"], "", None),
        (["scenario", "run", "--", "--lang", "en"], "", None),
    ],
)
def test_the_language_of_a_line(
    monkeypatch: pytest.MonkeyPatch, args: list[str], variable: str, found: str | None
) -> None:
    monkeypatch.setenv("COVERAGE_LANG", variable)
    assert language_of(args) == found


@pytest.mark.parametrize(("named", "head"), [("zh_CN.UTF-8", "用法"), ("de_DE.UTF-8", "Usage")])
def test_help_follows_the_locale(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, named: str, head: str
) -> None:
    monkeypatch.delenv("COVERAGE_LANG", raising=False)
    monkeypatch.setenv("LC_ALL", named)
    assert run(capsys, "report", "--help").out.startswith(head)


def test_output_follows_the_variable_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COVERAGE_LANG", "en")
    assert "Sources" in run(capsys, "sources").out
    assert "数据来源" in run(capsys, "sources", "--lang", "zh").out
