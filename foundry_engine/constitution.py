"""The types of a constitution: one task's law, as declared in ``constitutions/<task>.yaml``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from foundry_engine.declared import Name, Strict, Text, Weight
from foundry_engine.features.normalizer import normalize
from foundry_engine.features.patterns import MAX_LITERAL_BYTES, Pattern, patterns_of

Language = Literal["zh", "en"]


class LocalText(Strict):
    """A text for people, in both languages."""

    en: Text
    """In English."""
    zh: Text
    """In Chinese."""

    def __str__(self) -> str:
        return f"{self.zh} / {self.en}"

    def of(self, language: str) -> str:
        """In one language."""
        return self.zh if language == "zh" else self.en


class Label(Strict):
    """One possible answer. The order of labels is the order of the model's outputs.

    ``weight`` is what missing this label costs, against 1 for the others: its training rows count that much more.
    """

    name: Name
    """As it stands in answers and files."""
    definition: LocalText
    """What the label means; part of the prompt."""
    weight: Annotated[float, Field(gt=0, le=10)] = 1.0
    """What missing this label costs, against 1 for the others; above 1 finds more of it."""


class BoundaryCase(Strict):
    """A sentence with its label that a forged model must get right; never trained on.

    ``reach: out`` marks what a bag of n-grams cannot know: reported, not gated.
    """

    text: Text
    """The sentence, as a user would say it."""
    label: Name
    """Its label, by the law."""
    trap: Name
    """Which of the declared traps it is a case of."""
    reach: Literal["in", "out"] = "in"
    """``out``: beyond a bag of n-grams, reported and not gated."""


class NearMiss(Strict):
    """A kind of text near a label's border from outside: it looks like ``of`` and is ``label``.

    Where a label takes everything else (Other, none), ``label`` is that one; of two labels it is the other.
    """

    of: Name
    """The label it is easily taken for."""
    label: Name
    """Its label, by the law."""
    topic: LocalText
    """What such texts are about."""


class Anchors(Strict):
    """Literals by where they must stand in the normalized text.

    ``start`` and ``end`` look past outer punctuation; ``word`` is a whole word (or words) anywhere; ``anywhere`` needs
    no word border. Scripts without spaces have a word border everywhere.
    """

    start: list[Text] = []
    """Literals at the start of the text."""
    end: list[Text] = []
    """Literals at the end of the text."""
    word: list[Text] = []
    """Whole words, or runs of them, anywhere."""
    anywhere: list[Text] = []
    """Literals anywhere, also inside a word."""

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
    """The answer."""


class Patterns(Strict):
    """Named groups of anchored literals: cues become features, reflexes answer at once."""

    cues: dict[Name, Anchors] = {}
    """Groups that are one feature each, with a learned weight."""
    reflexes: dict[Name, Reflex] = {}
    """Groups that answer before the model; asked in this order."""

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
    """Label of every text made from it."""
    language: Language
    """Language of its texts; slots are filled from the banks of this language."""
    texts: Annotated[list[Text], Field(min_length=1)]
    """Templates; one is drawn for each text."""
    trap: Name | None = None
    """Which of the declared traps its texts are cases of."""
    pair: Name | None = None
    """Name shared by the moulds of a minimal pair."""
    near: Name | None = None
    """Which of the declared near misses its texts are."""
    axes: dict[Name, Name] = {}
    """Axis: value; cells that ask for these values prefer the mould."""
    weight: Weight = 1.0
    """How often it is drawn, against the other moulds that fit; 0 is never."""


class Grammar(Strict):
    """What the offline provider writes from."""

    banks: dict[Language, dict[Name, Annotated[list[Text], Field(min_length=1)]]] = {}
    """Language: slot: what the slot may be filled with."""
    moulds: dict[Name, Mould] = {}
    """Sentence patterns by name."""


class Prompt(Strict):
    """What a model is asked: with {label} {definition} {rules} {confusable} {language} {attributes} {trap} {count}.

    Examples and texts to avoid are put before ``user``, what the cell asks besides after it.
    """

    system: Text
    """The instruction, the same for every request of a label."""
    user: Text
    """The request for the texts of one cell."""


class AbstainTarget(Strict):
    """Answers with this label are accepted only above a threshold certified for this error."""

    max_error: Annotated[float, Field(gt=0, lt=0.5)]
    """Largest error rate of accepted answers with this label."""
    confidence: Annotated[float, Field(ge=0.5, lt=1)]
    """Probability that the certified rate holds."""


class Constitution(Strict):
    """One task's law."""

    task: Name
    """The name of the file, without ``.yaml``."""
    title: LocalText
    """For reports."""
    labels: Annotated[list[Label], Field(min_length=2, max_length=1000)]
    """The possible answers, in the order of the model's outputs."""
    rules: list[LocalText] = []
    """What decides doubtful cases; part of the prompt."""
    traps: dict[Name, LocalText] = {}
    """Kinds of boundary, by name."""
    boundary_cases: list[BoundaryCase] = []
    """Sentences a forged model must get right."""
    patterns: Patterns = Patterns()
    """Literals that are features or answers."""
    axes: dict[Name, dict[Name, Weight]] = {}
    """What generated texts vary in. Axis: value: weight; 0 is never drawn."""
    confusable: list[Annotated[list[Name], Field(min_length=2, max_length=2)]] = []
    """Pairs of labels that are easily taken for each other; minimal pairs are asked for across their borders."""
    near_misses: dict[Name, NearMiss] = {}
    """Kinds of text that look like one label and are another, by name: hard negatives."""
    grammar: Grammar = Grammar()
    """What the offline provider writes from."""
    prompt: Prompt
    """What other providers are asked."""
    abstain: dict[Name, AbstainTarget] = {}
    """Label: how certain its accepted answers must be, as a certificate."""
    negations: list[Text] = []
    """Words or phrases that turn a meaning round; texts that differ in them are never twins."""

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
        *((("near_misses", n, "of"), near.of) for n, near in c.near_misses.items()),
        *((("near_misses", n, "label"), near.label) for n, near in c.near_misses.items()),
    ]
    for path, name in uses:
        if name not in known:
            yield path, f"label '{name}' is not declared"
    for i, (first, second) in enumerate(c.confusable):
        if first == second:
            yield ("confusable", i, 1), f"label '{first}' twice: a pair is two labels"
    for name, near in c.near_misses.items():
        if near.of == near.label:
            yield (
                ("near_misses", name, "label"),
                f"label '{near.of}' is no near miss of itself: name what it is instead",
            )


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
    sentences = [(normalize(case.text).strip(" .!?,"), case.text) for case in c.boundary_cases]
    for name, reflex in c.patterns.reflexes.items():
        for anchor, i, literal in reflex.literals():
            normalized = normalize(literal)
            for sentence, written in sentences:
                if sentence and sentence in normalized:
                    message = f"a reflex may not contain a whole boundary case ('{written}')"
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
            if not (_closed(text, "(", ")") and _closed(text, "{", "}")):
                yield (*path, "texts", i), "brackets that do not close"
        if mould.trap is not None and mould.trap not in c.traps:
            yield (*path, "trap"), f"trap '{mould.trap}' is not declared"
        if mould.near is not None:
            miss = c.near_misses.get(mould.near)
            if miss is None:
                yield (*path, "near"), f"near miss '{mould.near}' is not declared"
            elif miss.label != mould.label:
                yield (*path, "near"), f"near miss '{mould.near}' has label {miss.label}, its mould {mould.label}"
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
            other = f", there with label '{seen[key]}'" if seen[key] != case.label else ""
            yield ("boundary_cases", i, "text"), f"boundary case '{case.text}' again{other}"
        seen[key] = case.label


def _closed(text: str, opening: str, closing: str) -> bool:
    depth = 0
    for char in text:
        depth += (char == opening) - (char == closing)
        if depth < 0:
            return False
    return depth == 0


def slots_of(text: str) -> list[str]:
    """Names of the slots in a mould.

    >>> slots_of("{city}(今天|明天)的{thing}")
    ['city', 'thing']
    """
    return [part.split("}")[0] for part in text.split("{")[1:]]
