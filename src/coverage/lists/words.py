"""Words of fixed lists: services, statuses, ownership, kinds, as lists really write them."""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from typing import TYPE_CHECKING, NamedTuple

from coverage.kinds import ALIASES, KINDS, SERVICES, STATUSES
from coverage.lists.aliases import SERVICE_NAMES, normal
from coverage.lists.values import Parsed, clean_text, is_empty, parse_bool
from coverage.nearest import alike

if TYPE_CHECKING:
    from coverage.formats.grids import Cell

_SEPARATORS = re.compile(r"[;；,，、|/\s+&＋]+|和|及|与")

# --- services -------------------------------------------------------------------------------


class Services(NamedTuple):
    """Services of a cell: those of the vocabulary, and words that are not in it."""

    known: tuple[str, ...]
    unknown: tuple[str, ...]


@cache
def _service_names() -> dict[str, str]:
    found = {normal(en): zh for zh, en in SERVICES.items()}
    for service, names in SERVICE_NAMES.items():
        found.update({normal(name): service for name in names.split()})
    return found


def parse_services(cell: Cell) -> Services:
    """Services named in a cell, in the words of `coverage.kinds.SERVICES` where they are known."""
    if is_empty(cell):
        return Services((), ())
    return _services(clean_text(cell))


@lru_cache(maxsize=16_384)
def _services(text: str) -> Services:
    names = _service_names()
    known: dict[str, None] = {}
    unknown: dict[str, None] = {}
    for part in _SEPARATORS.split(re.sub(r"[等。.]+$", "", text)):
        form = normal(re.sub(r"^\d+[.、]|等$", "", part))
        if not form or form == "无":
            continue
        service = names.get(form) or names.get(form.removesuffix("服务"))
        if service:
            known[service] = None
        else:
            unknown[part.strip()] = None
    return Services(tuple(known), tuple(unknown))


# --- statuses and ownership -----------------------------------------------------------------

_STATUS_WORDS = {
    "open": "在营 营业 运营 正常 正常运营 正常营业 运营中 营业中 在业 开业 已开业 已运营 "
    "已投入使用 投入使用 "
    "投入运营 已投入运营 已建成 建成 已启用 启用 使用中 在用 存续 已备案 是 有 open operating "
    "active running "
    "in operation 1 true yes 已建 试运营",
    "building": "在建 建设中 施工 施工中 装修 装修中 改造中 在建中 正在建设 未完工 building "
    "construction "
    "under construction",
    "planned": "规划 拟建 筹建 筹建中 计划 计划建设 规划中 待建 筹备 筹备中 未建 planned "
    "proposed plan",
    "closed": "停办 停业 关停 注销 已注销 撤销 关闭 已关闭 已停业 停用 暂停 暂停营业 暂停运营 "
    "未运营 未营业 闲置 "
    "已撤销 已关停 停运 空置 否 无 closed inactive ceased shut 0 false no 已停办 歇业",
}


@cache
def _statuses() -> dict[str, str]:
    found = {normal(zh): id_ for id_, zh in STATUSES.items()}
    for id_, words in _STATUS_WORDS.items():
        found.update({normal(word): id_ for word in words.split()})
        found[id_] = id_
    found[normal("in operation")] = "open"
    found[normal("under construction")] = "building"
    return found


def parse_status(cell: Cell) -> Parsed[str]:
    """One of `coverage.kinds.STATUSES`; an unknown word is refused, an empty cell has no value."""
    if is_empty(cell):
        return Parsed(None)
    text = clean_text(cell)
    return _status(text)


@lru_cache(maxsize=4_096)
def _status(text: str) -> Parsed[str]:
    form = normal(text)
    found = _statuses().get(form)
    if found:
        return Parsed(found, "" if text in {found, STATUSES[found]} else f"{text!r} → {found}")
    listed = "、".join(STATUSES.values())
    return Parsed(None, reason=f"状态不明，可用：{listed} · the status is not known")


_OWNERSHIP = {
    "公办": "公办 公立 国有 政府办 政府 全民所有 国营 公 public state government 事业单位 "
    "公办公营 公建公营",
    "民办": "民办 私立 私营 民营 社会办 民办非企业 民非 企业 个体 private 民办民营 社会力量 非公办",
    "公建民营": "公建民营 公办民营 委托运营 委托经营 public-private 公建民办",
    "公益性": "公益性 公益 非营利 非营利性 non-profit nonprofit",
    "经营性": "经营性 营利 营利性 商业 for-profit commercial",
}


@cache
def _owners() -> dict[str, str]:
    return {normal(w): own for own, words in _OWNERSHIP.items() for w in words.split()}


def parse_ownership(cell: Cell, column: str = "") -> Parsed[str]:
    """公办, 民办, 公建民营, 公益性 or 经营性; other words stay as they are.

    A column named "是否公办" says it with yes and no.
    """
    if is_empty(cell):
        return Parsed(None)
    text = clean_text(cell)
    found = _owners().get(normal(text))
    if found:
        return Parsed(found, "" if found == text else f"{text!r} → {found}")
    if "是否" in column or normal(column) == "ispublic":
        said = parse_bool(cell)
        if said.value is not None:
            own = "公办" if said.value else "民办"
            return Parsed(own, f"{column} {text!r} → {own}")
    return Parsed(text)


# --- kinds ----------------------------------------------------------------------------------

# What lists call kinds beyond the vocabulary's own aliases; the longest that fits is taken.
_MORE_KINDS = {
    "老年公寓": "elder_care",
    "养老公寓": "elder_care",
    "护理院": "elder_care",
    "护养院": "elder_care",
    "颐养院": "elder_care",
    "养护院": "elder_care",
    "托老所": "day_care",
    "光荣院": "elder_care",
    "幸福院": "mutual_aid",
    "养老服务机构": "elder_care",
    "养老中心": "elder_care",
    "社会福利院": "elder_care",
    "社会福利中心": "elder_care",
    "区域养老服务中心": "elder_care",
    "区域性养老服务中心": "elder_care",
    "养护中心": "elder_care",
    "居家养老服务站": "day_care",
    "居家养老服务点": "day_care",
    "社区养老服务站": "day_care",
    "养老服务站": "day_care",
    "日间照料": "day_care",
    "日托中心": "day_care",
    "星光老年之家": "day_care",
    "老年人活动中心": "day_care",
    "居家社区养老服务中心": "day_care",
    "社区居家养老服务中心": "day_care",
    "互助养老服务站": "mutual_aid",
    "农村幸福院": "mutual_aid",
    "互助幸福院": "mutual_aid",
    "互助养老点": "mutual_aid",
    "长者助餐点": "meal_point",
    "老年食堂": "meal_point",
    "老年饭堂": "meal_point",
    "老年助餐点": "meal_point",
    "助餐配餐点": "meal_point",
    "社工服务站": "social_work_station",
    "社会工作站": "social_work_station",
    "社工服务点": "social_work_point",
    "社区综合服务中心": "community_service",
    "党群服务中心": "community_service",
    "社区服务中心": "community_service",
    "志愿服务站": "volunteer_station",
    "志愿者服务站": "volunteer_station",
    "未成年人保护站": "child_protection_station",
    "儿童福利院": "child_welfare",
    "儿童福利中心": "child_welfare",
    "儿童之家": "child_protection_station",
    "慈善超市": "charity_point",
    "公益性骨灰楼": "columbarium",
    "公益性骨灰堂": "columbarium",
    "安息堂": "columbarium",
    "经营性墓园": "commercial_cemetery",
    "烈士陵园": "memorial",
    "烈士纪念碑": "memorial",
    "婚姻登记处": "marriage_registry",
    "婚姻登记中心": "marriage_registry",
    "工疗站": "rehab_centre",
    "精神卫生福利中心": "psychiatric_welfare",
    "避护场所": "shelter",
    "避难场所": "shelter",
    "nursing home": "elder_care",
    "care home": "elder_care",
    "day care centre": "day_care",
    "canteen": "meal_point",
}


class KindGuess(NamedTuple):
    """A kind, how it was found (``exact``, ``suffix``, ``contains``, ``fuzzy``), and by what."""

    kind: str | None
    how: str
    score: float
    alias: str

    @property
    def sure(self) -> bool:
        """Whether the score is high enough to use without asking."""
        return self.kind is not None and self.score >= 0.7


@cache
def _kind_names() -> dict[str, str]:
    found = {normal(name): kind for name, kind in _MORE_KINDS.items()}
    found.update({normal(k.en): k.id for k in KINDS.values()})
    found.update({normal(name): kind for name, kind in ALIASES.items()})
    found.update({normal(k): k for k in KINDS})
    return found


@cache
def _longest_first() -> tuple[tuple[str, str], ...]:
    return tuple(sorted(_kind_names().items(), key=lambda item: (-len(item[0]), item[0])))


def parse_kind(cell: Cell) -> KindGuess:
    """The kind that a word or the name of a facility says: 太和镇敬老院 is elder care.

    The longest name at its end counts more than one inside; a name within one
    slip of a known one is found by likeness. Two kinds that fit equally well
    are no answer.
    """
    return _kind(normal(unicodedata.normalize("NFKC", clean_text(cell)))) if cell else _NOTHING


_NOTHING = KindGuess(None, "", 0.0, "")


@lru_cache(maxsize=65_536)
def _kind(form: str) -> KindGuess:
    if not form:
        return _NOTHING
    names = _kind_names()
    if form in names:
        return KindGuess(names[form], "exact", 1.0, form)
    inside = [(name, kind) for name, kind in _longest_first() if name in form]
    ends = [(name, kind) for name, kind in inside if form.endswith(name)]
    inside = [(name, kind) for name, kind in inside if len(name) >= 3]
    if ends:
        return KindGuess(ends[0][1], "suffix", 0.9, ends[0][0])
    if inside:
        longest = {kind for name, kind in inside if len(name) == len(inside[0][0])}
        if len(longest) == 1:
            return KindGuess(inside[0][1], "contains", 0.75, inside[0][0])
        return KindGuess(None, "contains", 0.0, " / ".join(sorted(longest)))
    return _near(form)


def _near(form: str) -> KindGuess:
    """A kind whose name differs from `form` by a slip."""
    names = _kind_names()
    near = sorted(alike(form[:40], (n for n in names if len(n) >= 4), 0.75), reverse=True)[:2]
    if near and len({names[n] for _, n in near}) == 1:
        likeness, name = near[0]
        return KindGuess(names[name], "fuzzy", round(0.9 * likeness, 2), name)
    return _NOTHING
