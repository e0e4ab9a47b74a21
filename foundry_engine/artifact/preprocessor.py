"""The ``.bin``: all that is needed to answer besides the graph, as values and as bytes."""

from __future__ import annotations

import math
import struct
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.message import DecodeError

from foundry_engine.artifact import messages
from foundry_engine.artifact.vocabulary import decode_terms, decode_varint, encode_terms, encode_varint
from foundry_engine.errors import MalformedArtifact, VersionMismatch
from foundry_engine.features.ngrams import NGramSettings
from foundry_engine.features.normalizer import normalize
from foundry_engine.features.patterns import ANCHORS, Pattern
from foundry_engine.features.unicode_tables import TABLES_SHA256, UNICODE_VERSION

FORMAT_VERSION = 1
MAX_NGRAM = 16
MAX_LABELS = 10_000
MAX_GROUPS = 10_000
"""Of cues, and of reflexes."""
MAX_LITERAL_BYTES = 1 << 22
"""All literals of a file together, unfolded."""
LEAST_WEIGHT, MOST_WEIGHT = 1e-6, 1e6
"""Between these tf weights, idf values and the value of a cue keep every product far from the ends of double."""


@dataclass(frozen=True, slots=True)
class Group:
    """A named group of patterns; ``label`` is the answer of a reflex and 0 for a cue."""

    name: str
    patterns: tuple[Pattern, ...]
    label: int = 0


@dataclass(frozen=True, slots=True)
class Certificate:
    """Of ``n`` calibration rows answered with the label at or above the threshold, ``errors`` were wrong.

    With probability ``confidence`` over the choice of calibration rows the error rate on rows exchangeable with them
    is at most ``max_error``.
    """

    n: int
    errors: int
    max_error: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Threshold:
    """From which probability an answer is accepted; ``None``: no valid threshold, never accepted."""

    value: float | None
    certificate: Certificate


@dataclass(frozen=True, slots=True)
class Preprocessor:
    """The content of a ``.bin``.

    ``terms`` ascend by their UTF-8 bytes and a term's place is its feature index; cue ``i`` is feature
    ``len(terms) + i``. ``idf`` has one value a term, or is empty: 1. ``tf_weights`` is empty for presence.
    """

    task: str
    blueprint: str
    labels: tuple[str, ...]
    languages: tuple[str, ...]
    ngrams: NGramSettings
    terms: Sequence[str]
    cue_value: float
    idf: Sequence[float] = ()
    tf_weights: Sequence[float] = ()
    cues: tuple[Group, ...] = ()
    reflexes: tuple[Group, ...] = ()
    thresholds: Mapping[int, Threshold] = field(default_factory=dict)
    classifier_sha256: bytes = b""

    @property
    def feature_count(self) -> int:
        """Terms and cues: rows of the graph's weights."""
        return len(self.terms) + len(self.cues)


def encode(preprocessor: Preprocessor) -> bytes:
    """The bytes of a ``.bin``; equal values give equal bytes with one protobuf release."""
    p = preprocessor
    message = messages.Preprocessor(
        format_version=FORMAT_VERSION,
        task=p.task,
        blueprint=p.blueprint,
        labels=p.labels,
        languages=p.languages,
        cue_value=p.cue_value,
        classifier_sha256=p.classifier_sha256,
    )
    message.tables.unicode_version = UNICODE_VERSION
    message.tables.sha256 = bytes.fromhex(TABLES_SHA256)
    n = p.ngrams
    message.ngrams.char_min, message.ngrams.char_max = n.char_min, n.char_max
    message.ngrams.word_min, message.ngrams.word_max = n.word_min, n.word_max
    message.ngrams.term_weight = messages.LOG_TF if p.tf_weights else messages.PRESENCE
    message.ngrams.tf_weights.extend(p.tf_weights)
    message.vocabulary.size = len(p.terms)
    message.vocabulary.terms = encode_terms(p.terms)
    if p.idf:
        counts = Counter(p.idf)
        values = sorted(counts, key=lambda value: (-counts[value], value))  # frequent values get short places
        places = {value: i for i, value in enumerate(values)}
        message.vocabulary.idf_values.extend(values)
        message.vocabulary.idf_places = b"".join(encode_varint(places[value]) for value in p.idf)
    for groups, target in ((p.cues, message.cues), (p.reflexes, message.reflexes)):
        for group in groups:
            written = target.add(name=group.name, label=group.label)
            for name, anchor in ANCHORS.items():
                literals = sorted({pattern.literal for pattern in group.patterns if pattern.anchor == anchor})
                setattr(written, name, encode_terms(literals))
    for label, threshold in sorted(p.thresholds.items()):
        written = message.thresholds.add(label=label)
        if threshold.value is not None:
            written.threshold = threshold.value
        c = threshold.certificate
        written.certificate.n, written.certificate.errors = c.n, c.errors
        written.certificate.max_error, written.certificate.confidence = c.max_error, c.confidence
    return bytes(message.SerializeToString(deterministic=True))


def decode(data: bytes) -> Preprocessor:
    """A ``.bin``'s content; every length and number is checked.

    Raises ``VersionMismatch`` for another format or other Unicode tables, ``MalformedArtifact`` for all other bytes.
    """
    try:
        message = messages.Preprocessor.FromString(data)
    except (DecodeError, UnicodeDecodeError) as error:  # the second from protobuf's pure Python
        raise MalformedArtifact("not a Protobuf message of this kind") from error
    if not message.HasField("tables"):
        raise MalformedArtifact("not a preprocessor file: it names no Unicode tables")
    if message.format_version != FORMAT_VERSION:
        raise VersionMismatch(
            f"format version {message.format_version}, this runtime reads {FORMAT_VERSION}. "
            "Forge the model again with this version, or use the runtime it was made for.",
            expected=FORMAT_VERSION,
            got=message.format_version,
        )
    if message.tables.sha256 != bytes.fromhex(TABLES_SHA256):
        got = f"Unicode {message.tables.unicode_version[:20]}, {message.tables.sha256[:8].hex()}…"
        raise VersionMismatch(
            f"other Unicode tables: expected Unicode {UNICODE_VERSION}, {TABLES_SHA256[:16]}…, got {got}. "
            "Use a runtime of the model's version, or forge the model again.",
            expected=TABLES_SHA256,
            got=message.tables.sha256.hex(),
        )
    labels = tuple(message.labels)
    if not 2 <= len(labels) <= MAX_LABELS or len(set(labels)) < len(labels) or not all(labels):
        raise MalformedArtifact(f"expected at least two different labels, got {len(labels)}")
    if len(message.classifier_sha256) != 32:
        raise MalformedArtifact("no SHA-256 of the classifier")
    if not _is_weight(message.cue_value):
        raise MalformedArtifact(f"cue value {message.cue_value} is not between {LEAST_WEIGHT:g} and {MOST_WEIGHT:g}")
    ngrams, tf_weights = _ngrams(message.ngrams)
    terms = decode_terms(message.vocabulary.terms)
    if len(terms) != message.vocabulary.size:
        raise MalformedArtifact(f"vocabulary: expected {message.vocabulary.size} terms, got {len(terms)}")
    cues, unfolded = _groups(message.cues, 1, "cue", 0)
    reflexes, _ = _groups(message.reflexes, len(labels), "reflex", unfolded)
    return Preprocessor(
        task=message.task,
        blueprint=message.blueprint,
        labels=labels,
        languages=tuple(message.languages),
        ngrams=ngrams,
        terms=terms,
        cue_value=message.cue_value,
        idf=_idf(message.vocabulary, len(terms)),
        tf_weights=tf_weights,
        cues=cues,
        reflexes=reflexes,
        thresholds=_thresholds(message.thresholds, len(labels)),
        classifier_sha256=message.classifier_sha256,
    )


def _ngrams(message: Any) -> tuple[NGramSettings, tuple[float, ...]]:
    settings = NGramSettings(message.char_min, message.char_max, message.word_min, message.word_max)
    word_ok = settings.word_max == 0 or 1 <= settings.word_min <= settings.word_max <= MAX_NGRAM
    if not 1 <= settings.char_min <= settings.char_max <= MAX_NGRAM or not word_ok:
        raise MalformedArtifact(f"n-gram lengths out of range: {settings}")
    weights = tuple(message.tf_weights)
    expected = {messages.PRESENCE: not weights, messages.LOG_TF: 0 < len(weights) <= 65_535}
    if not expected.get(message.term_weight, False):
        raise MalformedArtifact(f"term weight {message.term_weight} with {len(weights)} tf weights")
    if not all(map(_is_weight, weights)):
        raise MalformedArtifact(f"a tf weight is not between {LEAST_WEIGHT:g} and {MOST_WEIGHT:g}")
    return settings, weights


def _idf(message: Any, size: int) -> tuple[float, ...]:
    values = tuple(message.idf_values)
    if not values and not message.idf_places:
        return ()
    if not all(map(_is_weight, values)):
        raise MalformedArtifact(f"an idf value is not between {LEAST_WEIGHT:g} and {MOST_WEIGHT:g}")
    idf: list[float] = []
    at = 0
    while at < len(message.idf_places):
        place, at = decode_varint(message.idf_places, at)
        if place >= len(values):
            raise MalformedArtifact(f"idf of term {len(idf)}: place {place} of {len(values)}")
        idf.append(values[place])
    if len(idf) != size:
        raise MalformedArtifact(f"expected idf places for {size} terms, got {len(idf)}")
    return tuple(idf)


def _is_weight(number: float) -> bool:
    return LEAST_WEIGHT <= number < MOST_WEIGHT


def _groups(written: Any, labels: int, kind: str, unfolded: int) -> tuple[tuple[Group, ...], int]:
    """The groups; the bytes of literals unfolded until then go in and come out."""
    if len(written) > MAX_GROUPS:
        raise MalformedArtifact(f"{kind}: expected at most {MAX_GROUPS:,} groups, got {len(written):,}")
    groups = []
    for number, group in enumerate(written):
        patterns = []
        for name, anchor in ANCHORS.items():
            for literal in decode_terms(getattr(group, name), MAX_LITERAL_BYTES - unfolded):
                unfolded += len(literal.encode())
                if normalize(literal) != literal:
                    raise MalformedArtifact(f"{kind} '{group.name}': a literal is not normalized text")
                patterns.append(Pattern(number, anchor, literal))
        if group.label >= labels:
            raise MalformedArtifact(f"{kind} '{group.name}': label {group.label} of {labels}")
        groups.append(Group(group.name, tuple(patterns), group.label))
    return tuple(groups), unfolded


def _thresholds(written: Any, labels: int) -> dict[int, Threshold]:
    thresholds: dict[int, Threshold] = {}
    for entry in written:
        value = entry.threshold if entry.HasField("threshold") else None
        if entry.label >= labels or entry.label in thresholds:
            raise MalformedArtifact(f"threshold for label {entry.label} of {labels}")
        if value is not None and not 0 <= value <= 1:
            raise MalformedArtifact(f"threshold {value} is not a probability")
        c = entry.certificate
        if c.errors > c.n or not 0 <= c.max_error <= 1 or not 0 <= c.confidence <= 1:
            raise MalformedArtifact(f"impossible certificate for label {entry.label}")
        thresholds[entry.label] = Threshold(value, Certificate(c.n, c.errors, c.max_error, c.confidence))
    return thresholds


def float32(value: float) -> float:
    """The nearest float32 as a float; very small numbers become 0, so that halves stay exact.

    >>> float32(0.1) == 0.1, float32(0.5), float32(1e-40)
    (False, 0.5, 0.0)
    """
    rounded: float = struct.unpack("<f", struct.pack("<f", value))[0]
    return 0.0 if math.fabs(rounded) < 1e-30 else rounded
