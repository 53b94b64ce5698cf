"""What a sheet of targets says of a clause itself: tier, scope, place, period, rule, size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coverage.clauses import BY_ROAD, NO_SUM, OF_ONE_YEAR, RULES, condition_of
from coverage.intake.planwords import SEPARATORS
from coverage.kinds import TIER_ALIASES
from coverage.lists.spec import normal, words
from coverage.messages import Said

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from coverage.intake.planrows import PlanRow

_ROAD_PROFILE = "drive"


def add_clause(text: Callable[[str], str], out: PlanRow) -> None:
    """Put what the clause's own columns say into the data of a row, or reject the row.

    Args:
        text: The cell of a field as text, empty where it says nothing.
        out: The row, its measure settled.
    """
    _rules(text, out)
    _every(text, out)
    if out.rejected:
        return
    data = out.data
    if data["measure"] == "reported":
        return
    match: dict[str, Any] = data["match"]
    tiers = {normal(word): tier for word, tier in TIER_ALIASES.items()}
    found = {
        "tiers": _words(text, out, "tier", tiers),
        "opened": _word(text, out, "opened", words("opened")),
        "size": _word(text, out, "size", words("sizes")),
        "inside": [word for word in SEPARATORS.split(text("inside")) if word],
        "when": text("when"),
    }
    match |= {key: value for key, value in found.items() if value}
    if "when" in match and condition_of(match["when"]) is None:
        zh = f"条件“{match['when']}”不认识，应如 all >= 1000000"
        out.reject(zh, 'a condition reads like "all >= 1000000"')
    _scope(text, data, match)
    if data["measure"] in BY_ROAD and data["measure"] != "people_within":
        match.setdefault("profile", _ROAD_PROFILE)
    for measure, key, what in (
        ("size", "size", Said("规模项", "a size")),
        ("network", "tiers", Said("设施级别", "the tiers")),
    ):
        if data["measure"] == measure and not match.get(key):
            out.reject(f"这种算法须写明{what.zh}", f"this way of computing needs {what.en}")


def _scope(text: Callable[[str], str], data: dict[str, Any], match: dict[str, Any]) -> None:
    """The scope in the plan's words; where those name kinds of units, only they are counted."""
    said = text("scope")
    if not said:
        return
    data["scope"] = said
    known = words("scopes")
    named = [known.get(normal(word), "") for word in (said, *SEPARATORS.split(said))]
    places = list(dict.fromkeys(p for n in named if n for p in n.split("+")))
    if places:
        key = "units" if data["measure"] in {"unit_share", "network", "people_within"} else "places"
        match[key] = places


def _rules(text: Callable[[str], str], out: PlanRow) -> None:
    rule = _word(text, out, "rule", words("clause_rules"))
    for target in out.data.get("target", ()) if rule else ():
        if target["op"] != "text":
            target["op"] = target["op"] if target["op"] in RULES[rule] else RULES[rule][0]
            target["rule"] = rule


def _every(text: Callable[[str], str], out: PlanRow) -> None:
    every = _word(text, out, "every", words("every"))
    if every == "sum" and out.data["measure"] in OF_ONE_YEAR:
        out.reject(*NO_SUM)
    for target in out.data.get("target", ()) if every else ():
        target.update({"every": "year"} if every == "year" else {"sum": True})


def _word(text: Callable[[str], str], out: PlanRow, field: str, known: Mapping[str, str]) -> str:
    found = _words(text, out, field, known)
    return found[0] if found else ""


def _words(
    text: Callable[[str], str], out: PlanRow, field: str, known: Mapping[str, str]
) -> list[str]:
    """The known words of a cell; one that is not known rejects the row."""
    said = text(field)
    whole = known.get(normal(said))
    if not said or whole:
        return [whole] if whole else []
    found = []
    for word in filter(None, SEPARATORS.split(said)):
        value = known.get(normal(word))
        if value is None:
            listed = "、".join(list(dict.fromkeys(known))[:8])
            out.reject(f"“{word}”不认识，可用：{listed}", f"the word {word!r} is not known")
        else:
            found.append(value)
    return list(dict.fromkeys(found))
