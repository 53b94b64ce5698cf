"""A template filled in: those of the package here, a bureau's own in a process that ends in time.

Templates are passed around between bureaus: they may compute, and reach nothing else. What they
compute has no bound that could be read off them, so a strange one gets seconds and megabytes of
its own, and its text an end.
"""

from __future__ import annotations

import json
import os
import pickle
import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from coverage.briefs.tables import MAKERS
from coverage.errors import InputError, Problem, refusal
from coverage.formats.nested import parse_json
from coverage.messages import Said

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping


FOLDER = Path(__file__).parent / "templates"
BYTES = 400 << 20
_PATIENCE = 3  # on the wall, for a machine that is busy or knows no limit of processor time
CHARACTERS, LINES = 500_000, 2_000
_FIGURES = frozenset({"headline", "map", "map_after", "targets", "counties", "before_after"})
_UNKNOWN = re.compile(r"'([^']+)' is undefined|has no (?:attribute|element) '?([^']+)'?")


class Job(NamedTuple):
    """A template and all that it may use.

    Attributes:
        name: Its file name.
        variables: What `coverage.briefs.facts` gives.
        tables: Names of the tables that there are.
        figures: As `tables`.
        folder: A bureau's own templates, before those of the package.
        seconds: Of the processor's time that it may take, where there are own templates.
    """

    name: str
    variables: Mapping[str, Any]
    tables: Collection[str]
    figures: Collection[str]
    folder: Path | None
    seconds: int = 5


def rendered(job: Job) -> str:
    """The text of a template.

    Raises:
        InputError: If it cannot be read, uses what is not there, or does not end.
    """
    if job.folder is None:
        return _filled(job)
    folders = os.pathsep.join(filter(None, sys.path))
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", __name__],
            input=pickle.dumps(job),
            capture_output=True,
            env={**os.environ, "PYTHONPATH": folders},
            timeout=_PATIENCE * job.seconds,
            check=True,
        )
    except (subprocess.TimeoutExpired, subprocess.CalledProcessError) as error:
        reason = Said(
            f"模板算不完：超过 {job.seconds} 秒或 {BYTES >> 20} MB",
            f"the template does not end within {job.seconds} seconds and {BYTES >> 20} MB",
        )
        raise InputError(Problem(reason, job.name)) from error
    answer = parse_json(done.stdout, job.name)
    if isinstance(answer, str):
        return answer
    raise InputError([Problem(Said(zh, en), file, row) for zh, en, file, row in answer])


def _apart() -> None:
    """Fill in the template that stands on standard input, within limits."""
    job: Job = pickle.loads(sys.stdin.buffer.read())  # noqa: S301 -- from `rendered`
    with suppress(ImportError, ValueError, OSError):  # Windows knows time alone
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
        resource.setrlimit(resource.RLIMIT_CPU, (job.seconds, job.seconds))
    answer: Any
    try:
        answer = _filled(job)
    except InputError as error:
        answer = [[*p.reason, p.file, p.row] for p in error.problems]
    sys.stdout.write(json.dumps(answer))


def _filled(job: Job) -> str:
    import jinja2
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(
        loader=jinja2.FileSystemLoader([*filter(None, [job.folder]), FOLDER]),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        # The writers escape: this is text and not yet HTML.
        autoescape=False,
    )
    environment.globals.update(
        table=_marker("table", job.tables, MAKERS), figure=_marker("figure", job.figures, _FIGURES)
    )
    named = {"tables": sorted(job.tables), "figures": sorted(job.figures)}
    try:
        pieces = environment.get_template(job.name).generate({**job.variables, **named})
        return _bounded(pieces)
    except jinja2.TemplateSyntaxError as error:
        reason = Said("模板写法有误", f"the template is not valid ({error.message})")
        raise InputError(Problem(reason, error.name or job.name, error.lineno)) from error
    except jinja2.UndefinedError as error:
        found = _UNKNOWN.search(str(error))
        variable = (found[1] or found[2]) if found else str(error)
        reason = Said(
            f"模板用了没有的变量 {variable}",
            f"the template uses the variable {variable!r}, which there is not "
            "(docs/brief.md lists all)",
        )
        raise InputError(Problem(reason, *_place(error, job.name))) from error
    except InputError as error:
        problems = [Problem(p.reason, *_place(error, job.name)) for p in error.problems]
        raise InputError(problems) from error
    except Exception as error:  # whatever a template computes may fail in any way
        why = str(error)[:200] or type(error).__name__
        reason = Said("模板无法填写", f"the template cannot be filled in ({why})")
        raise InputError(Problem(reason, *_place(error, job.name))) from error


def _bounded(pieces: Iterable[str]) -> str:
    made = ""
    for piece in pieces:
        made += piece
        if len(made) > CHARACTERS or made.count("\n") > LINES:
            most = f"{CHARACTERS:,}", f"{LINES:,}"
            raise refusal(
                f"模板写出的文字超过 {most[0]} 字或 {most[1]} 行",
                f"the template makes a text of more than {most[0]} characters or {most[1]} lines",
            )
    return made


def _marker(kind: str, present: Collection[str], known: Collection[str]) -> Any:
    def mark(name: str, rows: int = 0) -> str:
        if name in present:
            return f"\n[[{kind} {name} {int(rows)}]]\n"
        if name in known:
            return ""
        word = "表" if kind == "table" else "图"
        raise InputError(
            Said(
                f"没有名为 {name!r} 的{word}，可用：{'、'.join(sorted(known))}",
                f"there is no {kind} of this name",
            )
        )

    return mark


def _place(error: BaseException, name: str) -> tuple[str, int | None]:
    """Template and line that an error came from: Jinja2 puts them into the traceback."""
    place: tuple[str, int | None] = (name, None)
    step = error.__traceback__
    while step is not None:
        file = step.tb_frame.f_code.co_filename
        if file.endswith(".j2"):
            place = (Path(file).name, step.tb_lineno)
        step = step.tb_next
    return place


if __name__ == "__main__":
    _apart()
