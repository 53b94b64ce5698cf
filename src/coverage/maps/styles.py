"""Colours, hatches and symbols: chosen once, for the screen, for paper and for grey copies.

Lightness falls along every scale, so that a photocopy keeps the order; what is
missing is hatched as well as coloured, and unknown is dotted, so that no
meaning hangs on hue alone. Blue and orange are told apart by every common kind
of colour blindness (Okabe and Ito's pair, "Color Universal Design", 2008).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Hatch = Literal["", "lines", "dots"]


@dataclass(frozen=True)
class Fill:
    """How an area of a class is filled.

    Attributes:
        colour: ``#rrggbb``.
        hatch: ``lines`` or ``dots`` over it, or nothing.
    """

    colour: str
    hatch: Hatch = ""


INK = "#1f2933"
QUIET = "#52606d"
PAPER = "#fbfaf7"
GROUND = "#eef0ec"
BORDER = "#7b8794"
ROAD = "#b08968"
WATER = "#1d5fa8"
ACCENT = "#9c2a10"
HATCH_INK = "#b3541e"

FILLS: dict[str, Fill] = {
    "covered": Fill("#3d7ea6"),
    "missing": Fill("#fbe3cf", "lines"),
    "unknown": Fill("#e4e7eb", "dots"),
    "outside": Fill("#f5f4ef"),
    "likely": Fill("#e0995e"),
    "perhaps": Fill("#fbe3cf", "lines"),
    "unlikely": Fill("#f1f6fa"),
}
# Five steps and a sixth for the whole: single-hue blues, lightness falling evenly.
SCALE = ("#f1f6fa", "#c9dfee", "#94c1de", "#5b9cc5", "#2f74a3", "#123f63")
# Shorter limits are darker, since they lie on top.
RINGS = ("#08605f", "#17988f", "#7fcabf", "#c4e8e0")
CROWD = "#c2410c"
# Radii in points of the classes of people not reached, smallest first.
CROWD_RADII = (1.2, 2.0, 3.0, 4.4)

# One character and the field's colour for each kind; the character carries the meaning.
SYMBOLS: dict[str, str] = {
    "elder_care": "养",
    "day_care": "日",
    "mutual_aid": "互",
    "meal_point": "餐",
    "social_work_station": "社",
    "social_work_point": "点",
    "community_service": "区",
    "volunteer_station": "志",
    "community_org": "组",
    "child_protection_station": "未",
    "child_protection_centre": "护",
    "child_welfare": "儿",
    "rescue_station": "救",
    "relief_window": "窗",
    "shelter": "避",
    "charity_point": "慈",
    "funeral_home": "殡",
    "columbarium": "骨",
    "public_cemetery": "公",
    "commercial_cemetery": "营",
    "cemetery": "墓",
    "eco_burial": "树",
    "memorial": "烈",
    "marriage_registry": "婚",
    "rehab_centre": "康",
    "psychiatric_welfare": "精",
    "medical": "医",
    "relief_warehouse": "仓",
    "veterans_centre": "军",
    "lottery_outlet": "彩",
    "child_supervisor": "督",
    "child_director": "任",
    "demo_community": "示",
    "place_sign": "名",
}
FIELDS: dict[str, str] = {
    "大养老": "#7a3e9d",
    "大儿童保障": "#b8336a",
    "大救助": "#8a4b08",
    "大慈善": "#9a3412",
    "大社会治理": "#2b5f2b",
    "基本社会服务": "#3b4252",
}


def fill(style: str) -> Fill:
    """The fill of a class: a name of `FILLS`, or ``scale-<step>``."""
    if style.startswith("scale-"):
        return Fill(SCALE[int(style.removeprefix("scale-"))])
    return FILLS[style]


def luminance(colour: str) -> float:
    """Relative luminance of ``#rrggbb``, 0 black to 1 white (WCAG 2.1)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
