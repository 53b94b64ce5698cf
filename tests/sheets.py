"""Sheets as bureaus send them: ten layouts × encodings × spellings, with the truth known.

`sheets(city, count)` gives the same sheets each time. Each row is a facility of a township that is
known; what its cells say of that township is spelt as the sheet's layout has it, and always enough
for a clerk who knows the city. Nothing here is real but the names of units.
"""

from __future__ import annotations

import io
import random
from typing import TYPE_CHECKING, NamedTuple

from coverage.datum import from_wgs84

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from coverage.units import Unit, Units

ENCODINGS = ("utf-8", "utf-8-sig", "gb18030", "utf-16", "xlsx")
KINDS = (
    "敬老院",
    "养老院",
    "社工站",
    "长者饭堂",
    "日间照料中心",
    "未成年人保护工作站",
    "互助幸福院",
)
_NAMES = "康乐福寿颐年松柏春晖夕阳金秋和睦仁爱安宁祥瑞"
_ROADS = ("人民路", "建设南路", "文明大道", "新市街", "环城东路", "解放二路")
ROWS = 10


class Sheet(NamedTuple):
    """One file.

    Attributes:
        name: Of the file.
        content: Its bytes.
        layout: Name of its layout.
        truth: Code of the township of each row of data, in order.
    """

    name: str
    content: bytes
    layout: str
    truth: tuple[str, ...]


class _Maker:
    """Rows of one sheet."""

    def __init__(self, units: Units, seed: int) -> None:
        self.units, self.luck = units, random.Random(seed)
        self.city = units.city.name if units.city else ""
        self.names: set[str] = set()
        self.county_style = self.luck.randrange(3)
        self.town_style = self.luck.randrange(3)

    def county(self, unit: Unit) -> str:
        """The county: in full, short, or after its city."""
        name = self.units.name(unit.parent)
        short = name if len(name) <= 2 else name[:2]
        return (name, short, f"{self.city}{name}")[self.county_style]

    def town(self, unit: Unit) -> str:
        """The township: in full, without its suffix, or with that of its office."""
        name = unit.name
        root = name.removesuffix("街道").removesuffix("镇")
        office = f"{name}办事处" if name.endswith("街道") else f"{name}人民政府"
        return (name, root if len(root) > 1 else name, office)[self.town_style]

    def own(self) -> str:
        """A name that says no unit and that no other row has."""
        while True:
            name = "".join(self.luck.sample(_NAMES, 2)) + self.luck.choice(KINDS)
            if name not in self.names:
                self.names.add(name)
                return name

    def road(self) -> str:
        return f"{self.luck.choice(_ROADS)}{self.luck.randrange(1, 200)}号"

    def spot(self, unit: Unit, datum: str) -> tuple[str, str]:
        assert unit.lon is not None
        assert unit.lat is not None
        east, north = self.luck.gauss(0, 0.001), self.luck.gauss(0, 0.001)
        lon, lat = from_wgs84(unit.lon + east, unit.lat + north, datum)
        return f"{float(lon):.6f}", f"{float(lat):.6f}"


def _columns(make: _Maker, unit: Unit) -> list[str]:
    return [make.own(), make.county(unit), make.town(unit), str(make.luck.randrange(10, 90))]


def _addresses(make: _Maker, unit: Unit) -> list[str]:
    return [make.own(), make.county(unit), f"{unit.name}{make.road()}"]


def _whole_addresses(make: _Maker, unit: Unit) -> list[str]:
    county = make.units.name(unit.parent)
    return [make.own(), f"广东省{make.city}{county}{unit.name}{make.road()}", "13800000000"]


def _names(make: _Maker, unit: Unit) -> list[str]:
    return [f"{unit.name}{make.own()}", make.units.name(unit.parent), ""]


def _stems(make: _Maker, unit: Unit) -> list[str]:
    root = unit.name.removesuffix("街道").removesuffix("镇")
    return [make.units.name(unit.parent), f"{root}{make.own()}", make.road()]


def _codes(make: _Maker, unit: Unit) -> list[str]:
    dress: Sequence[Callable[[str], str]] = (
        lambda c: c,
        lambda c: f"{c}000",
        lambda c: f"{c}.0",
        lambda c: f" {c[:6]} {c[6:]}",
        lambda c: c.translate({ord(str(n)): chr(0xFF10 + n) for n in range(10)}),
    )
    return [dress[make.town_style % 5](unit.code), make.own(), str(make.luck.randrange(10, 90))]


def _one_cell(make: _Maker, unit: Unit) -> list[str]:
    county = make.units.name(unit.parent)
    written = (
        f"{county}{unit.name}",
        f"{make.city}-{county}-{unit.name}",
        f"{unit.name}（{county[:2]}）",
    )
    return [make.own(), written[make.town_style], make.road()]


def _villages(make: _Maker, unit: Unit) -> list[str]:
    inside = [v for v in make.units.villages if v.code.startswith(unit.code)]
    village = make.luck.choice(inside).name if inside else ""
    return [make.county(unit), unit.name, village, make.own()]


def _map(make: _Maker, unit: Unit) -> list[str]:
    lon, lat = make.spot(unit, "gcj02")
    county = make.units.name(unit.parent)
    return [
        make.own(),
        "090300",
        f"{unit.name}{make.road()}",
        make.city,
        county,
        f"{lon},{lat}",
        "0",
    ]


def _places(make: _Maker, unit: Unit) -> list[str]:
    lon, lat = make.spot(unit, "wgs84")
    return [make.own(), make.county(unit), make.town(unit), f"{lat},{lon}", "在营"]


# Layout by name: spellings of its header, and its rows. A title stands above some.
LAYOUTS: dict[str, tuple[tuple[str, ...], Callable[[_Maker, Unit], list[str]]]] = {
    "columns": (
        (
            "机构名称,县区,乡镇,床位数",
            "设施全称,所属县（市、区）,所在镇（街）,核定床位",
            "站点名称,区县,镇街,床位(张)",
        ),
        _columns,
    ),
    "address": (
        (
            "单位名称,所属区县,单位地址",
            "养老机构名称,县（市、区）,机构地址",
            "墓园名称,县区,墓园地址",
        ),
        _addresses,
    ),
    "whole address": (("名称,详细地址,联系电话", "服务点名称,服务点地址,电话"), _whole_addresses),
    "names": (("名称,县区,备注", "社工站名称,所在县区,备注说明"), _names),
    "short names": (("区,机构名称,地址", "县（市、区）,敬老院名称,坐落位置"), _stems),
    "codes": (("区划代码,机构名称,床位", "行政区划代码,全名,床位数"), _codes),
    "one cell": (
        ("机构全称,所属乡镇,地址", "单位名称,县区,具体地址", "设施名称,市-区,位置"),
        _one_cell,
    ),
    "villages": (("县区,乡镇,村居,名称", "所在区县,所属镇街,村（社区）,站点名称"), _villages),
    "map": (("name,typecode,address,cityname,adname,location,status",), _map),
    "places": (
        ('名称,县区,镇街,"纬度,经度",状态', "机构名称,所属区,街镇,经纬度,运营情况"),
        _places,
    ),
}


def sheets(units: Units, count: int) -> list[Sheet]:
    """So many sheets, the layouts, encodings and spellings in turn."""
    towns = [unit for unit in units.townships if unit.placed]
    made = []
    for number in range(count):
        layout = list(LAYOUTS)[number % len(LAYOUTS)]
        heads, row = LAYOUTS[layout]
        make = _Maker(units, number)
        chosen = make.luck.sample(towns, ROWS)
        header = _split(heads[(number // len(LAYOUTS)) % len(heads)])
        table = [header, *(row(make, unit) for unit in chosen)]
        if number % 3 == 1:
            table.insert(0, [f"{make.city}民政服务设施一览表（第{number}表）"])
        encoding = ENCODINGS[(number + number // len(LAYOUTS)) % len(ENCODINGS)]
        name = f"表{number:03d}.{'xlsx' if encoding == 'xlsx' else 'csv'}"
        made.append(Sheet(name, _written(table, encoding), layout, tuple(u.code for u in chosen)))
    return made


def _split(head: str) -> list[str]:
    import csv

    return next(csv.reader([head]))


def _written(table: list[list[str]], encoding: str) -> bytes:
    if encoding == "xlsx":
        from openpyxl import Workbook

        book = Workbook()
        for cells in table:
            book.active.append(cells)
        out = io.BytesIO()
        book.save(out)
        return out.getvalue()
    import csv

    text = io.StringIO()
    csv.writer(text).writerows(table)
    return text.getvalue().encode(encoding)
