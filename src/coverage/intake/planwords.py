"""Words of a sheet of targets: ways of computing, levels, kinds, services, fields of work."""

from __future__ import annotations

import re
from functools import cache

from coverage.clauses import MEASURES
from coverage.lists.spec import normal, words

SEPARATORS = re.compile(r"[;；,，、|/\s]+")
NOTES = re.compile(r"(附?注|备注|说明|来源|资料来源|数据来源|填表|制表|审核|单位盖章)\s*[:：\d]")
TOTALS = re.compile(r"(合计|总计|小计|共计)")
SECTION = re.compile(r"[(（]?[一二三四五六七八九十]{1,3}[)）、.．]")


@cache
def methods() -> dict[str, tuple[str, str]]:
    """Measure and share by what planners call them."""
    own = {normal(word): measure for measure, said in MEASURES.items() for word in (*said, measure)}
    found = own | words("methods")
    return {
        word: (method.partition(":")[0], method.partition(":")[2]) for word, method in found.items()
    }


def system_of(name: str) -> str:
    """The field of civil affairs that a name speaks of."""
    form = normal(name)
    return next((s for word, s in words("systems").items() if word in form), "基本社会服务")
