"""A corpus of short Chinese and English requests made from a seed: moulds, Zipf-drawn words, near-copies of rows.

Three in five rows are Chinese (18 characters on average), seven in twenty English (63), the rest mixed. Three in ten
are a variant of an earlier row: a copy, other case or spaces, one or two characters changed, a word put before or
after, two words swapped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate
from random import Random

MOULDS, WORDS = 800, 6_000
HANZI = (
    "的一是在了我有他这中大来上个国到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可她里后小么心多天而能好都然没日于起"
    "还发成事只作当想看文无开手用主行方又如前所本见经头面公同三已老从动两长知民样现分将外但身些与高意进把法此实回二理美点月明其种声"
    "全工己话儿者向情部正名定女问力机给等几很业最间新什打便位因重被走电四第门相次东政海口使教西再平真听世气信北少关并内加化由却代军"
)
SYLLABLES = [a + b for a in "bdfghklmnprstv" for b in "aeio"] + [
    "ing",
    "er",
    "ion",
    "al",
    "est",
    "ly",
    "we",
    "du",
    "bu",
]
AFFIXES = {"zh": ("请", "麻烦", "帮我", "吧", "谢谢"), "en": ("please ", "hey ", " thanks", " now", " then")}


def corpus(rows: int, seed: int = 7) -> list[str]:
    """That many texts; a longer corpus of the same seed begins with the same rows."""
    random = Random(seed)
    vocabulary = {"zh": _hanzi_words(random), "en": _latin_words(random)}
    weights = list(accumulate(1 / (n + 3) for n in range(WORDS)))
    moulds = [_mould(random, vocabulary, weights) for _ in range(MOULDS)]
    popular = list(accumulate(1 / (n + 20) ** 0.7 for n in range(MOULDS)))
    texts: list[str] = []
    while len(texts) < rows:
        if texts and random.random() < 0.3:
            texts.append(_variant(random.choice(texts), random))
        elif random.random() < 0.0002:
            texts.extend(_family(random.choices(moulds, cum_weights=popular)[0], random, vocabulary, weights))
        else:
            language, parts = random.choices(moulds, cum_weights=popular)[0]
            texts.append(_filled(language, parts, random, vocabulary, weights))
    return texts[:rows]


Mould = tuple[str, list[str | None]]
Vocabulary = dict[str, list[str]]


def _hanzi_words(random: Random) -> list[str]:
    return ["".join(random.choices(HANZI, k=random.choice((1, 2, 2, 2, 3)))) for _ in range(WORDS)]


def _latin_words(random: Random) -> list[str]:
    return ["".join(random.choices(SYLLABLES, k=random.choice((1, 2, 2, 3, 3, 4)))) for _ in range(WORDS)]


def _mould(random: Random, vocabulary: Vocabulary, weights: Sequence[float]) -> Mould:
    """Fixed words, and ``None`` where a word is filled in."""
    language = random.choices(("zh", "en", "mixed"), (60, 35, 5))[0]
    length = random.randint(7, 12) if language == "en" else random.randint(7, 11)
    parts: list[str | None] = [
        *random.choices(vocabulary["en" if language == "en" else "zh"], cum_weights=weights, k=length)
    ]
    for place in random.sample(range(length), k=max(3, length // 2)):
        parts[place] = None
    return language, parts


def _filled(
    language: str, parts: list[str | None], random: Random, vocabulary: Vocabulary, cum: Sequence[float]
) -> str:
    own = "en" if language == "en" else "zh"
    drawn = random.choices(vocabulary[own], cum_weights=cum, k=parts.count(None))
    if language == "mixed":
        drawn[0] = random.choices(vocabulary["en"], cum_weights=cum)[0]
    words = iter(drawn)
    return (" " if own == "en" else "").join(next(words) if part is None else part for part in parts)


def _family(mould: Mould, random: Random, vocabulary: Vocabulary, weights: Sequence[float]) -> Iterator[str]:
    """40 to 160 rows that differ in the last word alone, as a generator that got stuck writes them."""
    base = _filled(*mould, random, vocabulary, weights)
    own = "en" if mould[0] == "en" else "zh"
    for _ in range(random.randint(40, 160)):
        yield base + (" " if own == "en" else "") + random.choices(vocabulary[own], cum_weights=weights)[0]


def _variant(text: str, random: Random) -> str:
    kind = random.randrange(6)
    if kind == 0:
        return text
    if kind == 1:
        return random.choice((text.title(), text + random.choice(".!。！ "), text.replace(" ", "  ")))
    if kind in (2, 3):
        for _ in range(kind - 1):
            text = slip(text, random)
        return text
    language = "en" if text.isascii() else "zh"
    if kind == 4:
        affix = random.choice(AFFIXES[language])
        return affix + text if random.random() < 0.5 else text + affix
    words = text.split(" ") if language == "en" else [text[n : n + 2] for n in range(0, len(text), 2)]
    place = random.randrange(max(1, len(words) - 1))
    words[place : place + 2] = reversed(words[place : place + 2])
    return (" " if language == "en" else "").join(words)


def slip(text: str, random: Random) -> str:
    """One character inserted, left out or replaced."""
    letter = random.choice("abcdefghijklmnopqrstuvwxyz" if text.isascii() else HANZI)
    at = random.randrange(max(1, len(text)))
    kind = random.randrange(3)
    return text[:at] + ("" if kind == 1 else letter) + text[at + (kind > 0) :]
