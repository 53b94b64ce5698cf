"""Words of fixed lists: services, statuses, ownership, kinds, as lists really write them."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING, NamedTuple

from coverage.kinds import ALIASES, KINDS, SERVICES, STATUSES, TIER_ALIASES, TIERS
from coverage.lists.spec import normal, words
from coverage.lists.values import Parsed, clean_text, is_empty, parse_bool
from coverage.messages import Said
from coverage.nearest import alike

if TYPE_CHECKING:
    from coverage.formats.grids import Cell

_SEPARATORS = re.compile(r"[;；,，、|/\s+&＋]+|和|及|与")


def _read_as(cell: str, value: str) -> Said | None:
    """That a word was read as another, nothing of the same."""
    return None if cell == value else Said(f"{cell!r} → {value}", f"{cell!r} → {value}")


# --- services -------------------------------------------------------------------------------


class Services(NamedTuple):
    """Services of a cell: those of the vocabulary, and words that are not in it."""

    known: tuple[str, ...]
    unknown: tuple[str, ...]


@cache
def service_names() -> dict[str, str]:
    """Service by every name it has, in normal form."""
    own = {normal(name): zh for zh, en in SERVICES.items() for name in (zh, en)}
    return own | words("services")


def parse_services(cell: Cell) -> Services:
    """Services named in a cell, in the words of `coverage.kinds.SERVICES` where they are known."""
    if is_empty(cell):
        return Services((), ())
    return _services(clean_text(cell))


@lru_cache(maxsize=16_384)
def _services(text: str) -> Services:
    names = service_names()
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


def parse_status(cell: Cell) -> Parsed[str]:
    """One of `coverage.kinds.STATUSES`; an unknown word is refused, an empty cell has no value."""
    if is_empty(cell):
        return Parsed(None)
    return _status(clean_text(cell))


@lru_cache(maxsize=4_096)
def _status(text: str) -> Parsed[str]:
    known = {normal(zh): id_ for id_, zh in STATUSES.items()} | words("statuses")
    found = text if text in STATUSES else known.get(normal(text))
    if found:
        return Parsed(found, None if text == STATUSES[found] else _read_as(text, found))
    mentioned = remarked_status(text)
    if mentioned and mentioned.plain:
        return Parsed(mentioned.status, _read_as(text, mentioned.status))
    listed = "、".join(STATUSES.values())
    return Parsed(None, reason=Said(f"状态不明，可用：{listed}", "the status is not known"))


def parse_tier(cell: Cell) -> Parsed[str]:
    """One of `coverage.kinds.TIERS`; an unknown word is refused, an empty cell has no value."""
    if is_empty(cell):
        return Parsed(None)
    text = clean_text(cell)
    found = _tiers().get(normal(text))
    if found:
        return Parsed(found, None if text in TIERS[found] else _read_as(text, found))
    listed = "、".join(zh for zh, _ in TIERS.values())
    return Parsed(None, reason=Said(f"层级不明，可用：{listed}", f"the tier {text!r} is not known"))


@cache
def _tiers() -> dict[str, str]:
    return {normal(name): id_ for name, id_ in TIER_ALIASES.items()} | {t: t for t in TIERS}


_STARS = re.compile(r"([1-5一二三四五])星级?")
_LETTERS = re.compile(r"(?:国家)?(?:([1-5])a|(a{1,5}))级?")
_DIGITS = "零一二三四五"


def parse_grade(cell: Cell, column: str = "") -> Parsed[str]:
    """三星, 3A, 一级: stars and letters in one way of writing, other words as they stand."""
    text = "" if is_empty(cell) else clean_text(cell)
    form = normal(text)
    if form in {"", "无", "未评", "未评定", "未参评", "未评级"} and not text.startswith("★"):
        return Parsed(None)
    found = text
    if stars := len(text) if set(text) <= {"★", "☆"} else 0:
        found = f"{_DIGITS[min(stars, 5)]}星"
    elif letters := _LETTERS.fullmatch(form):
        found = f"{letters[1] or len(letters[2])}A"
    elif match := _STARS.fullmatch(form):
        found = f"{_DIGITS[int(match[1])] if match[1].isdigit() else match[1]}星"
    elif form in set("12345") and "星" in column:
        found = f"{_DIGITS[int(form)]}星"
    return Parsed(found, _read_as(text, found))


class Remark(NamedTuple):
    """A status that is mentioned where none is asked for, and whether that is all that is said."""

    status: str
    word: str
    plain: bool


_CLAUSE = re.compile(r"[，,；;。、\s()（）]+")
_BEFORE = (
    r"(?:目前|现在?|已经?|暂时?|正在?|处于|该[院站所]|[起后]"
    r"|\d{4}[年./-]?(?:\d{1,2}[月./-]?)?(?:\d{1,2}日?)?[底末初中]?)*"
)


@lru_cache(maxsize=16_384)
def remarked_status(text: str) -> Remark | None:
    """The status that a remark or a cell of a date mentions, `None` if it mentions none.

    在建（预计2025年底） says it plainly, 由闲置校舍改建 only has the word.
    """
    known = sorted(words("remarks").items(), key=lambda item: -len(item[0]))
    word = next((word for word, _ in known if word in text), "")
    if not word:
        return None
    plain = re.compile(f"{_BEFORE}{word}(?:整顿|状态|阶段|中|了)?")
    status = words("remarks")[word]
    return Remark(status, word, any(map(plain.fullmatch, _CLAUSE.split(text))))


def parse_ownership(cell: Cell, column: str = "") -> Parsed[str]:
    """公办, 民办, 公建民营, 公益性 or 经营性; other words stay as they are.

    A column named "是否公办" says it with yes and no.
    """
    if is_empty(cell):
        return Parsed(None)
    text = clean_text(cell)
    found = words("ownership").get(normal(text))
    if found is None and ("是否" in column or normal(column) == "ispublic"):
        said = parse_bool(cell).value
        if said is not None:
            own = "公办" if said else "民办"
            told = f"{column} {text!r} → {own}"
            return Parsed(own, Said(told, told))
    if found is None:  # 经营性公墓
        form, known = normal(text), words("ownership")
        inside = max((w for w in known if len(w) > 1 and w in form), key=len, default="")
        found = known.get(inside)
    return Parsed(found or text, _read_as(text, found or text))


# --- kinds ----------------------------------------------------------------------------------


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

    @property
    def said(self) -> Said:
        """The kind, and by what it was found."""
        return Said(
            f"{self.kind}（{self.alias}，{self.score}）",
            f"{self.kind} ({self.alias}, {self.score})",
        )


_NOTHING = KindGuess(None, "", 0.0, "")


@cache
def _kind_names() -> dict[str, str]:
    """Kind by every name it has, in normal form, the longest first."""
    found = words("kinds") | {normal(k.en): k.id for k in KINDS.values()} | alias_names()
    return dict(sorted(found.items(), key=lambda item: (-len(item[0]), item[0])))


@cache
def alias_names() -> dict[str, str]:
    """Kind by every name that a register may use for it, in normal form."""
    return {normal(name): kind for name, kind in (ALIASES | {k: k for k in KINDS}).items()}


def parse_kind(cell: Cell) -> KindGuess:
    """The kind that a word or the name of a facility says: 太和镇敬老院 is elder care.

    The longest name at its end counts more than one inside; a name within one
    slip of a known one is found by likeness. Two kinds that fit equally well
    are no answer.
    """
    return _kind(clean_text(cell)) if cell else _NOTHING


@lru_cache(maxsize=65_536)
def _kind(text: str) -> KindGuess:
    form = normal(text)
    if not form:
        return _NOTHING
    names = _kind_names()
    if form in names:
        return KindGuess(names[form], "exact", 1.0, form)
    inside = [name for name in names if name in form]
    ends = [name for name in inside if form.endswith(name)]
    inside = [name for name in inside if len(name) >= 3]
    if ends:
        return KindGuess(names[ends[0]], "suffix", 0.9, ends[0])
    if inside:
        longest = {names[name] for name in inside if len(name) == len(inside[0])}
        if len(longest) == 1:
            return KindGuess(names[inside[0]], "contains", 0.75, inside[0])
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
