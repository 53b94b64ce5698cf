"""The corpus's cases for what only an import judges: places, names of units, neighbours, sums."""

from __future__ import annotations

from typing import Any

from corpus.books import HEAD, book
from corpus.make_corpus import PLACE, Sheet, binary, text


def add_places() -> None:
    """Lists that read well and whose rows contradict the ground, one another, or their totals."""
    text(
        "wrong_side.csv",
        "stated WGS84: in place, in another county than stated, far into another township, in "
        "Beijing, without a township, one name in two counties, in a nature reserve without a road",
        "名称,乡镇,WGS84经度,WGS84纬度\n太和镇敬老院,太和镇,112.97,23.73\n"
        "太和镇福利院,太和镇,113.198,23.667\n太和镇颐养院,太和镇,112.919,23.93\n"
        "太和镇养老院,太和镇,116.4,39.9\n康乐养老院,,112.975,23.735\n"
        "石角镇养老院,石角镇,113.56,23.86\n秤架敬老院,秤架瑶族乡,112.87,24.85\n",
        Sheet(
            "HAAAAAAA",
            {"名称": "name", "乡镇": "township", "WGS84经度": "lon", "WGS84纬度": "lat"},
        ),
    )
    text(
        "amap.csv",
        "coordinates whose headings name a phone map, degrees-minutes-seconds among them",
        "名称,乡镇,高德经度,高德纬度\n太和镇敬老院,太和镇,112.983,23.733\n"
        "太和镇福利院,太和镇,112°58′50″,23°44′00″\n太和镇养老院,太和镇,23.735,112.985\n"
        "太和镇颐养院,太和镇,一百一十二度,23.7\n",
        Sheet(
            "HAAAA",
            {"名称": "name", "乡镇": "township", "高德经度": "lon", "高德纬度": "lat"},
        ),
    )
    text(
        "names_of_units.csv",
        "suffixes left out, traditional characters, a slip, a code, an address, a village of one "
        "name in five townships with its township and without",
        "名称,县区,乡镇,村,地址\n一号敬老院,清新,太和,,\n二号敬老院,清新區,太和鎮,,\n"
        "三号敬老院,清新区,龙胫镇,,\n四号敬老院,,,,清远市清新区太和镇府前路1号\n"
        "五号互助幸福院,,太和镇,向群社区,\n六号敬老院,,,田心村,\n七号敬老院,清新区,石角镇,,\n"
        "八号敬老院,,,,府前路\n九号敬老院,佛岡縣,石角镇,,\n",
        Sheet(
            "HAAAAAAAAA",
            {
                "名称": "name",
                "县区": "county",
                "乡镇": "township",
                "村": "village",
                "地址": "address",
            },
        ),
    )
    text(
        "neighbours.csv",
        "the same name and place twice, nearly the same name near and far, numbered branches",
        "名称,乡镇,WGS84经度,WGS84纬度\n太和镇康乐养老院,太和镇,112.9700,23.7300\n"
        "太和镇康乐养老院,太和镇,112.9710,23.7300\n太和镇康乐园养老院,太和镇,112.9710,23.7305\n"
        "太和鎮康乐 养老院(公办),太和镇,112.9700,23.7310\n"
        "太和镇康园养老院,太和镇,112.9900,23.7300\n"
        "太和镇第一养老院,太和镇,112.9700,23.7400\n太和镇第二养老院,太和镇,112.9701,23.7400\n"
        "太和镇敬老院,太和镇,,\n太和敬老院,太和镇,,\n太和镇敬老院,太和镇,112.9700,23.7450\n",
        Sheet(
            "HAAAAAAAAAA",
            {"名称": "name", "乡镇": "township", "WGS84经度": "lon", "WGS84纬度": "lat"},
        ),
    )
    text(
        "sums.csv",
        "more nursing beds than beds, a subtotal that fits and a total that does not, days ahead",
        "机构名称,所属乡镇,床位数,护理型床位数,开业日期,状态\n太和镇敬老院,太和镇,80,90,2015-06-01,在营\n"
        "太和镇福利院,太和镇,60,30,2099-01-01,在营\n太和镇养老院,太和镇,40,20,2099-01-01,在建\n"
        "小计,,180,140,,\n源潭镇敬老院,源潭镇,50,10,,\n合计,,240,150,,\n",
        Sheet(
            "HAAASAS",
            {
                "机构名称": "name",
                "所属乡镇": "township",
                "床位数": "beds",
                "护理型床位数": "nursing_beds",
                "开业日期": "opened",
                "状态": "status",
            },
        ),
    )
    text(
        "ledger_numbers.csv",
        "a ledger whose numbers say one, several, beds, or not which",
        "县区,乡镇,敬老院,长者饭堂,社工站\n清新区,太和镇,1,3,有\n清城区,石角镇,80,1,无\n"
        "清城区,源潭镇,3,,1\n清城区,龙塘镇,3处,0,无\n清新区,禾云镇,8张,/,也许\n清新区,三坑镇,,,\n"
        "清新区,山塘镇,无,无,无\n",
        Sheet(
            "HAAAARAA",
            {
                "县区": "county",
                "乡镇": "township",
                "敬老院": "kind:elder_care",
                "长者饭堂": "kind:meal_point",
                "社工站": "kind:social_work_station",
            },
            because={6: "neither yes nor no"},
        ),
    )
    binary(
        "hidden_rows.xlsx",
        "a filter left on hides a row, and a column is hidden: both are read, and said",
        book(_hidden_rows),
        Sheet(
            "HAAAS",
            PLACE,
            {3: {"beds": 60}},
            name="Sheet",
            note="hidden row was read",
        ),
    )


def _hidden_rows(made: Any) -> None:
    sheet = made.active
    for row in (
        HEAD,
        ["太和镇敬老院", "太和镇", 80],
        ["源潭镇敬老院", "源潭镇", 60],
        ["龙塘镇敬老院", "龙塘镇", 50],
        ["合计", None, 190],
    ):
        sheet.append(row)
    sheet.row_dimensions[3].hidden = True
    sheet.column_dimensions["C"].hidden = True
