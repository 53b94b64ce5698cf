"""Which indicator of the shipped plans a name means, with a score.

Names are compared in a normal form. Words that tell indicators apart (city and
village, public and private, ages, degrees of need) must be the same on both
sides, however alike the rest is; and a name that is nearly as like another
indicator is not decided.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache

from coverage import settings
from coverage.nearest import alike, nearest
from coverage.packaged import packaged
from coverage.plans import PlanIndicator, load_plan

LEAST = 0.82
_APART = 0.04
_SAME_WORDS = 0.97  # other words for the same, to be checked as any likeness is
_NEAR = 0.6
_JUNK = re.compile(r"[\s\W_]+")
_UNIT = re.compile(r"[(（](?:单位[:：])?(?:万?张|万?人|[个家所座处名户%％‰]|平方米|㎡)[)）]\s*$")
_QUOTED = re.compile(r"“[^”]*”")
# Longest first: 半自理 is not 自理.
_TELLING = (
    "未成年人|半自理|全自理|半失能|特困|孤儿|高龄|失能|残疾|重度|困难|流浪|城镇|城市|城乡|农村|社区|"
    "乡镇|街道|村居|市级|县级|区级|省级|国家|公办|民办|护理型|综合|居家|机构|互助|日间|饭堂|助餐|"
    "骨灰|公墓|殡仪|火化|生态|婚姻|登记|补贴|津贴|标准|增速|比例|覆盖率|占比|数量|总量|面积|床位|"
    "人员|人才|志愿|慈善|社会组织|社会工作|社工|站|点|儿童|老年|学校|县|镇|村|户|首|全|半|率"
)
_TELL = re.compile(_TELLING)
_SAME = {
    "占比": "比例",
    "覆盖率": "比例",
    "率": "比例",
    "总量": "数量",
    "社工": "社会工作",
    "城镇": "城市",
}


@dataclass(frozen=True)
class Known:
    """An indicator of the library that a name is taken for.

    Attributes:
        indicator: The library's row.
        plan: Six-digit code of the plan it stands in.
        score: 1 for the same name, less for a likeness.
    """

    indicator: PlanIndicator
    plan: str
    score: float


def normal_name(name: str) -> str:
    """A name without blanks and punctuation, the content of brackets kept."""
    return _JUNK.sub("", unicodedata.normalize("NFKC", name).lower())


def recognise(name: str, *, city: str = "") -> tuple[Known | None, tuple[str, ...]]:
    """The indicator that `name` means, or the names that come nearest if it cannot be told.

    Args:
        name: As the sheet has it.
        city: Code of the city whose own plan comes first.
    """
    form = normal_name(_UNIT.sub("", name))
    if not form:
        return None, ()
    rows = _library(city)
    for row_form, _, plan, indicator in rows:
        if row_form == form:
            return Known(indicator, plan, 1.0), ()
    same = [row for row in rows if _plain(row[0]) == _plain(form)]
    if same and len({_rule(row[3]) for row in same}) == 1:
        return Known(same[0][3], same[0][2], _SAME_WORDS), ()
    telling = _tell(form)
    like = {row_form for row_form, row_telling, _, _ in rows if row_telling == telling}
    scores = {row_form: round(score, 3) for score, row_form in alike(form, like, LEAST)}
    found: dict[str, Known] = {}
    for row_form, _, plan, indicator in rows:
        score = scores.get(row_form, 0.0)
        best = found.get(indicator.id)
        if score and (best is None or score > best.score):
            found[indicator.id] = Known(indicator, plan, score)
    ranked = sorted(found.values(), key=lambda known: -known.score)
    if not ranked:
        names = {row_form: indicator.name for row_form, _, _, indicator in reversed(rows)}
        near = nearest(form, names, shown=2, least=_NEAR)
        return None, tuple(names[row_form] for row_form in near)
    close = [k for k in ranked if ranked[0].score - k.score < _APART]
    if len({_rule(known.indicator) for known in close}) > 1:
        return None, tuple(known.indicator.name for known in ranked[:3])
    return ranked[0], ()


@cache
def _plain(form: str) -> str:
    """A name in which words that mean the same are one."""
    pairs = [
        (w, one)
        for one, said in packaged("lists/words.toml")["indicators"].items()
        for w in said.split()
    ]
    for word, one in sorted(pairs, key=lambda pair: -len(pair[0])):
        form = form.replace(word, one.strip("-"))
    return form


def _rule(indicator: PlanIndicator) -> tuple[object, ...]:
    """How an indicator is computed: two names with one rule are as good as one."""
    return indicator.level, indicator.unit, indicator.measure, repr(indicator.match)


def _tell(form: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The telling words and the numbers of a name, whatever their order."""
    words = {_SAME.get(word, word) for word in _TELL.findall(form)}
    return tuple(sorted(words)), tuple(sorted(re.findall(r"\d+", form)))


@cache
def _library(
    city: str,
) -> tuple[tuple[str, tuple[tuple[str, ...], tuple[str, ...]], str, PlanIndicator], ...]:
    """Every indicator that ships: the city's own first, then those with a rule to compute them."""
    plans = [load_plan(path) for path in sorted((settings.data_dir() / "plans").glob("*.toml"))]
    rows = [(plan.city, indicator) for plan in plans for indicator in plan.indicators]
    rows.sort(key=lambda row: (row[0] != city, not row[1].computed))
    named = [
        (form, plan, indicator)
        for plan, indicator in rows
        # A programme's name in quotes says who pays, not what is measured.
        for form in dict.fromkeys(
            normal_name(name) for name in (indicator.name, _QUOTED.sub("", indicator.name))
        )
        if form
    ]
    return tuple((form, _tell(form), plan, indicator) for form, plan, indicator in named)
