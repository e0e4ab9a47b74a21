"""Artifacts: what is encoded is decoded, and any bytes at all are an answer or an ``ArtifactError``."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import string
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from foundry_engine.artifact import manifest, parity_cases
from foundry_engine.artifact.files import ArtifactFiles
from foundry_engine.artifact.graph_reader import read_weights
from foundry_engine.artifact.preprocessor import Certificate, Group, Preprocessor, Threshold, decode, encode, float32
from foundry_engine.artifact.vocabulary import MAX_TERM_BYTES, decode_terms, decode_varint, encode_terms, encode_varint
from foundry_engine.errors import ArtifactError
from foundry_engine.features.ngrams import NGramSettings
from foundry_engine.features.normalizer import normalize
from foundry_engine.features.patterns import ANCHORS, Pattern
from foundry_engine.runtime import MicroModel
from tests.small_artifacts import classifier, preprocessor, write

texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
terms = st.sets(
    st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=70).filter(
        lambda term: len(term.encode()) <= MAX_TERM_BYTES
    ),
    max_size=12,
).map(sorted)
positive = st.floats(2**-19, 2**16, width=32)
shares = st.floats(0, 1)


@given(terms)
@example([])
@example(["\x01", "\x7f", "\x80", "\u07ff", "\u0800", "\uffff", "\U00010000", "\U0010ffff"])
def test_terms_come_back(given_terms: list[str]) -> None:
    assert decode_terms(encode_terms(given_terms)) == given_terms


@given(st.integers(0, 2**32 - 1), st.binary(max_size=3), st.binary(max_size=3))
def test_varints_come_back(value: int, before: bytes, after: bytes) -> None:
    encoded = encode_varint(value)
    assert decode_varint(before + encoded + after, len(before)) == (value, len(before) + len(encoded))


@st.composite
def groups(draw: st.DrawFn, labels: int) -> tuple[Group, ...]:
    made = []
    for number, name in enumerate(draw(st.lists(texts, max_size=3))):
        patterns = []
        for anchor in ANCHORS.values():
            literals = {normalize(text) for text in draw(st.lists(texts, max_size=3))} - {""}
            patterns += [Pattern(number, anchor, literal) for literal in sorted(literals)]
        made.append(Group(name, tuple(patterns), draw(st.integers(0, labels - 1))))
    return tuple(made)


@st.composite
def thresholds(draw: st.DrawFn, labels: int) -> dict[int, Threshold]:
    made = {}
    for label in draw(st.sets(st.integers(0, labels - 1))):
        n = draw(st.integers(0, 2**32 - 1))
        certificate = Certificate(n, draw(st.integers(0, n)), draw(shares), draw(shares))
        made[label] = Threshold(draw(st.none() | shares), certificate)
    return made


@st.composite
def preprocessors(draw: st.DrawFn) -> Preprocessor:
    labels = draw(st.lists(texts.filter(bool), min_size=2, max_size=5, unique=True))
    vocabulary = draw(terms)
    low, high = sorted(draw(st.tuples(st.integers(1, 16), st.integers(1, 16))))
    words = sorted(draw(st.tuples(st.integers(1, 16), st.integers(1, 16))))
    idf = st.lists(positive.map(float32), min_size=len(vocabulary), max_size=len(vocabulary)).map(tuple)
    return Preprocessor(
        task=draw(texts),
        blueprint=draw(texts),
        labels=tuple(labels),
        languages=tuple(draw(st.lists(texts, max_size=3))),
        ngrams=NGramSettings(low, high, *draw(st.sampled_from([words, [0, 0], [words[0], 0]]))),
        terms=vocabulary,
        cue_value=draw(st.floats(1e-6, 1e5)),
        idf=draw(st.just(()) | idf),
        tf_weights=draw(st.just(()) | st.lists(st.floats(1e-6, 1e5), min_size=1, max_size=5).map(tuple)),
        cues=draw(groups(1)),
        reflexes=draw(groups(len(labels))),
        thresholds=draw(thresholds(len(labels))),
        classifier_sha256=draw(st.binary(min_size=32, max_size=32)),
    )


@settings(max_examples=100)
@given(preprocessors())
def test_preprocessors_come_back(p: Preprocessor) -> None:
    assert decode(encode(p)) == p


BIN, GRAPH = b"", b""


@pytest.fixture(scope="module", autouse=True)
def originals() -> None:
    global BIN, GRAPH  # hypothesis draws mutations of these
    p = preprocessor()
    GRAPH = classifier(p)
    BIN = encode(replace(p, classifier_sha256=hashlib.sha256(GRAPH).digest()))


@st.composite
def mutations(draw: st.DrawFn) -> Callable[[bytes], bytes]:
    """Ways to damage a file: cut, bits flipped, parts doubled, moved, replaced, or all other bytes."""
    seed = draw(st.integers(0, 2**32))
    kind = draw(st.sampled_from(["cut", "flip", "flips", "splice", "insert", "long", "drop", "tail"]))
    noise = draw(st.binary(min_size=1, max_size=12))

    def damage(data: bytes) -> bytes:
        chance = random.Random(seed)
        at = chance.randrange(len(data)) if data else 0
        if kind == "cut":
            return data[:at]
        if kind in ("flip", "flips"):
            changed = bytearray(data)
            for _ in range(1 if kind == "flip" else 20):
                changed[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
            return bytes(changed)
        if kind == "splice":
            start = chance.randrange(len(data))
            return data[:at] + data[start : start + chance.randrange(200)] + data[at:]
        if kind == "insert":
            return data[:at] + noise + data[at:]
        if kind == "long":
            return data[:at] + b"\xff\xff\xff\xff\x0f" + data[at + 1 :]
        if kind == "drop":
            return data[:at] + data[at + chance.randrange(1, 40) :]
        return data[at:]

    return damage


def used(model: MicroModel) -> None:
    """A model that loads answers; it may answer nonsense."""
    for text in ("what is a", "你好吗 I know", "", "hello 我 please?"):
        answer = model.predict(text)
        assert answer.label in model.labels and len(answer.probabilities) == len(model.labels)
        assert answer == model.steps(text).answer
        model.explain(text)


def bounded(work: Callable[[], object], data: bytes) -> None:
    """Run it; only an ``ArtifactError`` may come, and no memory the data does not justify."""
    tracemalloc.start()
    try:
        work()
    except ArtifactError as error:
        assert error.message
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak <= 2_000_000 + 400 * len(data)


@settings(max_examples=600)
@given(mutations())
def test_a_damaged_preprocessor_is_refused_or_answers(damage: Callable[[bytes], bytes]) -> None:
    data = damage(BIN)
    bounded(lambda: decode(data), data)


@settings(max_examples=400)
@given(mutations())
def test_a_damaged_graph_is_refused_or_scores(damage: Callable[[bytes], bytes]) -> None:
    data = damage(GRAPH)
    bounded(lambda: read_weights(data), data)


@settings(max_examples=200)
@given(st.binary(max_size=300))
@example(b"\x0a\xff\xff\xff\xff\x07")
@example(b"\x42\x05\x08\xff\xff\xff\x0f")
def test_any_bytes(data: bytes) -> None:
    bounded(lambda: decode(data), data)
    bounded(lambda: read_weights(data), data)
    bounded(lambda: decode_terms(data), data)


@pytest.mark.parametrize("engine", ["plain", "onnxruntime"])
def test_damaged_files_load_as_a_model_or_an_artifact_error(
    engine: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The graph's checksum is put right after the damage, so that what lies behind it is tried as well."""
    folder = tmp_path_factory.mktemp("damaged")
    files = write(folder)
    outcomes: set[bool] = set()

    @settings(max_examples=150 if engine == "plain" else 120)
    @given(mutations(), st.sampled_from(["bin", "graph", "graph with checksum", "both"]))
    def load(damage: Callable[[bytes], bytes], part: str) -> None:
        binary, graph = BIN, GRAPH
        if part != "bin":
            graph = damage(graph)
        if part == "graph with checksum":
            binary = encode(replace(preprocessor(), classifier_sha256=hashlib.sha256(graph).digest()))
        elif part != "graph":
            binary = damage(binary)
        files.preprocessor.write_bytes(binary)
        files.classifier.write_bytes(graph)
        try:
            model = MicroModel.load(folder, "mood", engine)
        except ArtifactError as error:
            assert str(folder) in error.message
            outcomes.add(False)
            return
        outcomes.add(True)
        if engine == "plain":
            used(model)
            return
        for text in ("what is a", "你好吗 I know", ""):
            steps = model.steps(text)
            assert model.score(steps.indices, steps.values) == pytest.approx(steps.probabilities, abs=1e-12)

    load()
    assert outcomes == {True, False}


def damaged_copy(forged: object, folder: Path) -> ArtifactFiles:
    source, target = ArtifactFiles(forged.models, forged.task), ArtifactFiles(folder, forged.task)  # type: ignore[attr-defined]
    for path, place in zip(source.all(), target.all(), strict=True):
        shutil.copy(path, place)
    return target


def test_a_damaged_manifest_is_refused_or_read(forged: object, tmp_path: Path) -> None:
    files = damaged_copy(forged, tmp_path)
    original = files.manifest.read_bytes()

    @settings(max_examples=150)
    @given(mutations())
    def read(damage: Callable[[bytes], bytes]) -> None:
        files.manifest.write_bytes(damage(original))
        bounded(lambda: manifest.read(files), original)

    read()


def test_damaged_parity_cases_are_refused_or_read(forged: object, tmp_path: Path) -> None:
    files = damaged_copy(forged, tmp_path)
    original = b"".join(files.parity.read_bytes().splitlines(keepends=True)[90:110])
    assert len(original) > 5_000

    @settings(max_examples=200)
    @given(mutations())
    def read(damage: Callable[[bytes], bytes]) -> None:
        files.parity.write_bytes(damage(original))
        bounded(lambda: parity_cases.read_cases(files.parity), original)

    read()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(string.printable, max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=8,
)


def test_any_json_in_any_field_is_refused_or_read(forged: object, tmp_path: Path) -> None:
    files = damaged_copy(forged, tmp_path)
    whole = json.loads(files.manifest.read_bytes())
    case = json.loads(files.parity.read_bytes().splitlines()[100])

    @settings(max_examples=150)
    @given(st.sampled_from(sorted(whole)), st.sampled_from([*sorted(case), "repeat", "times"]), JSON)
    def read(key: str, name: str, value: object) -> None:
        files.manifest.write_text(json.dumps({**whole, key: value}))
        bounded(lambda: manifest.read(files), files.manifest.read_bytes())
        files.parity.write_text(json.dumps({**case, name: value}))
        bounded(lambda: parity_cases.read_cases(files.parity), files.parity.read_bytes())

    read()
