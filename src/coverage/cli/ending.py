"""How a run ends: one sentence for whatever went wrong, and its exit code.

0 is done, 1 that a replay differs, 2 that what was given cannot be used, 3 a fault of the
program itself, 130 that somebody stopped it.
"""

from __future__ import annotations

import errno
import os
import sys
import traceback
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from coverage.atomic import settled
from coverage.cli.grammar import complain, heading
from coverage.errors import CoverageError, InputError, MissingDependencyError, Problem
from coverage.messages import Lang, Said
from coverage.settings import cache_dir
from coverage.text import cut, readable

if TYPE_CHECKING:
    from collections.abc import Callable

_SHOWN = 6
# A disk that is full, broken or takes no such name, is no fault of the program's.
_DISK = "ENOSPC EDQUOT EFBIG EROFS EACCES EPERM EIO ENAMETOOLONG"
_REFUSED_BY_DISK = {
    getattr(errno, name)
    for name in _DISK.split()
    if hasattr(errno, name)  # Windows does not know them all
}


def ended(run: Callable[[], object], lang: Lang | None) -> int:
    """Run a command, say what went wrong if anything did, and give the exit code.

    `SystemExit`, which a command raises that has a code of its own, goes through.
    """
    code = 0
    settled.clear()
    try:
        _check_surroundings()
        _whole(run)
    except click.exceptions.Exit as error:
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        _say(Said("已中断", "aborted").to(lang))
        code = 130
    except click.ClickException as error:
        complain(error, lang)
        code = error.exit_code
    except (CoverageError, ImportError) as error:
        _complain(error, lang)
        code = 2
    except BrokenPipeError:
        # The reader of the pipe (head, less) has seen enough.
        _give_up_stdout()
    except OSError as error:
        code = _refused(error, lang) if error.errno in _REFUSED_BY_DISK else _fault(error, lang)
    except Exception as error:  # noqa: BLE001 -- the last net: nobody is to meet a traceback
        code = _fault(error, lang)
    # What is kept in the cache is nobody's output, nor is a picture that is gone with its folder.
    kept = [one for one in settled if one.exists() and not one.is_relative_to(cache_dir())]
    if code and kept:
        listed = "、".join(str(path) for path in kept[:_SHOWN]) + "…" * (len(kept) > _SHOWN)
        _say(Said(f"此前已写好：{listed}", f"written before that, and whole: {listed}").to(lang))
    return code


def _check_surroundings() -> None:
    """Refuse variables of the environment that cannot be meant: libraries read them, too.

    Raises:
        InputError: Naming the variable.
    """
    if os.environ.get("SOURCE_DATE_EPOCH"):
        from coverage.alike import today

        today()
    folder = os.environ.get("COVERAGE_DATA", "")
    if folder and not (Path(folder) / "cities.csv").is_file():
        said = Said(
            "这里没有随附的数据（缺 cities.csv）", "the shipped data is not there: no cities.csv"
        )
        raise InputError(Problem(said, "COVERAGE_DATA", value=folder))


def _whole(run: Callable[[], object]) -> None:
    try:
        run()
    except BaseException:
        # Half-written things that an error throws away fail once more: it is said already.
        if sys.unraisablehook is sys.__unraisablehook__:
            sys.unraisablehook = _unheard
        raise
    finally:
        if sys.stdout is not None:
            sys.stdout.flush()  # a full disk may say so only now


def _unheard(_: object) -> None:
    pass


def _refused(error: OSError, lang: Lang | None) -> int:
    _give_up_stdout()  # which may be what the disk refuses
    where = f"{cut(str(error.filename), 80)}: " if error.filename else ""
    said = Said("磁盘写不进去", f"the disk refuses ({error.strerror})")
    if error.errno == errno.ENAMETOOLONG:
        said = Said("名称太长", "the name is too long")
    _say(f"{heading(lang)}{where}{said.to(lang)}")
    return 2


def _complain(error: CoverageError | ImportError, lang: Lang | None) -> None:
    if not isinstance(error, CoverageError):
        # All that a task needs is a default dependency: the installation is broken.
        mend = "pip install --upgrade facility-coverage"
        error = MissingDependencyError(
            Said(
                f"缺少或无法载入 {error.name or error}，请重新安装：{mend}",
                f"{error.name or error} is missing or cannot be loaded; install again: {mend}",
            )
        )
    problems = error.problems if isinstance(error, InputError) else (error,)
    for problem in problems:
        _say(f"{heading(lang)}{problem.to(lang)}")
    if len(problems) > 1:
        _say(Said(f"共 {len(problems)} 处", f"{len(problems)} problems").to(lang))


def _fault(error: Exception, lang: Lang | None) -> int:
    """Say that the program itself failed, and where the whole story is."""
    name = type(error).__name__
    story = "".join(traceback.format_exception(error))
    log = _logged(story)
    if log is not None:
        where = Said(f"经过记在 {log}", f"the story is in {log}")
    else:
        last = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(last.filename).name}:{last.lineno}"
        where = Said(f"出在 {place}", f"it happened at {place}")
    said = Said(
        f"程序自身出错（{name}），{where.zh}；请把它和所用的命令告诉开发者",
        f"a fault of the program itself ({name}): {where.en}; please tell its developers of it "
        "and of the command that was run",
    )
    _say(f"{heading(lang)}{said.to(lang)}")
    if os.environ.get("COVERAGE_DEBUG"):
        _say(story)
    return 3


def _logged(story: str) -> Path | None:
    """The file that the story was written to; `None` if it could not be."""
    from coverage import __version__

    with suppress(Exception):  # whatever fails here must not hide what failed before
        from platformdirs import user_log_path

        # Not `atomic`, which may be what failed; a half story is better than none.
        folder = Path(os.environ.get("COVERAGE_CACHE") or user_log_path("facility-coverage", False))
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"fault-{datetime.now().astimezone():%Y%m%d-%H%M%S}-{os.getpid()}.log"
        about = f"facility-coverage {__version__}, Python {sys.version}, {sys.platform}\n"
        path.write_text(about + story, encoding="utf-8", errors="replace")
        return path
    return None


def _say(text: str) -> None:
    with suppress(OSError):  # the terminal is gone: the exit code still tells
        click.echo(readable(text), err=True)


def _give_up_stdout() -> None:
    """Let Python's own last flush of what cannot be printed go nowhere, without a complaint."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
