"""Channel noise changes how a sentence is typed, never what it says, and the same seed types the same."""

from __future__ import annotations

from random import Random

import pytest

from foundry_engine.features.ngrams import words
from foundry_engine.features.normalizer import normalize
from foundry_engine.features.unicode_tables import CLASS
from foundry_engine.language.noise import FILLERS, sloppy, spoken, through, unmarked
from foundry_engine.similarity.edit_distance import within

SENTENCES = [
    ("今天天气怎么样？", "zh"), ("好的，没问题！", "zh"), ("打开 WiFi 和蓝牙。", "zh"), ("？！", "zh"), ("", "zh"),
    ("Don’t turn the kitchen lights off!", "en"), ("What's up?", "en"), ("No.", "en"), ("...", "en"),
    ("A 3.5 km walk", "en"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("真的吗？！", "真的吗"), ("really?!", "really"), ("really", "really"), ('"yes"', '"yes'),
        ("ok 👍", "ok"), ("a b. ", "a b"), ("?!", "?!"), ("", ""), ("3%", "3"),
    ],
)  # fmt: skip
def test_unmarked(text: str, expected: str) -> None:
    assert unmarked(text) == expected


@pytest.mark.parametrize(("text", "language"), SENTENCES)
def test_sloppy_typing_slips_at_most_once(text: str, language: str) -> None:
    plain = unmarked(text).lower().replace("'", "").replace("’", "")
    for seed in range(60):
        typed = sloppy(text, Random(seed))
        assert within(typed, plain, 2) and len(typed.split(" ")) == len(plain.split(" "))
        changed = [(a, b) for a, b in zip(plain.split(" "), typed.split(" "), strict=True) if a != b]
        assert len(changed) <= 1 and all(len(a) >= 5 and a.isascii() for a, _ in changed)
        assert all(a[0] == b[0] for a, b in changed)


def test_sloppy_typing_does_slip() -> None:
    typed = {sloppy("please turn the kitchen lights off", Random(seed)) for seed in range(80)}
    assert "please turn the kitchen lights off" in typed and len(typed) > 15


@pytest.mark.parametrize(("text", "language"), SENTENCES)
def test_speech_has_no_punctuation_and_all_the_words(text: str, language: str) -> None:
    heard = {spoken(text, language, Random(seed)) for seed in range(60)}
    kept = [char for char in text.lower() if CLASS[ord(char)]]
    for said in heard:
        assert all(CLASS[ord(char)] or char in " '" for char in said) and "  " not in said and said == said.strip()
        letters = [char for char in said if CLASS[ord(char)]]
        filler = next((f for f in FILLERS[language] if letters == [c for c in f if CLASS[ord(c)]] + kept), None)
        assert letters == kept or filler
    assert any([char for char in said if CLASS[ord(char)]] == kept for said in heard)
    if kept:
        assert len(heard) > 1


@pytest.mark.parametrize("channel", ["clean", "unmarked", "sloppy", "spoken", "unheard of"])
def test_channels_are_seeded(channel: str) -> None:
    for text, language in SENTENCES:
        once = [through(channel, text, language, Random(seed)) for seed in range(20)]
        assert once == [through(channel, text, language, Random(seed)) for seed in range(20)]


@pytest.mark.parametrize(("channel", "same"), [("clean", True), ("unheard of", True), ("unmarked", False)])
def test_channels_without_chance(channel: str, same: bool) -> None:
    assert through(channel, "真的吗？", "zh", Random(1)) == ("真的吗？" if same else "真的吗")


def test_numbers_survive_every_channel() -> None:
    for channel in ("unmarked", "sloppy", "spoken"):
        for seed in range(40):
            typed = through(channel, "set the alarm for 7 30 please", "en", Random(seed))
            assert [word for word in words(normalize(typed)) if word.isdigit()] == ["7", "30"]
