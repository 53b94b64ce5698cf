"""Every option of the command line, declared once, and the groups that commands take them in."""

from __future__ import annotations

from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from coverage.cli.grammar import Argument, Option, Refused
from coverage.messages import Lang, Said
from coverage.packaged import packaged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from coverage.city import City

    Command = Callable[..., None]
    Decorator = Callable[[Command], Command]


_ENDLESS = 1e15  # as good as endless: 1e308 minutes are no number of seconds


class _Output(click.Path):
    """A file to write; one that a person wrote or changed is refused before any work is done.

    So is one whose ending is none of `endings`, if there are any.
    """

    def __init__(self, endings: Sequence[str] = ()) -> None:
        super().__init__(path_type=Path)
        self.endings = endings

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        from coverage.outputs import check, check_ending

        path: Any = super().convert(value, param, ctx)
        if self.endings:
            check_ending(path, self.endings)
        check([path])
        return path


class _Finite(click.FloatRange):
    """A number, neither endless nor none, and in a range if there is one."""

    name = "number"

    def convert(self, value: Any, param: Any, ctx: Any) -> float:
        number = float(super().convert(value, param, ctx))
        if not abs(number) < _ENDLESS:
            self.fail(f"{value!r} is not a finite number.", param, ctx)
        return number


class _Whole(click.IntRange):
    """A whole number in a range."""

    name = "integer"


class _Numbers(click.ParamType):  # type: ignore[type-arg]
    """Numbers separated by commas."""

    name = "numbers"

    def __init__(self, said: Said, count: int | None = None) -> None:
        self.said = said
        self.count = count

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[float, ...]:
        if isinstance(value, tuple):
            return value
        try:
            found = tuple(float(part) for part in str(value).replace("，", ",").split(","))
        except ValueError:
            found = ()
        finite = found and all(abs(number) < _ENDLESS for number in found)
        if not finite or self.count not in {None, len(found)}:
            raise Refused(
                Said(f"{value!r} {self.said.zh}", f"{value!r} {self.said.en}"), ctx, param
            )
        return found


TYPES: dict[str, Any] = {
    "text": str,
    "int": int,
    "float": _Finite(),
    "file": click.Path(path_type=Path),
    "output": _Output(),
    "folder": click.Path(path_type=Path, file_okay=False),
    "year": _Whole(1900, 2200),
    "day": click.DateTime(["%Y-%m-%d"]),
    "dpi": _Whole(50, 600),
    "draws": _Whole(2, 10_000),
    "silence": _Finite(1, 3_600),
    "tries": _Whole(0, 100),
    "seed": _Whole(0, 2**63 - 1),
    "minutes": _Numbers(Said("应为分钟数，如 5,10,15", "is not a list of minutes such as 5,10,15")),
    "place": _Numbers(
        Said("应为经度,纬度，如 113.05,23.68", "is not a place such as 113.05,23.68 (lon,lat)"), 2
    ),
}

# Groups that belong together.
CITY = ("city", "workspace")
REGISTER = ("register", "provenance")
ROADS = ("profile", "roads")
DRAWING = Said("抽样", "drawing")
SERVER = ("endpoint", "cache", "timeout_s", "retries")


def declared() -> dict[str, dict[str, Any]]:
    """The options of ``options.toml`` by name."""
    return packaged("cli/options.toml")


def takes(*names: str, **changes: Any) -> Decorator:
    """Give a command the options called `names`, in this order.

    Args:
        names: Keys of ``options.toml``.
        changes: What this command alone tells click otherwise, of all `names`:
            that they are required, say.
    """

    def decorate(command: Command) -> Command:
        for name in reversed(names):
            command = _option(name, **declared()[name] | changes)(command)
        return command

    return decorate


def _option(
    name: str,
    *,
    option: str,
    zh: str,
    en: str,
    choices: list[str] | None = None,
    endings: Sequence[str] = (),
    **how: Any,
) -> Decorator:
    flags, _, shown = option.partition(" ")
    kind = how.pop("type", "file" if shown[:4] == "FILE" else "folder" if shown == "DIR" else None)
    return click.option(
        *flags.split("/"),
        name.rpartition(".")[2],
        cls=Option,
        said=Said(zh, en),
        metavar=shown or None,
        is_flag=(not shown and not choices) or None,
        type=_Output(endings) if endings else click.Choice(choices) if choices else TYPES.get(kind),
        **how,
    )


def argument(name: str, shown: str, kind: str = "file", **how: Any) -> Decorator:
    """What a command is given without a flag, shown as `shown`."""
    how = {"type": TYPES[kind]} | how
    return click.argument(name, cls=Argument, metavar=shown, **how)


def takes_format(*formats: str) -> Decorator:
    """``--format``, one of `formats`; the first by default."""
    return takes("format_", choices=formats, default=formats[0])


def takes_city(command: Command) -> Command:
    """``--city`` and ``--workspace``; the command is given the `City` that they mean."""

    @wraps(command)
    def run(*, city: str | None, workspace: Path | None, **given: Any) -> None:
        command(city=chosen_city(city, workspace), **given)

    return takes(*CITY)(run)


def chosen_city(name: str | None, workspace: Path | None) -> City:
    """The city that a command means."""
    from coverage.city import City

    return City.choose(name, workspace, Path.cwd())


def own_city(workspace: Path | None) -> City:
    """The city of the workspace that a command writes into.

    Raises:
        InputError: If none is named and none is around.
    """
    from coverage.atomic import locked
    from coverage.errors import InputError

    city = chosen_city(None, workspace)
    if city.workspace is None:
        raise InputError(Said("请在工作区内运行或用 --workspace 指定", "run inside a workspace"))
    # Held until the command ends: what it read is still so when it writes.
    context = click.get_current_context()
    if not context.params.get("dry_run"):  # which leaves nothing behind
        context.with_resource(locked(city.workspace.folder, tell(context.find_root().obj or "zh")))
    return city


def own_folder(workspace: Path | None) -> Path:
    """The folder of the workspace that a command writes into, as `own_city`."""
    space = own_city(workspace).workspace
    assert space is not None  # noqa: S101 -- the line above has seen to it
    return space.folder


def print_json(data: object) -> None:
    """Print `data` as JSON that keeps Chinese as it is."""
    import json

    click.echo(json.dumps(data, ensure_ascii=False, indent=2))


def say(zh: str, en: str, lang: Lang) -> None:
    """One sentence beside the output."""
    click.echo(Said(zh, en).to(lang), err=True)


def tell(lang: Lang) -> Callable[[Said], None]:
    """Speaks on stderr in one language."""
    return lambda said: click.echo(said.to(lang), err=True)


@contextmanager
def counting(said: Said, lang: Lang) -> Iterator[Callable[[int, int], None]]:
    """Shows on stderr how many of how many are done, where somebody looks at it."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(said.to(lang))
        yield lambda done, whole: bar.update(task, completed=done, total=whole)


@contextmanager
def writing(out: Path, lang: Lang) -> Iterator[Path]:
    """Where to write what is to stand at `out`, by the rules of `coverage.outputs`."""
    from coverage.outputs import one

    with one(out, tell(lang)) as half:
        yield half


def say_written(lang: Lang, *files: Path | str, into: Path | None = None) -> None:
    """What was written: each file, or how many into a folder."""
    if into is None:
        names = "、".join(map(str, files)), ", ".join(map(str, files))
        say(f"已写入 {names[0]}", f"written: {names[1]}", lang)
    else:
        one = "file" if len(files) == 1 else "files"
        say(f"已写入 {len(files)} 个文件：{into}", f"{len(files)} {one} written: {into}", lang)
