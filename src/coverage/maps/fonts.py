"""A font that has the characters: found on the system, or asked for in one clear sentence.

Boxes in place of characters are what a map must never show, so every text is
checked against the fonts before anything is drawn.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coverage.errors import InputError, Problem
from coverage.messages import Said

if TYPE_CHECKING:
    from collections.abc import Iterable

# Parts of file names, and families in the order of preference; all have simplified Chinese.
_FILES = (
    "notosanscjk",
    "notosanssc",
    "sourcehansans",
    "sourcehansanscn",
    "wqy-",
    "msyh",
    "simhei",
    "simsun",
    "deng",
    "pingfang",
    "hiragino",
    "stheiti",
    "songti",
    "droidsansfallback",
    "notoserifcjk",
    "lxgw",
    "arial unicode",
)
_FAMILIES = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "PingFang SC",
    "Hiragino Sans GB",
    "Microsoft YaHei",
    "DengXian",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "SimHei",
    "Heiti SC",
    "STHeiti",
    "SimSun",
    "Songti SC",
    "LXGW WenKai",
    "Droid Sans Fallback",
    "Arial Unicode MS",
    "Noto Serif CJK SC",
    # Older drawing libraries see only the first face of a collection.
    "Noto Sans CJK JP",
    "Noto Serif CJK JP",
)
_LATIN = "DejaVu Sans"  # comes with matplotlib
HOW = Said(
    "请安装开源中文字体（Debian/Ubuntu：apt install fonts-noto-cjk；其他系统："
    "下载思源黑体或 Noto Sans SC），或用 COVERAGE_FONT=字体文件 指定",
    "install an open Chinese font such as Noto Sans CJK, or name a font file with COVERAGE_FONT",
)


def families() -> list[str]:
    """Font families to write with: the best Chinese one found, then one with Latin and signs.

    ``COVERAGE_FONT`` names a file (``.ttf``, ``.otf``, ``.ttc``) that comes first.

    Raises:
        InputError: If that file is no font.
    """
    named = os.environ.get("COVERAGE_FONT")
    own = [_family_of(Path(named))] if named else []
    return [*own, *_installed(), _LATIN]


@cache
def _family_of(path: Path) -> str:
    manager = _manager()
    try:
        known = len(manager.ttflist)
        manager.addfont(str(path))
    except (OSError, RuntimeError) as error:
        reason = Said("不是可用的字体文件", f"not a font file that can be used ({error})")
        raise InputError(Problem(reason, str(path))) from error
    return str(manager.ttflist[known].name)


@cache
def _installed() -> tuple[str, ...]:
    """The first of the wanted families that the system has, and a second for rare characters."""
    from matplotlib import font_manager

    manager = _manager()
    listed = {Path(entry.fname) for entry in manager.ttflist}
    for name in sorted(font_manager.findSystemFonts()):
        path = Path(name)
        plain = path.stem.lower().replace("_", "").replace(" ", "")
        heavy = any(word in plain for word in ("black", "light", "thin", "medium"))
        if path not in listed and not heavy and any(part in plain for part in _FILES):
            try:
                manager.addfont(name)
            except (OSError, RuntimeError):
                continue
    have = {entry.name for entry in manager.ttflist}
    return tuple(name for name in _FAMILIES if name in have)[:2]


def _manager() -> Any:
    from matplotlib import font_manager

    return font_manager.fontManager


@cache
def _characters(family: str) -> frozenset[int]:
    from matplotlib.font_manager import FontProperties, get_font

    path = _manager().findfont(FontProperties(family=[family]), fallback_to_default=False)
    return frozenset(get_font(path).get_charmap())


def check(texts: Iterable[str]) -> None:
    """Whether every character can be written.

    Raises:
        InputError: Naming the characters that no font has, and how to get one.
    """
    wanted = {c for text in texts for c in text if not c.isspace()}
    have: set[int] = set()
    for family in families():
        have |= _characters(family)
    lost = sorted(c for c in wanted if ord(c) not in have)
    if not lost:
        return
    if len(families()) == 1:
        raise InputError(Said("没有找到中文字体，不能出图", f"no Chinese font was found. {HOW}"))
    listed = "、".join(lost[:12])
    raise InputError(
        Said(f"字体 {families()[0]} 缺字：{listed}", f"the font lacks characters. {HOW}")
    )


def settings(*, dpi: float | None = None) -> dict[str, Any]:
    """Settings for a `matplotlib.rc_context` under which text comes out right in every format."""
    found: dict[str, Any] = {
        "font.family": families(),
        "axes.unicode_minus": False,
        "hatch.linewidth": 0.5,
        "svg.fonttype": "path",
        "svg.hashsalt": "facility-coverage",
        # As drawn shapes: fonts of collections are embedded under a wrong name otherwise.
        "pdf.fonttype": 3,
    }
    return found if dpi is None else {**found, "savefig.dpi": dpi}
