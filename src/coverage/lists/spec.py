"""Kinds of list as data: what fields a list may have, and what its columns are called.

The words stand in ``columns.toml`` (names of columns, by kind of list and
field) and ``words.toml`` (words of fixed lists). Names are compared as written
first, then in a normal form: half width, lower case, simplified, no blanks or
punctuation.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, cached_property
from typing import TYPE_CHECKING, NamedTuple

from coverage.kinds import ALIASES
from coverage.messages import Said
from coverage.packaged import packaged
from coverage.places.names import plain_name

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from coverage.formats.grids import Cell

_JUNK = re.compile(r"[\s\W_]+")
_BRACKETED = re.compile(r"[(\[<{【〔《][^)\]>}】〕》]*[)\]>}】〕》]")
_NUMBERED = re.compile(r"^\s*[(（]?(\d{1,2}|[一二三四五六七八九十]{1,2})[)）.、．]\s*(?=\D)")
_PERSONAL_NAME = re.compile(
    r"身份证|证件号|护照|银行卡|银行账号|电话|手机|联系方式|联系人|联络人|微信|qq号|qq$|邮箱|电子邮件"
    r"|座机|传真|热线|姓名|负责人|法定代表|法人代表|法人$|院长|站长|园长|经办人|填表人|填报人|制表人|监护人|家属"
    r"|家庭住址|户籍地址|出生(日期|年月)|管理员$|护理员名单|紧急联络"
    r"|phone|mobile|^tel|telephone|contact|^idcard|idnumber|idno$|passport|email|residentname"
    r"|personname|^manager|wechat|headname|legalperson|birthday|dateofbirth"
)
_LONGEST_HEAD = 24  # characters of a heading that is read by its parts
_NOT_PERSONAL = re.compile(r"(是否|有无|数|人数|数量|率|合计)$|^(是否|有无)")


def normal(name: str) -> str:
    """Normal form of a name, brackets' content kept: "机构名称*" and "機構 名稱" are one."""
    return _JUNK.sub("", plain_name(name))


def unbracketed(name: str) -> str:
    """Normal form without numbering in front and without what stands in brackets."""
    text = unicodedata.normalize("NFKC", name)
    return normal(_NUMBERED.sub("", _BRACKETED.sub("", text)))


def is_personal_name(name: str) -> bool:
    """Whether a column's name says that it holds what belongs to a person."""
    form = normal(name)
    return not _NOT_PERSONAL.search(form) and bool(_PERSONAL_NAME.search(form))


@cache
def words(table: str) -> dict[str, str]:
    """What every word of a fixed list means, by its normal form; see ``words.toml``."""
    found: dict[str, str] = {}
    for meaning, said in packaged("lists/words.toml")[table].items():
        for word in said.split():
            found.setdefault(normal(word), meaning)
    return found


class Field(NamedTuple):
    """What one column may mean: what reports call it, and the words that headers use for it."""

    said: Said
    names: tuple[str, ...]


class Spec:
    """One kind of list.

    Args:
        kinds: Tables of ``columns.toml`` whose fields it has; of two fields with one name the
            first keeps it.
        also: The field of a name that no word covers, such as 60岁及以上 or 2027年目标值.
        known: Further names that belong to a header, of no field.
        services: Whether a column may be called by a service.
        keys: Fields that say what a row is about: where such a column is repeated, tables stand
            side by side.
        even: Whether such tables must have the same columns.
    """

    def __init__(
        self,
        *kinds: str,
        also: Callable[[str], str | None] | None = None,
        known: Iterable[str] = (),
        services: bool = False,
        keys: Collection[str] = (),
        even: bool = True,
    ) -> None:
        self.keys, self.even = keys, even
        self.kinds, self._also, self._services = kinds, also, services
        self._known = frozenset(map(normal, known))
        self._seen: dict[str, str | None] = {}
        self._heads: dict[str, bool] = {}

    @cached_property
    def fields(self) -> dict[str, Field]:
        """Every field by its id."""
        tables = [packaged("lists/columns.toml")[kind] for kind in reversed(self.kinds)]
        return {
            id_: Field(Said(field["zh"], field["en"]), tuple(_names(field, table)))
            for table in tables
            for id_, field in table.items()
        }

    @cached_property
    def exact(self) -> dict[str, str]:
        """Field of every name as it is written; columns that no list needs have an empty one."""
        found = dict.fromkeys(packaged("lists/columns.toml")["ignored"].split(), "")
        for id_, field in self.fields.items():
            found |= dict.fromkeys((*field.names, id_), id_)
        if self._services:
            for service, said in packaged("lists/words.toml")["services"].items():
                for name in said.split():
                    found.setdefault(name, f"service:{service}")
        return found

    @cached_property
    def normals(self) -> dict[str, str]:
        """Field of every name in normal form."""
        found: dict[str, str] = {}
        for name, field in self.exact.items():
            found.setdefault(normal(name), field)
        found.pop("", None)
        return found

    @cached_property
    def _parts(self) -> tuple[re.Pattern[str], dict[str, str]]:
        """The form of a heading made of known parts, and the field of what it ends with."""
        parts = packaged("lists/columns.toml")["parts"]
        ends = dict.fromkeys(map(normal, parts["ignored"].split()), "")
        for kind in reversed(self.kinds):
            for id_, field in packaged("lists/columns.toml")[kind].items():
                of = field.get("of", "").split()
                joined = [verb + end for verb in field.get("verbs", "").split() for end in of]
                more = [*field.get("ends", "").split(), *joined]
                ends |= {normal(end): id_ for end in more if normal(end) not in ends}
        about = [normal(n) for n in (*parts["subjects"].split(), *ALIASES, *words("kinds"))]
        around = [normal(n) for n in parts["around"].split()]
        pattern = f"(?:{_any([*about, *around])})*?({_any(ends)})(?:{_any(around)})*"
        return re.compile(pattern), ends

    def by_parts(self, form: str) -> str | None:
        """The field of a heading made of known parts; empty if it is known and not needed.

        Args:
            form: Its normal form.
        """
        pattern, ends = self._parts
        found = pattern.fullmatch(form) if len(form) <= _LONGEST_HEAD else None
        return ends[found[1]] if found else None

    def plus(self, known: Iterable[str]) -> Spec:
        """The same kind with further names of columns, as a mapping file has them."""
        return Spec(
            *self.kinds,
            also=self._also,
            known=known,
            services=self._services,
            keys=self.keys,
            even=self.even,
        )

    def field(self, name: str) -> str | None:
        """The field that a name means; empty if it is known and not needed, `None` if unknown."""
        if name not in self._seen:
            self._seen[name] = self._field(name)
        return self._seen[name]

    def _field(self, name: str) -> str | None:
        forms = (normal(name), unbracketed(name), unbracketed(name.rpartition("/")[2]))
        found = next((self.normals[form] for form in forms if form in self.normals), None)
        return self._also(name) if found is None and self._also else found

    def heads(self, cell: Cell) -> bool:
        """Whether a cell reads like the name of a column that is known, wanted or not."""
        text = "" if cell is None else str(cell).strip()
        if text not in self._heads:
            self._heads[text] = self._is_head(text, number=not isinstance(cell, str))
        return self._heads[text]

    def _is_head(self, text: str, *, number: bool) -> bool:
        form = normal(text) if len(text) <= 40 else ""
        if not form or number:
            return bool(form and self._also and self._also(text))
        forms = (form, unbracketed(text))
        own = form in self._known or any(f in self.normals or self.by_parts(f) for f in forms)
        if own or _is_personal_head(form) or (self._also and self._also(text)):
            return True
        return self is not FACILITIES and FACILITIES.heads(text)

    def is_service(self, text: str) -> bool:
        """Whether a text names a service, which may be the name of a column or a value."""
        return (self.field(text) or "").startswith("service:")

    def places(self, columns: Iterable[str]) -> dict[str, int]:
        """Index of the column of each field; a column that fits two is the earlier field's.

        Of the names of a field the first that some column has is taken, and of the columns so
        called the first.
        """
        forms: dict[str, int] = {}
        named = list(enumerate(columns))
        for index, column in named:
            forms.setdefault(normal(column), index)
        for index, column in named:  # 地区/名称 where no column is called 名称 alone
            forms.setdefault(normal(column.rpartition("/")[2]), index)
        forms.pop("", None)
        found: dict[str, int] = {}
        for id_, field in self.fields.items():
            at = (forms[form] for form in map(normal, field.names) if form in forms)
            for free in (index for index in at if index not in found.values()):
                found.setdefault(id_, free)
        return found


def _names(field: dict[str, str], table: dict[str, dict[str, str]]) -> list[str]:
    """Names of a field, and those of the field of facilities that it is like."""
    own = field["names"].split()
    if "like" in field:
        taken = {name for other in table.values() for name in other["names"].split()}
        more = packaged("lists/columns.toml")["facilities"][field["like"]]["names"].split()
        own += [name for name in more if name not in taken]
    return own


def _any(words: Iterable[str]) -> str:
    """A pattern of any of these words, the longest first."""
    return "|".join(map(re.escape, sorted(filter(None, words), key=len, reverse=True)))


def _is_personal_head(form: str) -> bool:
    """Names such as 联系电话 or 老人姓名, and not a line such as 填表人张三."""
    return (
        len(form) <= 10
        and bool(_PERSONAL_NAME.search(form))
        and form.endswith(("号", "码", "话", "机", "名", "人", "式", "址", "phone"))
    )


FACILITIES = Spec("facilities", services=True, keys=("name",))
UNITS = Spec("units")
SITES = Spec("sites")
