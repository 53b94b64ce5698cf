"""What is asked: an indicator of the plan, or a kind of facility, and the target to be met."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from coverage.clauses import Match, Target, unfit_minutes
from coverage.errors import InputError, Problem, gathered, refusal
from coverage.fields import unknown
from coverage.kinds import KINDS
from coverage.messages import Said
from coverage.plans import PlanIndicator
from coverage.reach.measure import DEFAULT_MINUTES
from coverage.text import number

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from coverage.city import City
    from coverage.gaps import Op

Form = Literal["units", "people"]
Each = Literal["", "county", "township"]

MODELS = {
    "threshold": Said("门槛覆盖（达标所需最少新建）", "threshold cover: fewest new sites"),
    "mclp": Said("最大覆盖", "maximal covering (MCLP)"),
    "lscp": Said("全覆盖（集合覆盖）", "set covering (LSCP)"),
    "backup": Said("备份覆盖", "backup coverage"),
    "p_median": Said("总路程最短（p-中位）", "p-median"),
    "p_center": Said("最远者最近（p-中心）", "p-center"),
    "capacitated_mclp": Said("有床位上限的最大覆盖", "maximal covering with beds"),
    "capacitated_lscp": Said("有床位上限的全覆盖", "set covering with beds"),
    "capacitated_p_median": Said("有床位上限的 p-中位", "p-median with beds"),
}
CHEAPEST = {  # the models that minimise sites, where they minimise money
    "threshold": Said("门槛覆盖（达标所需最少造价）", "threshold cover: least cost"),
    "lscp": Said("全覆盖（造价最少）", "set covering, least cost"),
    "capacitated_lscp": Said("有床位上限的全覆盖（造价最少）", "set cover with beds, least cost"),
}
OWN_TARGET = Said("自定目标", "your own target")
TRAVEL_MODELS = ("p_median", "p_center", "capacitated_p_median")
_NEED_NUMBER = ("mclp", "p_median", "p_center", "capacitated_mclp", "capacitated_p_median")
_NEED_TARGET = ("threshold",)
_FOR_UNITS = ("threshold", "mclp", "lscp")
_TARGET = re.compile(
    r"(>=|≥|>|=|＝|＞|不低于)?\s*([-+]?(?:\d+(?:\.\d+)?|nan|inf))\s*[%％]?", re.IGNORECASE
)
_OPS: dict[str, Op] = {">=": "≥", "≥": "≥", ">": ">", "＞": ">", "=": "≥", "＝": "≥", "不低于": "≥"}


@dataclass(frozen=True)
class Rules:
    """What the chosen sites must keep, and how long may be searched.

    Attributes:
        max_new: At most so many new sites; the most people are reached then.
        floor: Percent below which no group of `each` may stay, for `mclp`.
        each: Groups in which the target (or floor) must be met at once.
        spacing_m: New sites are at least so far from one another.
        per_township: At most so many new sites in a township.
        budget: What all new sites may cost together.
        cost: Cost of a new site that has none of its own.
        curve: The best plans of 1, 2, … up to `max_new` sites are told, too.
        cheapest: The least money is asked for, not the fewest sites.
        beds: Beds of a new site, for the models with beds.
        need: Beds wanted per 1,000 people of the group, for the models with beds.
        fix: Table of sites that must, must not, stay, or may be closed or moved.
        seconds: Time limit; the best found and its bound are told then.
        seed: The same seed gives the same answer.
    """

    max_new: int | None = None
    floor: Fraction | None = None
    each: Each = ""
    spacing_m: float = 0.0
    per_township: int | None = None
    budget: float | None = None
    cost: float | None = None
    curve: bool = False
    cheapest: bool = False
    beds: int | None = None
    need: float = 1000.0
    fix: Path | None = None
    seconds: float = 60.0
    seed: int = 0


@dataclass(frozen=True)
class Question:
    """One question of siting, checked.

    Attributes:
        indicator: The row of the plan, or one made for the kind asked about.
        form: ``units`` (a unit has a facility or not) or ``people`` (within the limit).
        kind: Kind of facility that is built.
        year: Facilities open at the end of this year stand; targets of this year bind.
        op: ``>`` or ``≥``, `None` without a target.
        value: Percent.
        said: Where the target comes from.
        model: A key of `MODELS`.
        group: Population group, for `people`.
        minutes: Limit, for `people`.
        rules: The rest.
        planned: Whether the indicator is one of the plan's (or of national policy).
    """

    indicator: PlanIndicator
    form: Form
    kind: str
    year: int
    op: Op | None
    value: Fraction | None
    said: Said
    model: str
    group: str
    minutes: float
    rules: Rules = field(default_factory=Rules)
    planned: bool = True

    @property
    def target_text(self) -> str:
        """``>60 %``, empty without a target."""
        return "" if self.value is None else f"{self.op}{number(self.value)} %"

    @property
    def counts_all(self) -> bool:
        """Whether the model counts all who are reached: not by times, not by beds."""
        return self.model not in TRAVEL_MODELS and not self.model.startswith("capacitated")

    def whole_needed(self, total: int) -> int:
        """Fewest whole units or people of `total` that meet the target.

        Raises:
            InputError: If there is no target, or it lies above 100 %.
        """
        if self.value is None or self.op is None:
            raise InputError(Said("没有目标", "there is no target"))
        goal = self.value * total / 100
        return math.floor(goal) + 1 if self.op == ">" else math.ceil(goal)


def read_question(
    city: City,
    *,
    indicator: str | None = None,
    kind: str | None = None,
    target: str = "plan",
    model: str | None = None,
    minutes: float | None = None,
    group: str | None = None,
    year: int | None = None,
    rules: Rules | None = None,
) -> Question:
    """The question that a planner's words mean.

    Args:
        city: The city.
        indicator: Id of an indicator of the plan that counts units with a facility
            (`unit_share`) or people within a time (`people_within`).
        kind: Kind to be built: one of the indicator's, or, without an indicator, any kind,
            for people within a time.
        target: ``plan`` for the strictest clause in force, or such as ``>=70``.
        model: One of `MODELS`; by default the fewest sites for the target, or with
            `Rules.max_new` the most people.
        minutes: Limit, the indicator's own by default.
        group: Population group, the indicator's own by default.
        year: The plan's last by default.
        rules: Numbers, distances, budget, time.

    Raises:
        InputError: With everything that cannot be meant.
        UnknownNameError: If the indicator, kind or model is not known.
    """
    rules = rules or Rules()
    model = model.lower().replace("-", "_") if model else None
    with gathered() as gather:
        gather(_check_words, indicator, kind, model)
        year = gather(city.plan.chosen_year, year)
        gather(_refuse, _wrong_numbers(rules))
        found = gather(city.indicator, indicator) if indicator is not None else None
    asked = found or _made_for(str(kind), minutes, group)
    if model is None:
        few = (rules.max_new is not None or rules.budget is not None) and not rules.cheapest
        model = "mclp" if few else "threshold"
    form = _form(asked)
    built = _kind(asked, kind)
    op, value, said = _target(asked, target, year, needed=model in _NEED_TARGET)
    question = Question(
        indicator=asked,
        form=form,
        kind=built,
        year=year,
        op=op,
        value=value,
        said=said,
        model=model,
        group=group or asked.match.group,
        minutes=minutes if minutes is not None else float(asked.match.minutes or DEFAULT_MINUTES),
        rules=rules,
        planned=found is not None,
    )
    _refuse(_misfits(question))
    return question


def _refuse(wrong: Iterable[Said]) -> None:
    """Raise all that is wrong, if anything is."""
    problems = [Problem(reason) for reason in wrong]
    if problems:
        raise InputError(problems)


def _check_words(indicator: str | None, kind: str | None, model: str | None) -> None:
    wrong = []
    if indicator is None and kind is None:
        wrong.append(Said("请用 --indicator 或 --kind 说明要建什么", "name an indicator or a kind"))
    if kind is not None and kind not in KINDS:
        wrong.append(unknown(Said(f"设施类别 {kind!r}", "kind"), kind, KINDS))
    if model is not None and model not in MODELS:
        wrong.append(unknown(Said(f"模型 {model!r}", "model"), model, MODELS))
    _refuse(wrong)


def _made_for(kind: str, minutes: float | None, group: str | None) -> PlanIndicator:
    """An indicator of people within a time for a kind that no plan speaks of."""
    name = KINDS[kind]
    return PlanIndicator(
        id=f"{kind}.within",
        name=f"{name.zh}可达人口占比",
        name_en=f"People within reach of a {name.en}",
        system=name.system,
        level="city",
        unit="%",
        nature="",
        measure="people_within",
        clause="",
        match=Match(
            kinds=(kind,), minutes=round(minutes) if minutes else None, group=group or "all"
        ),
        baseline=None,
        targets=(),
    )


def _form(indicator: PlanIndicator) -> Form:
    if indicator.measure == "people_within":
        return "people"
    if indicator.measure == "unit_share" and indicator.match.at_least == 1:
        return "units"
    raise refusal(
        f"指标 {indicator.id} 不涉及选址：能选址的是“有设施的单元占比”和“时限内可达人口占比”；"
        "可改用 --kind",
        "the indicator cannot be sited: only shares of units with a facility, and "
        f"of people within a time ({indicator.measure} is neither); a --kind can",
    )


def _kind(indicator: PlanIndicator, kind: str | None) -> str:
    kinds = indicator.match.kinds
    if kind is not None and kind not in kinds:
        raise refusal(
            f"{kind} 不计入指标 {indicator.id}",
            f"the kind does not count for the indicator; these do: {', '.join(kinds)}",
        )
    return kind or kinds[0]


def parse_target(text: str) -> tuple[Op, Fraction]:
    """A comparison and percent: ``>=70``, ``>60%``, ``70`` (at least).

    Raises:
        InputError: If it is none, or no share can meet it.
    """
    found = _TARGET.fullmatch(text.strip())
    if not found or found[2].lower().lstrip("+-") in {"nan", "inf"}:
        raise refusal(f"看不懂目标 {text!r}", "the target is not such as >=70 (percent), or plan")
    op, value = _OPS[found[1] or ">="], Fraction(found[2])
    if value < 0 or value > 100 or (value == 100 and op == ">"):
        raise refusal(
            f"目标 {text} 不可能：比例在 0 与 100% 之间",
            "the target is impossible: a share lies between 0 and 100 %",
        )
    return op, value


def _target(
    indicator: PlanIndicator, text: str, year: int, *, needed: bool
) -> tuple[Op | None, Fraction | None, Said]:
    if text.strip() != "plan":
        op, value = parse_target(text)
        return op, value, OWN_TARGET
    due = [t for t in indicator.due(year) if t.op in {">", "≥", "="} and t.value is not None]
    if due:
        strictest = max(due, key=lambda t: (Fraction(t.value or 0), t.op == ">"))
        op, value = parse_target(f"{strictest.op}{float(strictest.value or 0):.10g}")
        return op, value, _clause(strictest, len(due))
    if needed:
        raise refusal(
            f"{year} 年规划对 {indicator.id} 没有数字目标，请用 --target 给出，如 --target '>=60'",
            "the plan sets no number for the indicator; give a target",
        )
    return None, None, Said("无目标", "no target")


def _clause(target: Target, count: int) -> Said:
    more = (f"，{count} 条中最严的一条", f", the strictest of {count}") if count > 1 else ("", "")
    return Said(
        f"规划 {target.year} 年目标（{target.clause}{more[0]}）",
        f"the plan's target of {target.year} ({target.clause}{more[1]})",
    )


_AT_LEAST_0 = {
    "spacing_m": Said("最小间距", "the spacing"),
    "budget": Said("预算", "the budget"),
    "cost": Said("单价", "the cost of a site"),
    "beds": Said("床位数", "the number of beds"),
    "need": Said("每千人床位需求", "the need of beds"),
    "per_township": Said("每乡镇数量", "the number per township"),
}


def _wrong_numbers(rules: Rules) -> Iterator[Said]:
    """Numbers that cannot be meant."""
    if rules.max_new is not None and rules.max_new < 1:
        yield Said(f"新建数量须至少为 1：{rules.max_new}", "at least 1 new site must be allowed")
    for name, (zh, en) in _AT_LEAST_0.items():
        value = getattr(rules, name)
        if value is not None and not (math.isfinite(value) and value >= 0):
            yield Said(f"{zh}须为不小于 0 的数：{value}", f"{en} must be a number of at least 0")
    if not (math.isfinite(rules.seconds) and rules.seconds > 0):
        yield Said(f"时限须大于 0 秒：{rules.seconds}", "the time limit must be above 0 seconds")
    if rules.floor is not None and not 0 <= rules.floor <= 100:
        yield Said(f"底线须在 0 与 100% 之间：{float(rules.floor):g}", "a floor is 0 to 100 %")


def _misfits(question: Question) -> Iterator[Said]:
    """What does not go together, all of it."""
    rules, model = question.rules, question.model
    if question.form == "units" and model not in _FOR_UNITS:
        yield Said(
            f"按单元计的指标只能用模型 {', '.join(_FOR_UNITS)}",
            f"a share of units takes one of these models, not {model}",
        )
    if model in _NEED_NUMBER and rules.max_new is None and rules.budget is None:
        yield Said(f"模型 {model} 需要 --max-new 或 --budget", "the model needs one of them")
    if model.startswith("capacitated") and not rules.beds:
        yield Said(f"模型 {model} 需要 --beds", "the model needs the beds of a new site")
    if rules.cheapest and model not in CHEAPEST:
        yield Said(f"--cheapest 不适用于模型 {model}", "--cheapest does not go with the model")
    if rules.curve and (model != "mclp" or rules.max_new is None):
        yield Said("--curve 只用于最大覆盖，请加 --max-new", "--curve goes with --max-new")
    if rules.floor is not None and model not in {"mclp", "capacitated_mclp"}:
        yield Said("底线只用于最大覆盖，请加 --max-new", "a floor goes with --max-new")
    if rules.each and model not in {"threshold", "mclp", "capacitated_mclp"}:
        yield Said(f"--each 不适用于模型 {model}", "--each does not go with the model")
    if rules.each and model != "threshold" and rules.floor is None:
        yield Said("--each 与 --max-new 并用时须给 --floor", "--each with --max-new needs --floor")
    if unfit := unfit_minutes(question.minutes):
        yield unfit
