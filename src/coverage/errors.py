"""Exceptions of the toolkit: few, and each subclasses the built-in it specialises.

Bad input is collected, not met one by one: a reader gathers every
`Problem` of a file and raises one `InputError` that names them all, so
that a planner mends a sheet in one sitting.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from coverage.messages import Lang, Said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


@dataclass(frozen=True)
class Problem:
    """One thing wrong with what the user gave, in one clear sentence.

    Attributes:
        reason: The sentence itself, without the place.
        file: Name of the file, if the problem is in one.
        row: Row as the user's own program numbers it (the header is row 1).
        column: Name of the column.
        value: The offending value as it stands in the file.
    """

    reason: Said
    file: str | None = None
    row: int | None = None
    column: str | None = None
    value: str | None = None

    def __str__(self) -> str:
        return self.to(None)

    def to(self, lang: Lang | None) -> str:
        """Place and sentence in one language; the sentence in both where it is `None`."""
        row = f"第 {self.row} 行" if lang == "zh" else f"row {self.row}"
        value = None if self.value is None else repr(self.value)
        place = [
            self.file,
            None if self.row is None else row,
            _named("列", "column", self.column, lang),
            _named("值", "value", value, lang),
        ]
        where = ("，" if lang == "zh" else ", ").join(part for part in place if part)
        reason = self.reason.to(lang)
        return f"{where}{'：' if lang == 'zh' else ': '}{reason}" if where else reason


def _named(zh: str, en: str, value: str | None, lang: Lang | None) -> str | None:
    return None if value is None else f"{zh if lang == 'zh' else en} {value}"


class CoverageError(Exception):
    """Root of the toolkit's exceptions; the command line turns it into exit code 2.

    Example:
        >>> import coverage as cov
        >>> try:
        ...     cov.City.load("nowhere")
        ... except cov.CoverageError as error:
        ...     print(type(error).__name__)
        UnknownNameError
    """

    def to(self, lang: Lang | None) -> str:
        """What is wrong in one language; in both where it is `None`."""
        said = self.args[0] if self.args else ""
        return said.to(lang) if isinstance(said, Said) else str(said)


class InputError(CoverageError, ValueError):
    """What the user gave cannot be used; carries every problem found, in order.

    Example:
        >>> import coverage as cov
        >>> try:
        ...     cov.assess(cov.City.load("珠山"), year=1999)
        ... except cov.InputError as error:
        ...     print(len(error.problems), "1999" in str(error))
        1 True
    """

    def __init__(self, problems: Iterable[Problem] | Problem | Said) -> None:
        if isinstance(problems, Said):
            problems = Problem(problems)
        if isinstance(problems, Problem):
            problems = [problems]
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def rename_files(error: InputError, name: Callable[[str], str]) -> None:
    """Give the files that an error names other names."""
    error.problems = tuple(replace(p, file=p.file and name(p.file)) for p in error.problems)
    error.args = ("\n".join(str(problem) for problem in error.problems),)


def refusal(zh: str, en: str) -> InputError:
    """The error of one thing that cannot be meant or done."""
    return InputError(Said(zh, en))


class UnknownNameError(InputError, KeyError):
    """A city, indicator, kind or profile that the toolkit does not know."""

    __str__ = Exception.__str__  # a KeyError would print the quoted text


@contextmanager
def gathered() -> Iterator[Callable[..., Any]]:
    """Run several checks and raise what all of them found, once.

    The block receives a function that calls its argument and keeps an
    `InputError` for the end, giving `None` meanwhile::

        with gathered() as gather:
            city = gather(find_city, name)
            year = gather(check_year, 1999)
    """
    errors: list[InputError] = []

    def gather(check: Callable[..., Any], *args: Any, **options: Any) -> Any:
        try:
            return check(*args, **options)
        except InputError as error:
            errors.append(error)
            return None

    yield gather
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise InputError([problem for error in errors for problem in error.problems])


class MissingDependencyError(CoverageError, ImportError):
    """A library or program is needed and not installed; the message says how to get it."""


class NetworkUnreachableError(CoverageError, ConnectionError):
    """A download was asked for and the server could not be reached or refused."""
