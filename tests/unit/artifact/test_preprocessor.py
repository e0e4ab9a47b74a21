"""The ``.bin``: what goes in comes out, and every wrong number in it is refused by name."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from foundry_engine.artifact import messages
from foundry_engine.artifact.preprocessor import FORMAT_VERSION, Group, Preprocessor, decode, encode, float32
from foundry_engine.artifact.vocabulary import encode_terms
from foundry_engine.errors import MalformedArtifact, VersionMismatch
from foundry_engine.features.ngrams import NGramSettings
from foundry_engine.features.patterns import ANYWHERE, START, Pattern
from foundry_engine.features.unicode_tables import TABLES_SHA256, UNICODE_VERSION
from tests.small_artifacts import preprocessor

VARIANTS = {
    "everything": {},
    "presence": {"tf_weights": ()},
    "no idf": {"idf": ()},
    "no terms": {"terms": [], "idf": ()},
    "no patterns": {"cues": (), "reflexes": ()},
    "no thresholds": {"thresholds": {}},
    "no words": {"ngrams": NGramSettings(2, 3, 0, 0)},
    "two labels": {"labels": ("Yes", "No"), "thresholds": {}, "reflexes": ()},
    "chinese names": {"task": "心情", "labels": ("问", "说", "招呼"), "languages": ("zh",)},
    "a group without literals": {"cues": (Group("none", ()),)},
}


@pytest.mark.parametrize("changes", VARIANTS.values(), ids=VARIANTS.keys())
def test_what_goes_in_comes_out(changes: dict[str, Any]) -> None:
    p = preprocessor(**changes)
    data = encode(p)
    assert decode(data) == p
    assert encode(decode(data)) == data == encode(p)


def test_order_of_literals_makes_no_difference_to_the_bytes() -> None:
    literals = [
        Pattern(0, START, "what"),
        Pattern(0, ANYWHERE, "吗"),
        Pattern(0, START, "are"),
        Pattern(0, START, "are"),
    ]
    one = encode(preprocessor(cues=(Group("ask", tuple(literals)),)))
    assert one == encode(preprocessor(cues=(Group("ask", tuple(reversed(literals))),)))
    assert len(decode(one).cues[0].patterns) == 3


def message_of(p: Preprocessor | None = None) -> Any:
    return messages.Preprocessor.FromString(encode(p or preprocessor()))


def set_to(path: str, value: object) -> Callable[[Any], None]:
    *parents, name = path.split(".")

    def change(message: Any) -> None:
        for parent in parents:
            message = message[int(parent)] if parent.isdigit() else getattr(message, parent)
        setattr(message, name, value)

    change.__name__ = f"{path}={str(value)[:20]}"
    return change


def listing(path: str, values: list) -> Callable[[Any], None]:
    *parents, name = path.split(".")

    def change(message: Any) -> None:
        for parent in parents:
            message = getattr(message, parent)
        del getattr(message, name)[:]
        getattr(message, name).extend(values)

    change.__name__ = f"{path}={str(values)[:20]}"
    return change


def threshold_twice(message: Any) -> None:
    message.thresholds.add(label=0, threshold=0.5)


def many_groups(field: str) -> Callable[[Any], None]:
    def change(message: Any) -> None:
        for _ in range(10_000):
            getattr(message, field).add()

    change.__name__ = f"many_{field}"
    return change


def long_literals(message: Any) -> None:
    """Few bytes that unfold to more than 4 MiB, no part of them alone too much."""
    for group in message.cues[:2]:
        stem = "a" * 250
        literals = [stem + f"{number:04d}" for number in range(9_000)]
        group.anywhere = encode_terms(literals)


WRONG = [
    (listing("labels", []), "labels"),
    (listing("labels", ["One"]), "labels"),
    (listing("labels", ["A", "B", "A"]), "labels"),
    (listing("labels", ["A", "", "C"]), "labels"),
    (listing("labels", [str(i) for i in range(10_001)]), "labels"),
    (set_to("classifier_sha256", b""), "SHA-256"),
    (set_to("classifier_sha256", bytes(31)), "SHA-256"),
    (set_to("cue_value", 0.0), "cue value"),
    (set_to("cue_value", -1.0), "cue value"),
    (set_to("cue_value", 0.99e-6), "cue value"),
    (set_to("cue_value", 1e6), "cue value"),
    (set_to("cue_value", math.nan), "cue value"),
    (set_to("cue_value", math.inf), "cue value"),
    (set_to("ngrams.char_min", 0), "n-gram lengths"),
    (set_to("ngrams.char_min", 5), "n-gram lengths"),
    (set_to("ngrams.char_max", 17), "n-gram lengths"),
    (set_to("ngrams.char_max", 2**32 - 1), "n-gram lengths"),
    (set_to("ngrams.word_min", 0), "n-gram lengths"),
    (set_to("ngrams.word_min", 3), "n-gram lengths"),
    (set_to("ngrams.word_max", 17), "n-gram lengths"),
    (set_to("ngrams.term_weight", 0), "term weight"),
    (set_to("ngrams.term_weight", 1), "term weight"),
    (set_to("ngrams.term_weight", 9), "term weight"),
    (listing("ngrams.tf_weights", []), "term weight"),
    (listing("ngrams.tf_weights", [1.0] * 65_536), "term weight"),
    (listing("ngrams.tf_weights", [1.0, math.nan]), "tf weight"),
    (listing("ngrams.tf_weights", [1.0, 0.0]), "tf weight"),
    (listing("ngrams.tf_weights", [1e-200]), "tf weight"),
    (set_to("vocabulary.size", 9), "expected 9 terms, got 10"),
    (set_to("vocabulary.size", 2**32 - 1), "expected 4294967295 terms"),
    (set_to("vocabulary.terms", b"\x00\x01b\x00\x01a"), "not above"),
    (set_to("vocabulary.terms", b""), "expected 10 terms, got 0"),
    (set_to("vocabulary.idf_places", b""), "idf places"),
    (set_to("vocabulary.idf_places", b"\x00" * 9), "got 9"),
    (set_to("vocabulary.idf_places", b"\x00" * 9 + b"\x80"), "does not end"),
    (set_to("vocabulary.idf_places", b"\x00" * 9 + b"\x63"), "place 99"),
    (listing("vocabulary.idf_values", []), "place 2 of 0"),
    (listing("vocabulary.idf_values", [1.0, 2.0, 3.0, 4.0, -5.0]), "idf value"),
    (listing("vocabulary.idf_values", [1.0, 2.0, 3.0, 4.0, math.inf]), "idf value"),
    (set_to("cues.0.start", b"\x00\x04What"), "'ask': a literal is not normalized"),
    (set_to("cues.1.anywhere", b"\x00\x02a "), "'tell': a literal is not normalized"),
    (set_to("cues.1.word", b"\x05\x01a"), "impossible lengths"),
    (set_to("cues.0.label", 1), "label 1 of 1"),
    (set_to("reflexes.0.label", 3), "label 3 of 3"),
    (set_to("reflexes.1.end", b"\x00\x03\xe3\x80\x82"), "not normalized"),
    (set_to("thresholds.0.label", 3), "label 3 of 3"),
    (threshold_twice, "label 0 of 3"),
    (many_groups("cues"), "cue: expected at most 10,000 groups, got 10,0"),
    (many_groups("reflexes"), "reflex: expected at most 10,000 groups, got 10,0"),
    (long_literals, "beyond the limit of unfolded bytes"),
    (set_to("thresholds.0.threshold", 1.5), "not a probability"),
    (set_to("thresholds.0.threshold", -0.1), "not a probability"),
    (set_to("thresholds.0.threshold", math.nan), "not a probability"),
    (set_to("thresholds.0.certificate.errors", 301), "impossible certificate"),
    (set_to("thresholds.0.certificate.max_error", 1.01), "impossible certificate"),
    (set_to("thresholds.0.certificate.confidence", math.nan), "impossible certificate"),
]


@pytest.mark.parametrize(("change", "words"), WRONG, ids=lambda value: getattr(value, "__name__", ""))
def test_a_wrong_value_is_refused_by_name(change: Callable[[Any], None], words: str) -> None:
    message = message_of()
    change(message)
    with pytest.raises(MalformedArtifact, match=words):
        decode(message.SerializeToString())


@pytest.mark.parametrize(
    ("change", "expected", "got"),
    [
        (set_to("format_version", 0), FORMAT_VERSION, 0),
        (set_to("format_version", FORMAT_VERSION + 1), FORMAT_VERSION, FORMAT_VERSION + 1),
        (set_to("format_version", 2**32 - 1), FORMAT_VERSION, 2**32 - 1),
        (set_to("tables.sha256", bytes(32)), TABLES_SHA256, "00" * 32),
        (set_to("tables.sha256", b""), TABLES_SHA256, ""),
    ],
)
def test_another_version_names_both(change: Callable[[Any], None], expected: object, got: object) -> None:
    message = message_of()
    change(message)
    with pytest.raises(VersionMismatch) as caught:
        decode(message.SerializeToString())
    assert (caught.value.expected, caught.value.got) == (expected, got)
    assert str(expected)[:16] in caught.value.message and "forge the model again" in caught.value.message.lower()


def test_other_tables_name_both_unicode_versions() -> None:
    message = message_of()
    message.tables.sha256, message.tables.unicode_version = bytes(32), "99.9.0"
    with pytest.raises(VersionMismatch, match=f"expected Unicode {UNICODE_VERSION}.*got Unicode 99.9.0"):
        decode(message.SerializeToString())


@pytest.mark.parametrize(
    "data", [b"", b"\n", b"{}", b"<!doctype html>", b"\xff" * 64, bytes(64), "这不是模型".encode(), b"\x32\x7f"]
)
def test_bytes_that_are_no_preprocessor(data: bytes) -> None:
    with pytest.raises(MalformedArtifact):
        decode(data)


def test_equal_patterns_in_two_anchors_are_two_patterns() -> None:
    group = Group("both", (Pattern(0, START, "a"), Pattern(0, ANYWHERE, "a")))
    assert decode(encode(preprocessor(cues=(group,)))).cues == (group,)


def test_places_above_a_byte_come_back() -> None:
    terms = [f"{i:04}" for i in range(400)]
    p = preprocessor(terms=terms, idf=tuple(1 + i / 512 for i in range(400)))
    assert decode(encode(p)).idf == p.idf


def test_feature_count_is_terms_and_cues() -> None:
    p = preprocessor()
    assert p.feature_count == 12 and replace(p, cues=()).feature_count == 10


@pytest.mark.parametrize("value", [0.0, 1.0, -0.1, 1 / 3, 1e30, -1e-29, 5e-31, 1e-40, -1e-45, 16_777_217.0])
def test_float32_is_exact_in_halves(value: float) -> None:
    rounded = float32(value)
    assert struct.unpack("<f", struct.pack("<f", rounded / 2))[0] == rounded / 2
    assert rounded == pytest.approx(value, rel=2**-24, abs=1e-30)
