"""A seeded classification task of any size whose truth is known: for measuring what refining gives.

Sentences come from moulds (a family each) filled with words; a label shows in words that are more likely under it, so
no single word decides. Training rows then get what raw data has: wrong labels, rare labels, copies. Test rows come from
moulds that training never saw.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

LABELS = ("refund", "invoice", "delivery", "repair", "praise")
SHARES = (20, 12, 6, 3, 1)
"""Rows of each label, as parts: the largest is twenty times the smallest."""
ZH = (
    "的一是在有人我他这中大来上国个到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可里后小么心多天而能好都然没"
    "日于起还发成事只作当想看文无开手十用主行方又如前所本见经头面公同三已老从动两长"
)
SYLLABLES = [consonant + vowel for consonant in "bdfklmnprstvz" for vowel in "aeiou"]


@dataclass(frozen=True)
class SeededRow:
    """A sentence with the label it carries and the one it was made for; copies share the text in ``original``."""

    text: str
    label: str
    truth: str
    mould: str
    original: str


class SeededTask:
    """Draws rows; equal seeds draw equal rows."""

    def __init__(self, seed: int, language: str = "en") -> None:
        self._random = Random(seed)
        self._language = language
        self._common = [self._word() for _ in range(400)]
        self._telling = {label: [self._word() for _ in range(40)] for label in LABELS}

    def training(self, rows: int, noise: float, copies: float) -> list[SeededRow]:
        """``rows`` rows: ``noise`` of them with another label, ``copies`` of them near or exact copies of others."""
        random = self._random
        originals = self._rows(round(rows * (1 - copies)), SHARES, "train")
        made = [self._noisy(row, noise) for row in originals]
        for _ in range(rows - len(made)):
            row = random.choice(originals)
            made.append(
                self._noisy(SeededRow(self._copied(row.text), row.label, row.truth, row.mould, row.original), noise)
            )
        random.shuffle(made)
        return made

    def fresh(self, rows: int) -> list[SeededRow]:
        """Rows of moulds of their own, every label alike, all labels right."""
        return self._rows(rows, (1,) * len(LABELS), "fresh")

    def _rows(self, count: int, shares: tuple[int, ...], name: str) -> list[SeededRow]:
        random = self._random
        made = []
        for label, share in zip(LABELS, shares, strict=True):
            wanted = max(4, round(count * share / sum(shares)))
            number = 0
            while wanted > 0:
                number += 1
                frame = [random.choice(self._common) for _ in range(random.randint(4, 7))]
                for _ in range(min(wanted, random.randint(1, 3))):
                    text = self._filled(frame, label)
                    made.append(SeededRow(text, label, label, f"{name}-{label}-{number}", text))
                    wanted -= 1
        return made

    def _filled(self, frame: list[str], label: str) -> str:
        random = self._random
        words = list(frame)
        for _ in range(random.randint(2, 4)):
            own = random.random() < 0.9
            source = label if own else random.choice(LABELS)
            words.insert(random.randint(0, len(words)), random.choice(self._telling[source]))
        for _ in range(2):
            words.insert(random.randint(0, len(words)), random.choice(self._common))
        return ("" if self._language == "zh" else " ").join(words)

    def _noisy(self, row: SeededRow, noise: float) -> SeededRow:
        if self._random.random() >= noise:
            return row
        other = self._random.choice([label for label in LABELS if label != row.label])
        return replace(row, label=other)

    def _copied(self, text: str) -> str:
        """Equal, or equal but for case, spaces, an end mark or a slip of the finger."""
        kind = self._random.randrange(4)
        if kind == 1:
            return f" {text.upper()} "
        if kind == 2:
            return text + ("。" if self._language == "zh" else ".")
        if kind == 3 and len(text) >= 20:
            at = self._random.randrange(2, len(text) - 2)
            return text[:at] + text[at + 1 :]
        return text

    def _word(self) -> str:
        random = self._random
        if self._language == "zh":
            return "".join(random.choice(ZH) for _ in range(random.randint(1, 2)))
        return "".join(random.choice(SYLLABLES) for _ in range(random.randint(2, 4)))
