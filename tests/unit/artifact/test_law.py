"""A constitution's patterns as groups of an artifact."""

from __future__ import annotations

from foundry_engine.artifact.law import cue_groups, reflex_groups
from foundry_engine.artifact.preprocessor import Group
from foundry_engine.artifact.vocabulary import MAX_TERM_BYTES
from foundry_engine.constitution import Constitution, findings
from foundry_engine.features.patterns import ANYWHERE, END, MAX_LITERAL_BYTES, START, WHOLE_WORD, Pattern

LAW = Constitution.model_validate(
    {
        "task": "mood",
        "title": {"en": "Mood", "zh": "心情"},
        "labels": [{"name": name, "definition": {"en": name, "zh": name}} for name in ("Ask", "Tell", "Greet")],
        "patterns": {
            "cues": {"first": {"end": ["吗？"], "start": ["What"]}, "second": {"word": ["ＯＫ"]}},
            "reflexes": {
                "hello": {"label": "Greet", "start": ["Hello"]},
                "stop": {"label": "Tell", "anywhere": ["停"]},
                "who": {"label": "Ask", "word": ["who"]},
            },
        },
        "prompt": {"system": "-", "user": "-"},
    }
)


def test_cues_keep_their_order_and_have_no_label() -> None:
    assert cue_groups(LAW) == (
        Group("first", (Pattern(0, START, "what"), Pattern(0, END, "吗?")), 0),
        Group("second", (Pattern(1, WHOLE_WORD, "ok"),), 0),
    )


def test_reflexes_carry_the_place_of_their_label() -> None:
    assert reflex_groups(LAW) == (
        Group("hello", (Pattern(0, START, "hello"),), 2),
        Group("stop", (Pattern(1, ANYWHERE, "停"),), 1),
        Group("who", (Pattern(2, WHOLE_WORD, "who"),), 0),
    )


def test_a_law_without_patterns_has_no_groups() -> None:
    bare = LAW.model_copy(update={"patterns": type(LAW.patterns)()})
    assert cue_groups(bare) == reflex_groups(bare) == ()


def test_a_literal_that_fits_no_artifact_is_a_mistake_of_the_law() -> None:
    anchors = {"anywhere": ["好" * 85, "好" * 86, "Ａ" * 255, "Ａ" * 256, "\u200b" * 900 + "a"]}
    patterns = {"cues": {"long": anchors}, "reflexes": {}}
    law = Constitution.model_validate({**LAW.model_dump(), "patterns": patterns})
    found = dict(findings(law, ["zh", "en"]))
    place = ("patterns", "cues", "long", "anywhere")
    says = "a literal of {} bytes (UTF-8, normalized), at most 255 fit an artifact"
    assert found == {(*place, 1): says.format(258), (*place, 3): says.format(256)}
    assert MAX_LITERAL_BYTES == MAX_TERM_BYTES
