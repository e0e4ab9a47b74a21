"""The types of a constitution: one task's law, as declared in ``constitutions/<task>.yaml``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from foundry_engine.features.normalizer import normalize
from foundry_engine.features.patterns import MAX_LITERAL_BYTES, Pattern, patterns_of

Language = Literal["zh", "en"]
Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,63}$")]
Text = Annotated[str, Field(min_length=1, max_length=2000)]
Weight = Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1)]


class Strict(BaseModel):
    """A declaration: unknown keys are mistakes, and nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class LocalText(Strict):
    """A text for people, in both languages."""

    en: Text
    zh: Text

    def __str__(self) -> str:
        return f"{self.zh} / {self.en}"


class Label(Strict):
    """One possible answer. The order of labels is the order of the model's outputs.

    ``weight`` is what missing this label costs, against 1 for the others: its training rows count that much more.
    """

    name: Name
    definition: LocalText
    weight: Annotated[float, Field(gt=0, le=10)] = 1.0


class BoundaryCase(Strict):
    """A sentence with its label that a forged model must get right; never trained on.

    ``reach: out`` marks what a bag of n-grams cannot know: reported, not gated.
    """

    text: Text
    label: Name
    trap: Name
    reach: Literal["in", "out"] = "in"


class Anchors(Strict):
    """Literals by where they must stand in the normalized text.

    ``start`` and ``end`` look past outer punctuation; ``word`` is a whole word (or words) anywhere; ``anywhere`` needs
    no word border. Scripts without spaces have a word border everywhere.
    """

    start: list[Text] = []
    end: list[Text] = []
    word: list[Text] = []
    anywhere: list[Text] = []

    def anchored(self) -> dict[str, list[str]]:
        """The literals by anchor name."""
        return {"start": self.start, "end": self.end, "word": self.word, "anywhere": self.anywhere}

    def literals(self) -> Iterator[tuple[str, int, str]]:
        """Anchor name, position in its list, and literal."""
        for anchor, literals in self.anchored().items():
            for i, literal in enumerate(literals):
                yield anchor, i, literal


class Reflex(Anchors):
    """A group of literals that answers before the model."""

    label: Name


class Patterns(Strict):
    """Named groups of anchored literals: cues become features, reflexes answer at once."""

    cues: dict[Name, Anchors] = {}
    reflexes: dict[Name, Reflex] = {}

    def cue_patterns(self) -> list[Pattern]:
        """Normalized literals of the cues; a group's number is its place."""
        return patterns_of([group.anchored() for group in self.cues.values()])

    def reflex_patterns(self) -> list[Pattern]:
        """Normalized literals of the reflexes; a group's number is its place."""
        return patterns_of([group.anchored() for group in self.reflexes.values()])


class Mould(Strict):
    """A sentence pattern for offline generation.

    ``{slot}`` is filled from a bank of the language; ``(a|b|)`` chooses one. ``pair`` joins moulds that share their
    slot fillings and differ in label: minimal pairs. ``trap`` makes the mould serve boundary cells.
    """

    label: Name
    language: Language
    texts: Annotated[list[Text], Field(min_length=1)]
    trap: Name | None = None
    pair: Name | None = None
    axes: dict[Name, Name] = {}
    weight: Weight = 1.0


class Grammar(Strict):
    """What the offline provider writes from."""

    banks: dict[Language, dict[Name, Annotated[list[Text], Field(min_length=1)]]] = {}
    moulds: dict[Name, Mould] = {}


class Prompt(Strict):
    """What a model is asked. ``user`` may use {label} {definition} {rules} {language} {attributes} {trap} {count}."""

    system: Text
    user: Text


class AbstainTarget(Strict):
    """Answers with this label are accepted only above a threshold certified for this error."""

    max_error: Annotated[float, Field(gt=0, lt=0.5)]
    confidence: Annotated[float, Field(ge=0.5, lt=1)]


class Constitution(Strict):
    """One task's law."""

    task: Name
    title: LocalText
    labels: Annotated[list[Label], Field(min_length=2, max_length=1000)]
    rules: list[LocalText] = []
    traps: dict[Name, LocalText] = {}
    boundary_cases: list[BoundaryCase] = []
    patterns: Patterns = Patterns()
    axes: dict[Name, dict[Name, Weight]] = {}
    confusable: list[Annotated[list[Name], Field(min_length=2, max_length=2)]] = []
    grammar: Grammar = Grammar()
    prompt: Prompt
    abstain: dict[Name, AbstainTarget] = {}
    negations: list[Text] = []

    @property
    def label_names(self) -> list[str]:
        """Labels in the order of the model's outputs."""
        return [label.name for label in self.labels]

    def label(self, name: str) -> Label:
        """The declaration of a label."""
        return next(label for label in self.labels if label.name == name)


Finding = tuple[tuple[str | int, ...], str]
"""A path in the file and what is wrong there."""


def findings(constitution: Constitution, languages: list[str]) -> list[Finding]:
    """What the types cannot see: names that point nowhere, reflexes that swallow boundary cases, empty patterns."""
    return [
        *_labels(constitution),
        *_patterns(constitution),
        *_grammar(constitution, languages),
        *_boundary_cases(constitution),
    ]


def _labels(c: Constitution) -> Iterator[Finding]:
    known = c.label_names
    for i, label in enumerate(c.labels):
        if label.name in known[:i]:
            yield ("labels", i, "name"), f"label '{label.name}' again"
    uses: list[tuple[tuple[str | int, ...], str]] = [
        *((("boundary_cases", i, "label"), case.label) for i, case in enumerate(c.boundary_cases)),
        *((("patterns", "reflexes", name, "label"), reflex.label) for name, reflex in c.patterns.reflexes.items()),
        *((("grammar", "moulds", name, "label"), mould.label) for name, mould in c.grammar.moulds.items()),
        *((("abstain", name), name) for name in c.abstain),
        *((("confusable", i, j), name) for i, pair in enumerate(c.confusable) for j, name in enumerate(pair)),
    ]
    for path, name in uses:
        if name not in known:
            yield path, f"label '{name}' is not declared"


def _patterns(c: Constitution) -> Iterator[Finding]:
    groups = [("cues", name, group) for name, group in c.patterns.cues.items()]
    groups += [("reflexes", name, group) for name, group in c.patterns.reflexes.items()]
    for kind, name, group in groups:
        if not any(group.anchored().values()):
            yield ("patterns", kind, name), "a group without a literal"
        for anchor, i, literal in group.literals():
            size = len(normalize(literal).encode("utf-8", "surrogatepass"))
            if not size:
                yield ("patterns", kind, name, anchor, i), "nothing is left of this literal after normalizing"
            elif size > MAX_LITERAL_BYTES:
                message = f"a literal of {size} bytes (UTF-8, normalized), at most {MAX_LITERAL_BYTES} fit an artifact"
                yield ("patterns", kind, name, anchor, i), message
    for name, reflex in c.patterns.reflexes.items():
        for anchor, i, literal in reflex.literals():
            for case in c.boundary_cases:
                sentence = normalize(case.text).strip(" .!?,")
                if sentence and sentence in normalize(literal):
                    message = f"a reflex may not contain a whole boundary case ('{case.text}')"
                    yield ("patterns", "reflexes", name, anchor, i), message


def _grammar(c: Constitution, languages: list[str]) -> Iterator[Finding]:
    for name, mould in c.grammar.moulds.items():
        path: tuple[str | int, ...] = ("grammar", "moulds", name)
        banks = c.grammar.banks.get(mould.language, {})
        if mould.language not in languages:
            yield (*path, "language"), f"language '{mould.language}' is not in the blueprint"
        for i, text in enumerate(mould.texts):
            for slot in slots_of(text):
                if slot not in banks:
                    yield (*path, "texts", i), f"slot '{{{slot}}}' has no bank in grammar.banks.{mould.language}"
            if text.count("(") != text.count(")") or text.count("{") != text.count("}"):
                yield (*path, "texts", i), "brackets that do not close"
        if mould.trap is not None and mould.trap not in c.traps:
            yield (*path, "trap"), f"trap '{mould.trap}' is not declared"
        for axis, value in mould.axes.items():
            if value not in c.axes.get(axis, {}):
                yield (*path, "axes", axis), f"axis '{axis}' has no value '{value}'"


def _boundary_cases(c: Constitution) -> Iterator[Finding]:
    seen: dict[str, str] = {}
    for i, case in enumerate(c.boundary_cases):
        if case.trap not in c.traps:
            yield ("boundary_cases", i, "trap"), f"trap '{case.trap}' is not declared"
        key = normalize(case.text)
        if key in seen:
            yield ("boundary_cases", i, "text"), f"boundary case '{case.text}' again"
        seen[key] = case.label


def slots_of(text: str) -> list[str]:
    """Names of the slots in a mould.

    >>> slots_of("{city}(今天|明天)的{thing}")
    ['city', 'thing']
    """
    return [part.split("}")[0] for part in text.split("{")[1:]]
