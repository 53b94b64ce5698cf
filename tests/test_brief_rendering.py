"""A bureau's own templates: what never ends, or would fill the machine, ends in one sentence."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from coverage.briefs.rendering import BYTES, Job, rendered
from coverage.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

NAME = "report.zh.md.j2"
RUNAWAYS = {
    "an endless loop": "{% for i in range(99999) %}{% for j in range(99999) %}{% set x = 1 %}"
    "{% endfor %}{% endfor %}",
    "an endless text": "{% for i in range(99999) %}{{ 'x' * 1000 }}{% endfor %}",
    "endless lines": "{% for i in range(99999) %}x\n\n{% endfor %}",
    "ten gigabytes": "{{ 'x' * 10**10 }}",
    "ten gigabytes of blanks": "{{ 'x'|center(10**10) }}",
    "ten gigabytes by a format": "{{ '{:>9999999999}'.format(1) }}{{ '%9999999999d' % 1 }}",
    "doubling": "{% set n = namespace(x='x') %}{% for i in range(99) %}{% set n.x = n.x ~ n.x %}"
    "{% endfor %}",
    "a huge power": "{{ 10**(10**9) }}",
    "a macro in itself": "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "a template in itself": "{% include 'report.zh.md.j2' %}",
    "brackets": "{{ " + "(" * 20_000 + "1" + ")" * 20_000 + " }}",
    "way out": "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "a long number": "{{ 10**4400 }}",
    "an impossible row": "{{ table('missing', 10**4400) }}",
}


def _job(folder: Path, text: str) -> Job:
    (folder / NAME).write_text(text, encoding="utf-8")
    return Job(NAME, {"city": "清远"}, ["missing"], [], folder, seconds=3)


@pytest.mark.parametrize("case", RUNAWAYS)
def test_a_runaway_ends_in_one_sentence(case: str, tmp_path: Path) -> None:
    job = _job(tmp_path, f"# {{{{ city }}}}\n{RUNAWAYS[case]}\n")
    begun = time.monotonic()
    with pytest.raises(InputError) as caught:
        rendered(job)
    assert time.monotonic() - begun < 60
    (problem,) = caught.value.problems
    assert problem.file == NAME
    assert len(str(problem)) < 500


def test_what_a_template_may_take_is_what_any_small_file_may(tmp_path: Path) -> None:
    """Ten seconds of a processor and 500 MB for the command and all that it starts."""
    assert Job(NAME, {}, [], [], tmp_path).seconds <= 6
    assert BYTES <= 450 << 20
    begun = os.times()
    job = _job(tmp_path, RUNAWAYS["an endless loop"])._replace(seconds=1)
    with pytest.raises(InputError, match="1 秒"):
        rendered(job)
    ended = os.times()
    taken = sum(ended[2:4]) - sum(begun[2:4])
    assert taken < 2.5


def test_a_plain_template_is_filled_in(tmp_path: Path) -> None:
    job = _job(tmp_path, "# {{ city }}\n{{ table('missing', 3) }}")
    assert rendered(job) == "# 清远\n\n[[table missing 3]]\n"


def test_what_the_folder_lacks_comes_from_the_package(tmp_path: Path) -> None:
    job = _job(tmp_path, "{{ nothing }}")._replace(name="slides.zh.md.j2")
    with pytest.raises(InputError) as caught:  # it wants more variables than there are here
        rendered(job)
    assert caught.value.problems[0].file == "slides.zh.md.j2"
