"""From a request to a folder of documents: one result, every output written from it."""

from __future__ import annotations

import re
import time
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coverage.briefs import record, texts
from coverage.briefs.facts import facts
from coverage.briefs.figures import draw
from coverage.briefs.pages import Pages, json_text, record_of
from coverage.briefs.pdf import ConversionError, convert, office
from coverage.briefs.request import FORMATS, Request
from coverage.briefs.tables import tables
from coverage.errors import InputError, MissingDependencyError, Problem
from coverage.messages import Said
from coverage.outputs import Tell, check, on_stderr, staged
from coverage.results import change, disclosure
from coverage.results.document import Document, Hidden
from coverage.results.from_report import build

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from coverage.assessment import Report
    from coverage.briefs.texts import Block
    from coverage.city import City

RESULT = "result.json"
NAMES = {format_: f"brief.{format_}" for format_ in FORMATS}
PROJECT = "brief.qgz"
# What XML cannot hold; a register may bring it along.
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True)
class Step:
    """One step of the work, for a progress line: its name, number of steps, seconds taken."""

    name: str
    index: int
    of: int
    seconds: float | None = None
    note: str = ""


@dataclass(frozen=True)
class Brief:
    """What was written."""

    files: tuple[Path, ...]
    document: Document
    skipped: tuple[Said, ...] = ()


def assessed(request: Request, here: Path) -> tuple[City, Document]:
    """The city of a request, and its result with everything in it.

    Raises:
        InputError: With everything that is wrong with the request at once.
    """
    from coverage.assessment import assess, drawn

    disclosure.check_drawn(request.draws, protected=request.protected)
    city = record.city_of(request, here)
    asked: dict[str, Any] = {"register": request.facilities, "provenance": request.provenance}
    report = assess(
        city, year=request.year, indicators=request.indicators, values=request.values, **asked
    )
    if request.draws:
        report = drawn(report, request.draws, request.seed)
    if request.scenario is None:
        return city, build(report, request.lang)
    from coverage.scenarios.compare import compare

    (outcome,) = compare(city, [request.scenario], year=report.year, **asked).outcomes
    before = build(_with_supplied(outcome.before, report), request.lang)
    after = _with_supplied(outcome.after, report)
    return city, replace(before, scenario=change.build_change(outcome, after, request.lang))


def _with_supplied(report: Report, asked: Report) -> Report:
    """A report of a scenario with the indicators that were asked for, supplied values included."""
    supplied = {r.indicator.id: r for r in asked.results if r.measurement.basis == "supplied"}
    found = {r.indicator.id: r for r in report.results} | supplied
    results = tuple(found[r.indicator.id] for r in asked.results)
    return replace(report, results=results)


def result(request: Request, made: Document) -> Document:
    """A result as it may be published: masked, suppressed, free of control characters.

    Raises:
        InputError: If the limit of suppression is not a limit.
    """
    if request.mask_sensitive:
        made = disclosure.mask(made)
    if request.suppress_below is not None:
        made = disclosure.suppress(made, request.suppress_below)
    cleaned: Document = _clean(made)
    return cleaned


def _clean(value: Any) -> Any:
    """A result without the characters that XML cannot hold, in any of its texts."""
    if isinstance(value, Hidden):
        return value
    if isinstance(value, str):
        return _CONTROLS.sub("", value)
    if isinstance(value, dict):
        return {_clean(k): _clean(v) for k, v in value.items()}
    if isinstance(value, tuple):
        return tuple(_clean(v) for v in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{f.name: _clean(getattr(value, f.name)) for f in fields(value)})
    return value


def write(
    request: Request,
    folder: Path,
    *,
    here: Path | None = None,
    progress: Callable[[Step], None] = lambda _step: None,
    tell: Tell = on_stderr,
) -> Brief:
    """Assess, and write every document of a request into `folder`, all or nothing.

    Args:
        request: What is wanted.
        folder: Where the documents shall stand.
        here: The folder from which a workspace is looked for; the current one by default.
        progress: Called at the beginning and at the end of every step.
        tell: Is told what was replaced, and what of an earlier run stays.

    Raises:
        InputError: For anything wrong with the request, its files or templates,
            and if the folder cannot be written to.
        MissingDependencyError: If LibreOffice is not installed.
    """
    formats, skipped = _formats(request)
    names = [RESULT, record.NAME, *(NAMES[f] for f in formats)]
    names += [PROJECT] if "gpkg" in formats else []
    check(folder / name for name in names)
    record.check_beside(request, folder)
    _check_templates(request)
    work = _Work(request, formats, progress)
    with work.step("assess"):
        city, made = assessed(request, here or Path.cwd())
        published = result(request, made)
        published = replace(published, record=record.make(city, request, published, folder))
    with (
        staged(
            folder,
            "brief",
            others="said",
            tell=tell,
            day=request.dated,
            alone=request.protected,
        ) as stage,
        _pictures() as pictures,
    ):
        work.write(Pages(published, city, tables(published)), stage, pictures)
        files = tuple(folder / path.name for path in sorted(stage.iterdir()))
    return Brief(files, published, (*skipped, *work.skipped))


_NO_PDF = Said(
    "本机没有能转换 Word 的 LibreOffice，未生成 PDF",
    "no PDF: LibreOffice with Writer is not installed",
)


def _formats(request: Request) -> tuple[list[str], list[Said]]:
    """Formats to write, and those left out because this machine cannot make them."""
    wanted = request.formats or FORMATS
    formats = [f for f in FORMATS if f in wanted]
    if "pdf" not in formats or office() is not None:
        return formats, []
    if request.formats:
        raise MissingDependencyError(
            Said(
                "PDF 由 LibreOffice 转换，本机没有安装",
                "a PDF needs LibreOffice (soffice), which is not installed",
            )
        )
    return [f for f in formats if f != "pdf"], [_NO_PDF]


def _check_templates(request: Request) -> None:
    if request.templates is not None and not request.templates.is_dir():
        reason = Said("没有这个模板文件夹", "there is no such folder of templates")
        raise InputError(Problem(reason, str(request.templates)))
    if request.template is not None:
        from coverage.briefs.slides import open_template

        open_template(request.template)


@contextmanager
def _pictures() -> Iterator[Path]:
    """A folder for pictures that go into documents and are not outputs themselves."""
    import tempfile

    with tempfile.TemporaryDirectory(prefix="coverage-brief-") as made:
        yield Path(made)


class _Work:
    """The steps of one run, each announced when it begins and when it ends."""

    def __init__(
        self, request: Request, formats: Sequence[str], progress: Callable[[Step], None]
    ) -> None:
        self.request, self.formats, self.progress = request, formats, progress
        self.done, self.steps = 0, 2 + len(formats)
        self.skipped: list[Said] = []

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """One step, timed."""
        self.done += 1
        self.progress(Step(name, self.done, self.steps))
        start = time.perf_counter()
        yield
        self.progress(Step(name, self.done, self.steps, time.perf_counter() - start))

    def write(self, pages: Pages, stage: Path, pictures: Path) -> None:
        """Write every output into `stage`."""
        document, formats = pages.document, set(self.formats)
        variables = facts(document)
        pages.template = self.request.template
        with self.step("figures"):
            if formats & {"docx", "pptx", "html", "pdf"}:
                pages.figures = draw(pages.city, document, pictures)
        for name, data in ((RESULT, document), (record.NAME, record_of(document))):
            (stage / name).write_text(json_text(data), encoding="utf-8", newline="")
        if formats & {"docx", "html", "pdf"}:
            pages.report = self._text("report", variables, pages, pages.figures)
        if "pptx" in formats:
            names = {*pages.figures, "headline", "targets", "counties"}
            pages.slides = self._text("slides", variables, pages, names)
        for format_ in self.formats:
            with self.step(format_):
                try:
                    _write_format(format_, pages, stage)
                except ConversionError:
                    # Nobody asked for it by name, and this LibreOffice cannot read Word.
                    if self.request.formats:
                        raise
                    self.skipped.append(_NO_PDF)

    def _text(
        self, part: str, variables: Mapping[str, Any], pages: Pages, figures: Collection[str]
    ) -> list[Block]:
        return texts.render(
            part,
            variables,
            lang=self.request.lang,
            tables=pages.tables,
            figures=figures,
            folder=self.request.templates,
        )


_WRITERS = {"docx": "word", "pptx": "slides", "xlsx": "workbook", "html": "page", "gpkg": "layers"}


def _write_format(format_: str, pages: Pages, stage: Path) -> None:
    """Write one document; its library is loaded only now."""
    path = stage / NAMES[format_]
    if format_ == "pdf":
        source = stage / NAMES["docx"]
        wanted = source.exists()
        if not wanted:
            _write_format("docx", pages, stage)
        convert(source, path)
        if not wanted:
            source.unlink()
        return
    import_module(f"coverage.briefs.{_WRITERS[format_]}").write(path, pages)
