"""Which encoding a text is in, said with a confidence.

Bytes that decode are not proof: almost any text of one Chinese code decodes
in another and gives rare characters there. So every candidate is decoded and
the result is weighed by how common its characters are.
"""

from __future__ import annotations

import codecs
from functools import cache
from typing import NamedTuple

from coverage.errors import InputError, Problem
from coverage.messages import Said

# Most frequent characters of running text and of the lists this toolkit meets.
_FREQUENT = (
    "的一是不了在人有我他这中大来上国个到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可里后小么"
    "心多天而能好都然没日于起还发成事只作当想看文无开手十用主行方又如前所本见经头面公同三已老从动两长知民样"
    "现分将外但身些与高意进把法此实回二理美点月明其种声全工己话儿者向情部正名定女问力机给等几很业最间新什打"
    "便位因重被走电四第门相次东政海口使教西再平真听世气信北少关并内加化由却代军产入先山五太水万市眼体别处总"
    "镇乡村街道区县省州城养院站福利敬社务服居委助餐堂食饭浴医康护理床层面积型类称经纬度坐标地址备注序号"
    "合计总数建筑立状态营业规划停办已未是否设施单负责电话联系清远阳江中山英德连佛冈新潭龙塘石角源洲荷横"
    "飞来峡童未保救管殡仪馆骨灰楼墓烈士陵园慈善志愿者组织评估等级乐安宁幸夕晖星光松鹤颐怡爱仁和济慈益寿"
    "級鎮鄉區縣養護務會員機構稱點場館類別項目緯經數積樓號註備電話聯繫負責單與開業時間狀態營規劃設標準東門興"
    "廣華龍陽遠連國學醫療復愛兒樂壽寧濟堂園臺灣縣總計"
)


class Encoding(NamedTuple):
    """An encoding and how sure it is: 1 by a byte order mark, else below 1."""

    name: str
    confidence: float

    def __str__(self) -> str:
        return f"{self.name} ({self.confidence:.2f})"


_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE = 1 << 17
_LEAST = 0.45


@cache
def _weights() -> dict[str, float]:
    """How much each known character speaks for a decoding, from 0 to 1."""
    weights: dict[str, float] = {}
    for lead in range(0xA4, 0xC7):  # the frequent plane of Big5
        for trail in (*range(0x40, 0x7F), *range(0xA1, 0xFF)):
            _weigh(weights, bytes((lead, trail)), "big5", 0.35)
    for lead in range(0xB0, 0xD8):  # level 1 of GB 2312
        for trail in range(0xA1, 0xFF):
            _weigh(weights, bytes((lead, trail)), "gb2312", 0.45)
    weights.update(dict.fromkeys(_FREQUENT, 1.0))
    weights.update(dict.fromkeys("，。、：；（）《》“”‘’！？－—…·㎡％", 0.8))
    weights.update({chr(c): 0.6 for c in range(0xFF10, 0xFF5B)})
    return weights


def _weigh(weights: dict[str, float], raw: bytes, encoding: str, weight: float) -> None:
    try:
        weights[raw.decode(encoding)] = weight
    except UnicodeDecodeError:
        return


def _score(text: str) -> tuple[float, int]:
    """Mean weight of the characters beyond ASCII, and how many there are."""
    weights = _weights()
    total, count = 0.0, 0
    for c in text:
        if c < "\x80":
            if c < " " and c not in "\t\r\n\x0b\x0c\x1a":
                total -= 1.0
                count += 1
            continue
        count += 1
        weight = weights.get(c)
        if weight is not None:
            total += weight
        elif c == "\ufffd" or "\ue000" <= c <= "\uf8ff" or c < "\xa0":
            total -= 1.0
        elif "\u4e00" <= c <= "\u9fff":
            total += 0.1
    return (total / count if count else 0.0), count


def _wide(raw: bytes) -> Encoding | None:
    """UTF-16 without a mark, recognised by NUL bytes and by what comes out."""
    scores = []
    for name in ("utf-16-le", "utf-16-be"):
        text = raw[: _SAMPLE & ~1].decode(name, errors="replace")
        score, count = _score(text)
        ascii_share = (len(text) - count) / max(len(text), 1)
        scores.append((ascii_share + score * (1 - ascii_share), name))
    best = max(scores)
    if best[0] < _LEAST:
        return None
    return Encoding(best[1], round(min(0.95, best[0]), 2))


def _utf8(raw: bytes) -> Encoding | None:
    """UTF-8, whole or with a little damage."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("utf-8", errors="replace")
        bad = text.count("\ufffd")
        wide = sum(1 for c in text if c > "\x7f")
        if wide and bad <= max(1, wide // 20) and wide >= 8:
            return Encoding("utf-8", round(0.9 * (1 - bad / wide), 2))
        return None
    if text.isascii():
        return Encoding("utf-8", 1.0)
    return Encoding("utf-8", 0.99)


def detect(raw: bytes) -> Encoding | None:
    """The encoding of `raw`, `None` if it is not text in any that is known.

    Tried are byte order marks, UTF-16 without one, UTF-8, GB18030 (with GBK
    and GB 2312 inside) and Big5 (with the Hong Kong additions).
    """
    for mark, name in _BOMS:
        if raw.startswith(mark):
            return Encoding(name, 1.0)
    if b"\x00" in raw[:_SAMPLE]:
        return _wide(raw)
    found = _utf8(raw)
    if found:
        return found
    scores = []
    for name in ("gb18030", "big5hkscs"):
        score, count = _score(raw[:_SAMPLE].decode(name, errors="replace"))
        scores.append((score, name, count))
    scores.sort(reverse=True)
    (best, name, count), (second, _, _) = scores
    if best < _LEAST:
        return None
    sure = min(0.98, 0.5 + (best - max(second, 0.0)))
    if count < 6:
        sure = min(sure, 0.7)
    return Encoding(name, round(sure, 2))


def decode(raw: bytes, file: str, encoding: str | None = None) -> tuple[str, Encoding]:
    """Text of `raw`; bytes that fit no character become U+FFFD and lower the confidence.

    Args:
        raw: The bytes.
        file: Name for messages.
        encoding: What the user says it is; not questioned, but bytes must decode.

    Raises:
        InputError: If no encoding fits, or the one named does not exist.
    """
    if encoding:
        try:
            return raw.decode(encoding), Encoding(encoding, 1.0)
        except (LookupError, ValueError) as error:
            raise InputError(
                Problem(Said(f"不能按 {encoding} 读出", f"the text is not {encoding}"), file)
            ) from error
    found = detect(raw)
    if found is None:
        raise InputError(
            Problem(
                Said(
                    "不是能识别的文本（不是 UTF-8、UTF-16、GB18030、Big5）",
                    "this is not text in UTF-8, UTF-16, GB18030 or Big5",
                ),
                file,
            )
        )
    text = raw.decode(found.name, errors="replace")
    if found.name == "utf-8-sig" and "\ufffd" in text:
        found = found._replace(confidence=0.9)
    return text, found
