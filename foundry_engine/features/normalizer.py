"""Text to normalized text: the first step of every answer.

Each code point is folded by the frozen table (lower case, full-width to ASCII, quotes and dashes to one form, every
space to U+0020, invisible code points to nothing), then runs of spaces become one space and outer spaces go.
Specified in ``proto/README.md``, section "Normalize".
"""

from __future__ import annotations

from foundry_engine.features.unicode_tables import FOLD

MAX_CODE_POINTS = 100_000
"""Longer texts are refused at the border, in every runtime."""


def normalize(text: str) -> str:
    r"""The text as the n-grams see it.

    >>> normalize("  Ｗhat’s\u00a0UP？ ")
    "what's up?"
    """
    fold = FOLD.get
    folded = "".join([fold(char, char) for char in text])
    if "  " in folded:
        folded = " ".join([part for part in folded.split(" ") if part])
    return folded.strip(" ")


def text_problem(text: object) -> str | None:
    r"""Why this cannot be answered (not a string, too long, a lone surrogate), or ``None``.

    >>> text_problem("a\ud800")
    'lone surrogate U+D800 at position 1: not a Unicode text'
    """
    if not isinstance(text, str):
        return f"expected a string, got {type(text).__name__}"
    length = str.__len__(text)  # whatever a subclass says
    if length > MAX_CODE_POINTS:
        return f"{length:,} code points, at most {MAX_CODE_POINTS:,} are answered"
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        return f"lone surrogate U+{ord(text[error.start]):04X} at position {error.start}: not a Unicode text"
    return None
