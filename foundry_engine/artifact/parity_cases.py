"""Parity cases: texts with every intermediate value, one JSON object a line, for any runtime to prove itself.

Floats are written as the 16 hexadecimal digits of their IEEE 754 bits. A list of more than ``LONGEST_LIST`` items is
written as ``{"count", "sha256"}``, the hash of its items joined by LF; a text of many repetitions as ``{"repeat",
"times"}``. ``proto/README.md``, section "Parity cases", is the specification.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any, TypeVar

from foundry_engine.artifact.reader import read_part
from foundry_engine.errors import MalformedArtifact
from foundry_engine.features.normalizer import MAX_CODE_POINTS, text_problem

Item = TypeVar("Item", str, int)

LONGEST_LIST = 64

HARD_TEXTS = (
    "", " ", "?", "？", "!!!", "...", "…", "a", "好", "\u3000", "\u00a0 \u2003", "\ufeffyes", "ye\u200bs", "\x00",
    "\x07no\x7f", "\x1c\x1d\x1e\x1f", "one\x1ctwo\x1fthree", "line\nbreak\r\n", "\u0085next", "tab\there",
    "\u2028\u2029", "Ｆｕｌｌ－ｗｉｄｔｈ　ｔｅｘｔ？", "ﬁne", "Straße STRASSE", "İstanbul ISTANBUL ı",
    "ΌΣΟΣ ὈΔΥΣΣΕΎΣ ς Σ", "ΑΣ.", "ǅ ǆ Ǆ", "é e\u0301 É E\u0301", "विज्ञान क्या है", "คืออะไร", "ສະບາຍດີ", "မင်္ဂလာပါ",
    "ភាសាខ្មែរ", "日本語ですか", "ｶﾀｶﾅ", "한국어 질문", "ⓐ Ⓐ ② ½ ² Ⅷ", "👍🏽", "👨‍👩‍👧‍👦 ok", "🇨🇳 yes 🇬🇧",
    "好👌的", "1️⃣2️⃣3️⃣", "don’t don't don`t", "“quoted” „quoted‟ 「引用」", "a—b–c―d−e‐f", "3.5 + 4,000 = ?",
    "１２３＋４５６", "۱۲۳ ١٢٣ १२३", "wifi打开吗OK", "打开wifi和bluetooth please", "你好world你好", "A", "𝔸𝕓𝕔 𝟙𝟚",
    "𠀀𠀁𪚥 𰻞", "\U0010ffff", "\ue000", "\ufffd", "\u0301", "\u0301\u0301a", "a\u0300\u0301\u0302", "אבג مرحبا",
    "\u202eabc\u202c", "ｱ゛", "Ǆungla", "ﬀ ﬃ", "Ω Ω K Å", "ẞß", "ŉ", "ΐ", "ﷺ", "ꙮ", "Ⴀ ა Ა", "Ꭰ ꭰ", "\u1e9e",
    "ａ\u0301", "`'´‘", "x" * 60, "? " * 20, "qzxj vwkq", "𐐀𐐨", "🤔" * 8, "yes" + "\u0307" * 20,
    "   leading and trailing   ", "double  space", "\x02\x03\x01", "^start$",
)  # fmt: skip
"""Texts that break careless runtimes; every model is tried on them."""

LONG_TEXTS = (("今天天气怎么样？", MAX_CODE_POINTS), ("好", 10_000), ("a", 10_000), ("ab ", 10_000), ("👍", 10_000))
"""Repetitions, and to how many code points."""


def texts_for(corpus: Sequence[str], boundary: Sequence[str], count: int, seed: int) -> Iterator[dict[str, Any]]:
    """``count`` inputs at least: hard texts, boundary cases, long texts, real sentences, random Unicode."""
    yield from ({"text": text} for text in HARD_TEXTS)
    yield from ({"text": text} for text in boundary)
    for text, length in LONG_TEXTS:
        yield {"repeat": text, "times": length // len(text)}
    random = Random(seed)
    left = max(20, count - len(HARD_TEXTS) - len(boundary) - len(LONG_TEXTS))
    short = sorted({text for text in corpus if len(text) <= 40})
    real = random.sample(short, min(len(short), 2 * left // 3))
    yield from ({"text": text} for text in real)
    for _ in range(max(0, left - len(real))):
        yield {"text": random_text(random)}


def random_text(random: Random, longest: int = 24) -> str:
    """A random Unicode text without surrogates: half of its characters from scripts people use."""
    blocks = (
        (0x20, 0x7E),
        (0xA0, 0x24F),
        (0x370, 0x52F),
        (0x2000, 0x206F),
        (0x3000, 0x30FF),
        (0x4E00, 0x9FFF),
        (0xFF00, 0xFFEF),
    )
    characters = []
    for _ in range(random.randint(0, longest)):
        if random.random() < 0.2:
            code = random.randrange(0x110000 - 0x800)
            characters.append(chr(code if code < 0xD800 else code + 0x800))
        else:
            low, high = random.choice(blocks)
            characters.append(chr(random.randint(low, high)))
    return "".join(characters)


def text_of(case: dict[str, Any]) -> str:
    """The input text of a case."""
    text: str = case["text"] if "text" in case else case["repeat"] * case["times"]
    return text


def read_cases(path: Path) -> list[dict[str, Any]]:
    """The cases of a ``_parity.jsonl``, each one checked to have every step.

    Raises ``MissingPart``, or ``MalformedArtifact`` with ``file:line``.
    """
    cases: list[dict[str, Any]] = []
    for number, line in enumerate(read_part(path).split(b"\n"), start=1):
        if not line:
            continue
        try:
            case = json.loads(line.decode("utf-8"))
        except (ValueError, RecursionError) as error:
            raise MalformedArtifact(f"{path}:{number}: not JSON. Export the model again.") from error
        wrong = "the whole" if not isinstance(case, dict) else _wrong_field(case)
        if wrong:
            raise MalformedArtifact(f"{path}:{number}: not a parity case: {wrong} is wrong. Export the model again.")
        cases.append(case)
    if not cases:
        raise MalformedArtifact(f"{path}: no parity case in it. Export the model again.")
    return cases


def _wrong_field(case: dict[str, Any]) -> str:
    """Name of the first field a case lacks or that is not of its kind; empty when all are right."""
    if "text" not in case:
        repeat, times = case.get("repeat"), case.get("times")
        if not isinstance(repeat, str) or type(times) is not int or not 0 <= times * len(repeat) <= MAX_CODE_POINTS:
            return "text"
    if text_problem(text_of(case)):
        return "text"
    for name, kind in (("normalized", str), ("ngrams", list), ("indices", list), ("values", list)):
        if not isinstance(case.get(name), (kind, dict)):
            return name
    for name in ("logits", "probabilities"):
        numbers = case.get(name)
        if not isinstance(numbers, list) or not all(map(_is_bits, numbers)):
            return name
    if not isinstance(case.get("reflex", 0), (str, type(None))):
        return "reflex"
    return next((name for name in ("label", "outcome") if not isinstance(case.get(name), str)), "")


def _is_bits(text: object) -> bool:
    return isinstance(text, str) and len(text) == 16 and set(text) <= set("0123456789abcdef")


def bits(value: float) -> str:
    """The IEEE 754 bits of a float64, 16 hexadecimal digits.

    >>> bits(0.75)
    '3fe8000000000000'
    """
    return struct.pack(">d", value).hex()


def from_bits(text: str) -> float:
    """The float64 with these bits."""
    value: float = struct.unpack(">d", bytes.fromhex(text))[0]
    return value


def listed(items: Sequence[Item]) -> list[Item] | dict[str, Any]:
    """A list, or its length and hash where it is long."""
    if len(items) <= LONGEST_LIST:
        return list(items)
    return {"count": len(items), "sha256": _hash("\n".join(map(str, items)))}


def shortened(text: str) -> str | dict[str, Any]:
    """A text, or its length in code points and hash where it is long."""
    return text if len(text) <= 400 else {"count": len(text), "sha256": _hash(text)}


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
