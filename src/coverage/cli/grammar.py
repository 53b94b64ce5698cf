"""The grammar of the command line: help and errors in the reader's language.

click says both in English only, so commands, options and the table of its
complaints are made again here. The language is what ``--lang`` says anywhere
in the arguments, else COVERAGE_LANG; without either, help follows the locale
and errors are said in both languages.
"""

from __future__ import annotations

import locale
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from coverage.messages import Lang, Said
from coverage.text import cut, readable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


_WIDTH = 100
_COLUMN = 30  # where help begins at most
# Placeholders of options by what they stand for; short ones such as N, M and URL are signs.
_PLACEHOLDERS = {
    "AREAS": "范围",
    "CODE": "代码",
    "DIR": "文件夹",
    "FILE": "文件",
    "FOLDER": "文件夹",
    "GROUP": "人群",
    "ID": "编号",
    "KIND": "类别",
    "LIST": "列表",
    "NAME": "名称",
    "OR_CITY": "或城市",
    "RECORD": "记录",
    "SUBJECT": "数据",
    "TEXT": "文字",
    "WHAT": "内容",
    "COMMAND": "命令",
    "OPTIONS": "选项",
    "ARGS": "参数",
}
_PLACEHOLDER = re.compile("|".join(sorted(_PLACEHOLDERS, key=len, reverse=True)))


def language_of(args: Sequence[str]) -> Lang | None:
    """The language that the arguments or COVERAGE_LANG ask for, if any."""
    named = os.environ.get("COVERAGE_LANG", "")
    for one, following in zip(args, [*args[1:], ""], strict=True):
        if one == "--":
            break
        if one == "--lang" and following in {"zh", "en"}:
            named = following
        elif one in {"--lang=zh", "--lang=en"}:
            named = one[-2:]
    return "zh" if named == "zh" else "en" if named == "en" else None


def _locale() -> Lang:
    """The language of the machine; Windows names it in words."""
    named = (os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    found = next(filter(None, named), None) or locale.getlocale()[0] or ""
    return "zh" if found.startswith(("zh", "Chinese")) else "en"


def _asked() -> Lang | None:
    context = click.get_current_context(silent=True)
    language: Lang | None = context.find_root().obj if context else None
    return language


# What Python makes of bytes that are no text.
_HALF = re.compile("[\udc80-\udcff]")


class _Checked(click.Parameter):
    """A parameter that says in both languages what is wrong with a value."""

    def type_cast_value(self, ctx: click.Context, value: Any) -> Any:
        """As click does."""
        shown = "、".join(map(str, value)) if isinstance(value, tuple | list) else str(value)
        if _HALF.search(shown):
            shown = _HALF.sub("?", shown)
            zh = f"{shown!r} 的文字编码与系统不符；文件名如是 GBK 编码，请先改名"
            en = f"{shown!r} is not in the encoding of this system: rename a file that is named so"
            raise Refused(Said(zh, en), ctx, self)
        try:
            cast = super().type_cast_value(ctx, value)
            for one in cast if isinstance(cast, tuple) else (cast,):
                if isinstance(one, Path):
                    one.exists()
        except Refused:
            raise
        except OSError as error:
            shown, why = cut(shown, 60), error.strerror
            said = Said(f"{shown!r} 不能用作路径", f"{shown!r} is no path that can be used ({why})")
            raise Refused(said, ctx, self) from None
        except click.BadParameter as error:
            said = Said(f"{shown!r} 不对，{_rule(self.type)}", error.message)
            raise Refused(said, ctx, self) from None
        return cast


class Argument(_Checked, click.Argument):
    """What a command is given without a flag."""


class Option(_Checked, click.Option):
    """An option whose help exists in both languages."""

    def __init__(self, *args: Any, said: Said, **how: Any) -> None:
        super().__init__(*args, **how)
        self.said = said
        self.shown = how.get("default") if not isinstance(how.get("default"), tuple) else None

    @property
    def once(self) -> bool:
        """Whether it takes one value, so that of two one would be lost."""
        return not (self.multiple or self.count or self.is_flag or self.nargs != 1)

    def row(self, lang: Lang) -> tuple[str, str]:
        """How it is written, and its help."""
        spec = " / ".join([*self.opts, *self.secondary_opts])
        choices = getattr(self.type, "choices", None)
        if choices:
            spec += f" [{'|'.join(choices)}]"
        elif not self.is_flag:
            spec += f" {placeholder(self.metavar or 'N', lang)}"
        notes = []
        if self.shown not in {None, "", False} and not callable(self.shown):
            notes.append(Said(f"默认：{self.shown}", f"default: {self.shown}"))
        if self.required:
            notes.append(Said("必填", "required"))
        extra = "; ".join(note.to(lang) for note in notes)
        return spec, "  ".join([self.said.to(lang), *([f"[{extra}]"] if extra else [])]).strip()


class Refused(click.BadParameter):
    """A value that an option does not take."""

    def __init__(
        self, said: Said, ctx: click.Context | None, param: click.Parameter | None
    ) -> None:
        super().__init__(said.en, ctx, param)
        self.said = said


def placeholder(text: str, lang: Lang) -> str:
    """A placeholder in the language of the page: FILE.csv, 文件.csv."""
    if lang == "en":
        return text
    return _PLACEHOLDER.sub(lambda found: _PLACEHOLDERS[found[0]], text)


def _rule(type_: click.ParamType[Any]) -> str:
    """What a value must be, in Chinese."""
    if isinstance(type_, click.Choice):
        return f"应为 {'、'.join(type_.choices)} 之一"
    if isinstance(type_, (click.IntRange, click.FloatRange)) and type_.min is not None:
        what = "整数" if isinstance(type_, click.IntRange) else "数字"
        return f"应为{what}，在 {type_.min} 到 {type_.max} 之间"
    if isinstance(type_, click.DateTime):
        return "日期应写作 2026-01-31"
    if isinstance(type_, click.Path):
        return "应是文件，不是文件夹" if type_.file_okay else "应是文件夹，不是文件"
    return "应为整数" if type_ is click.INT else "应为数字"


def _usage(ctx: click.Context, lang: Lang) -> str:
    given = [one.metavar or "" for one in ctx.command.params if isinstance(one, click.Argument)]
    if isinstance(ctx.command, click.Group):
        given.append("COMMAND [ARGS]…")
    words = placeholder(" ".join(["[OPTIONS]", *given]), lang)
    return f"{Said('用法：', 'Usage: ').to(lang)}{ctx.command_path} {words}"


def _section(formatter: click.HelpFormatter, title: str, rows: list[tuple[str, str]]) -> None:
    from coverage.text import width

    column = min(max(width(name) for name, _ in rows) + 4, _COLUMN)
    formatter.write(f"\n{title}\n")
    for name, text in rows:
        head = f"  {name}"
        body = _wrapped(text, column)
        fits = width(head) <= column - 2
        formatter.write(
            head + " " * (column - width(head)) + body[column:] if fits else f"{head}\n{body}"
        )


def _wrapped(text: str, indent: int) -> str:
    from coverage.text import wrap

    return "".join(" " * indent + line + "\n" for line in wrap(text, _WIDTH - indent))


class Command(click.Command):
    """A command; each takes ``--lang``."""

    def __init__(self, *args: Any, zh: str, examples: tuple[str, ...] = (), **how: Any) -> None:
        super().__init__(*args, **how)
        self.said = Said(zh, self.help or "")
        self.examples = examples
        self.params.append(_language(exposed=not isinstance(self, click.Group)))

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does, but of an option given twice none is dropped: it is refused."""
        if not ctx.resilient_parsing:
            *_, order = self.make_parser(ctx).parse_args(args=list(args))
            for one in order:
                if isinstance(one, Option) and one.once and order.count(one) > 1:
                    name = one.opts[-1]
                    zh, en = f"选项 {name} 只能给一次", f"option {name} can be given only once"
                    raise Misused(Said(zh, en), ctx)
        return super().parse_args(ctx, args)

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Usage, what it does, examples, options and commands."""
        lang = _asked() or _locale()
        formatter.write(f"{_usage(ctx, lang)}\n")
        for paragraph in self.said.to(lang).split("\n\n"):
            formatter.write("\n" + _wrapped(" ".join(paragraph.split()), 2))
        if self.examples:
            formatter.write(f"\n{Said('例：', 'Examples:').to(lang)}\n")
            formatter.write("".join(f"  {line}\n" for line in self.examples))
        rows = [one.row(lang) for one in self.params if isinstance(one, Option)]
        rows.append(("-h / --help", Said("显示这一页", "Show this page.").to(lang)))
        _section(formatter, Said("选项：", "Options:").to(lang), rows)
        if isinstance(self, Group):
            named = self.summaries(ctx)
            rows = [(name, said.to(lang)) for name, said in named.items()]
            _section(formatter, Said("命令：", "Commands:").to(lang), rows)


class Group(Command, click.Group):
    """A group of commands."""

    def summaries(self, ctx: click.Context) -> dict[str, Said]:
        """One line a command."""
        found = {name: self.get_command(ctx, name) for name in self.list_commands(ctx)}
        return {
            name: Said(one.said.zh.split("\n")[0], one.said.en.split("\n")[0])
            for name, one in found.items()
            if isinstance(one, Command)
        }

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is meant; a slip is answered with the nearest name."""
        known = self.list_commands(ctx)
        if args and args[0] not in known and not args[0].startswith("-"):
            from coverage.nearest import nearest

            listed = "、".join(known)
            near = nearest(args[0], known, shown=1)
            zh, en = (
                (f"，是不是 {near[0]}？", f" Did you mean '{near[0]}'?") if near else ("。", "")
            )
            raise Misused(
                Said(
                    f"没有命令 {args[0]}{zh}可用：{listed}",
                    f"No such command '{args[0]}'.{en} Commands: {', '.join(known)}.",
                ),
                ctx,
            )
        return super().resolve_command(ctx, args)


class Misused(click.UsageError):
    """A command used in a way it cannot be."""

    def __init__(self, said: Said, ctx: click.Context | None) -> None:
        super().__init__(said.en, ctx)
        self.said = said


def _language(*, exposed: bool) -> Option:
    """``--lang``, which a group takes as well and hands on."""
    return Option(
        ["--lang"],
        type=click.Choice(["zh", "en"]),
        default=lambda: _asked() or "zh",
        expose_value=exposed,
        said=Said(
            "输出、帮助和报错的语言  [默认：zh]", "Of output, help and errors.  [default: zh]"
        ),
    )


def command(
    zh: str,
    *examples: str,
    name: str | None = None,
    within: click.Group | None = None,
    cls: type[Command] = Command,
) -> Callable[[Callable[..., None]], Any]:
    """Make a function a command: its docstring is the English help, `zh` the Chinese.

    Args:
        zh: Help in Chinese.
        examples: Command lines to show.
        name: Its name, where it is not the function's.
        within: The group it belongs to.
        cls: `Command`, or `Group`.
    """

    def make(function: Callable[..., None]) -> click.Command:
        made = click.command(name, cls=cls, zh=zh, examples=examples)(function)
        if within is not None:
            within.add_command(made)
        return made

    return make


def complain(error: click.ClickException, lang: Lang | None) -> None:
    """Print what is wrong with a command line, how it is used, and where help is."""
    if isinstance(error, getattr(click.exceptions, "NoArgsIsHelpError", ())):
        error.show()
        return
    context = error.ctx if isinstance(error, click.UsageError) else None
    if context is not None:
        shown = lang or _locale()
        click.echo(_usage(context, shown), err=True)
        click.echo(f"{Said('帮助：', 'Help: ').to(shown)}{context.command_path} --help\n", err=True)
    said = _translated(error)
    click.echo(readable(f"{heading(lang)}{said.to(lang)}"), err=True)


def heading(lang: Lang | None) -> str:
    """What stands before an error."""
    return {"zh": "错误：", "en": "error: ", None: "错误 error: "}[lang]


def _translated(error: click.ClickException) -> Said:
    """A complaint of click's in both languages."""
    english = error.format_message()
    if isinstance(error, Misused):
        return error.said
    if isinstance(error, click.NoSuchOption):
        near = f"，是不是 {'、'.join(error.possibilities)}？" if error.possibilities else ""
        return Said(f"没有选项 {error.option_name}{near}", english)
    if isinstance(error, click.BadOptionUsage):
        reason = "不带值" if "not take" in english else "后面缺少值"
        return Said(f"选项 {error.option_name} {reason}", english)
    if isinstance(error, click.BadParameter):
        name = _name_of(error.param)
        if isinstance(error, click.MissingParameter):
            return Said(f"缺少{name}", english)
        reason = error.said.zh if isinstance(error, Refused) else "不能用"
        return Said(f"{name}：{reason}", english)
    extra = re.search(r"\((.*)\)$", english)
    return Said(f"多出的内容：{extra[1]}" if extra else "缺少命令", english)


def _name_of(param: click.Parameter | None) -> str:
    if isinstance(param, click.Argument):
        return f"参数 {placeholder(param.metavar or '', 'zh')}"
    return f"选项 {param.opts[-1]}" if param is not None else "参数"
