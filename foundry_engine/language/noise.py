"""Channel noise: what typing in a hurry and speech recognition do to a sentence."""

from __future__ import annotations

from random import Random

from foundry_engine.features.unicode_tables import CLASS, SPACELESS

FILLERS = {"zh": ["嗯", "那个", "呃", "就是", "诶", "哎"], "en": ["um", "uh", "well", "so", "hey", "ok so", "like"]}
NEIGHBOURS = {
    "a": "s", "b": "v", "c": "x", "d": "f", "e": "r", "f": "g", "g": "h", "h": "j", "i": "o", "k": "l", "l": "k",
    "m": "n", "n": "m", "o": "p", "r": "t", "s": "d", "t": "y", "u": "i", "w": "e", "y": "u",
}  # fmt: skip
"""Next key on a keyboard."""


def unmarked(text: str) -> str:
    """The text without its end marks.

    >>> unmarked("真的吗？！")
    '真的吗'
    """
    end = len(text)
    while end and not CLASS[ord(text[end - 1])]:
        end -= 1
    return text[:end] or text


def sloppy(text: str, random: Random) -> str:
    """Lower case, no apostrophes, perhaps one slip of the finger in a word of five letters or more."""
    plain = unmarked(text).lower().replace("'", "").replace("’", "")
    parts = plain.split(" ")
    long = [i for i, part in enumerate(parts) if len(part) >= 5 and part.isascii() and part.isalpha()]
    if long and random.random() < 0.5:
        i = random.choice(long)
        at = random.randrange(1, len(parts[i]) - 1)
        word = parts[i]
        slips = (word[:at] + word[at + 1 :], word[:at] + word[at + 1] + word[at] + word[at + 2 :])
        key = NEIGHBOURS.get(word[at])
        parts[i] = random.choice((*slips, word[:at] + key + word[at + 1 :]) if key else slips)
    return " ".join(parts)


def spoken(text: str, language: str, random: Random) -> str:
    """No punctuation at all, sometimes a filler in front."""
    kept = "".join(char if CLASS[ord(char)] or char in " '" else " " for char in text.lower())
    joined = " ".join(kept.split(" ")).strip()
    if any(CLASS[ord(char)] == SPACELESS for char in joined):
        joined = joined.replace("  ", " ")
    if random.random() < 0.3:
        filler = random.choice(FILLERS[language])
        joined = filler + ("" if language == "zh" else " ") + joined
    return " ".join(joined.split())


def through(channel: str, text: str, language: str, random: Random) -> str:
    """The text as it comes out of a channel; an unknown channel changes nothing."""
    if channel == "unmarked":
        return unmarked(text)
    if channel == "sloppy":
        return sloppy(text, random)
    if channel == "spoken":
        return spoken(text, language, random)
    return text
