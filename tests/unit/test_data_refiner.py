"""Step refine as a whole: what leaves and why, what never touches training, and what is reported."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from pathlib import Path
from random import Random

import pytest

from foundry_engine import data_generator, data_refiner
from foundry_engine.blueprint import Blueprint, Refine
from foundry_engine.errors import EmptyDataset, FoundryError, InvalidSetting
from foundry_engine.features.normalizer import normalize
from foundry_engine.folders import RunFolder, StageResult, run_stage, write_atomic
from foundry_engine.records import Example, Sample, lines_of, read_objects, read_records
from foundry_engine.refinery.operators.boundary_twins import is_boundary_twin
from foundry_engine.similarity.shingles import jaccard, shingles
from tests import courtesy
from tests.tables import Rows


def declared(**refine: object) -> Blueprint:
    loaded = courtesy.declared()
    settings = loaded.declaration.refine.model_copy(update=refine)
    return loaded.model_copy(update={"declaration": loaded.declaration.model_copy(update={"refine": settings})})


def refine(folder: RunFolder, samples: list[Sample], blueprint: Blueprint | None = None) -> StageResult:
    def work(fresh: Path) -> dict[str, object]:
        write_atomic(fresh / "samples.jsonl", lines_of(samples))
        return {}

    run_stage(folder.samples, {"samples": lines_of(samples).decode()}, work)
    return data_refiner.run(blueprint or declared(), courtesy.TASK, folder)


def examples(folder: RunFolder) -> list[Example]:
    return read_records(folder.dataset / "examples.jsonl", Example)


def rows(folder: RunFolder, name: str) -> list[dict[str, object]]:
    return [row for _, row in read_objects(folder.dataset / name)]


def enough() -> Rows:
    """Rows of both labels and languages, enough to be split: real ones, none near another."""
    random = Random(4)
    made = Rows()
    for n in range(40):
        word = "".join(random.choice("bcdfghklmnprstvw") + random.choice("aeiou") for _ in range(5))
        made.add(f"kindly hand me the {word}", origin="corpus", source="mine")
        made.add(f"{word[::-1]} you lazy {word}", "Rude", origin="corpus", source="mine")
        sign = "".join(chr(random.randrange(0x4E00, 0x9000)) for _ in range(5))
        made.add(f"请{sign}", origin="corpus", source="mine")
        made.add(f"{sign[::-1]}{n}滚", "Rude", origin="corpus", source="mine")
    return made


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path / "run")


def test_real_generated_samples_come_through_whole(folder: RunFolder) -> None:
    data_generator.run(courtesy.declared(cells_per_label=30), courtesy.TASK, folder)
    result = data_refiner.run(declared(), courtesy.TASK, folder)
    before = {s.id for s in read_records(folder.samples / "samples.jsonl", Sample)}
    after, gone = [e.id for e in examples(folder)], [row["id"] for row in rows(folder, "removed.jsonl")]
    assert result.summary["splits"]["train"] > 30
    unexplained = before - set(after) - set(gone)
    assert unexplained == set(), "nothing is removed without a row that says why"
    assert data_refiner.run(declared(), courtesy.TASK, folder).state == "unchanged"


def test_the_shares_of_the_splits(folder: RunFolder) -> None:
    refine(folder, enough().samples)
    for language in ("zh", "en"):
        for label in ("Polite", "Rude"):
            part = [e for e in examples(folder) if (e.language, e.label) == (language, label)]
            counts = Counter(e.split for e in part)
            assert 5 <= counts["calibration"] <= 10 and 2 <= counts["test"] <= 5, counts
            assert counts["train"] >= len(part) // 2


def test_families_are_never_split(folder: RunFolder) -> None:
    made = enough()
    for n in range(30):
        made.add(f"wholly unlike words number{n} {n * 7919}", mould=f"m{n % 6}", origin="corpus", source="mine")
        made.add(f"another {n * 104729} of{n} those", "Rude", pair=f"p:{n // 2}", origin="corpus", source="mine")
    refine(folder, made.samples)
    splits: dict[str, set[str]] = defaultdict(set)
    for example in examples(folder):
        splits[example.family].add(example.split)
    assert {family: s for family, s in splits.items() if len(s) > 1} == {}
    sizes = Counter(e.family for e in examples(folder))
    assert max(sizes.values()) >= 5, "the moulds did make families"


def test_no_test_row_is_near_a_training_row(folder: RunFolder) -> None:
    made = enough()
    random = Random(9)
    for sample in list(made.samples):  # the same sentence in other sources, a word longer
        if random.random() < 0.5:
            more = "了" if sample.language == "zh" else " ok"
            made.add(sample.text + more, sample.label, origin="corpus", source="letters")
    refine(folder, made.samples)
    kept = [(e.split, shingles(normalize(e.text)), e.text) for e in examples(folder)]
    learned = [s for split, s, _ in kept if split in ("train", "calibration")]
    near = [t for split, s, t in kept if split in ("test", "withheld") and any(jaccard(s, o) >= 0.6 for o in learned)]
    assert near == []
    reasons = json.loads((folder.dataset / "quality.json").read_text("utf-8"))["removed"]
    removed = Counter(str(row["reason"]) for row in rows(folder, "removed.jsonl"))
    assert reasons == dict(removed) and removed["near_training"] > 10


def test_withheld_sources_are_only_tested_on(folder: RunFolder) -> None:
    made = enough()
    for n in range(20):
        made.add(f"entirely separate {n * 7919} sentence{n}", origin="corpus", source="letters")
    refine(folder, made.samples)
    splits = defaultdict(set)
    for example in examples(folder):
        splits[example.source].add(example.split)
    assert splits["letters"] == {"withheld"}
    assert splits["mine"] == {"train", "calibration", "test"}


def test_boundary_cases_and_their_twins_are_in_no_split(folder: RunFolder) -> None:
    made = enough()
    for text in ("salt please", "Salt, please!", "sal please", "麻烦借过一下", "麻烦借过下", "您可真是大忙人啊！！"):
        made.add(text, origin="corpus", source="mine").add(text, "Rude", origin="corpus", source="letters")
        made.add(text + "?", origin="generated")
    refine(folder, made.samples)
    cases = [normalize(case.text) for case in courtesy.law().boundary_cases]
    assert [e.text for e in examples(folder) for case in cases if is_boundary_twin(case, normalize(e.text))] == []
    why = {str(row["text"]): row for row in rows(folder, "removed.jsonl")}
    assert why["sal please?"]["reason"] == "boundary" and why["sal please?"]["evidence"] == "salt please"


def test_texts_with_two_labels_go_into_the_conflicts_file(folder: RunFolder) -> None:
    made = enough().add("how very kind of you").add("How very kind of  you", "Rude", source="mine", origin="corpus")
    refine(folder, made.samples)
    conflicts = rows(folder, "conflicts.jsonl")
    assert {(row["text"], row["label"]) for row in conflicts} == {
        ("how very kind of you", "Polite"),
        ("How very kind of  you", "Rude"),
    }
    assert not [e for e in examples(folder) if "very kind" in e.text]
    assert {row["id"] for row in conflicts} <= {row["id"] for row in rows(folder, "removed.jsonl")}


def test_duplicates_name_the_row_that_stays(folder: RunFolder) -> None:
    made = enough()
    first = made.samples[0]
    made.add(first.text.upper() + "!", origin="generated")
    made.add(made.samples[1].text[:-1], "Rude", origin="generated")
    refine(folder, made.samples)
    removed = {str(row["text"]): (row["reason"], row["evidence"]) for row in rows(folder, "removed.jsonl")}
    assert removed[first.text.upper() + "!"] == ("duplicate", first.id)
    assert removed[made.samples[1].text[:-1]] == ("typo_twin", made.samples[1].id)


def test_balance_keeps_every_row_and_orders_what_is_missing(folder: RunFolder) -> None:
    made = enough()
    made.samples = [s for n, s in enumerate(made.samples) if s.label == "Polite" or n % 4]
    refine(folder, made.samples)
    assert len(examples(folder)) == len(made.samples)
    train = Counter((e.language, e.label) for e in examples(folder) if e.split == "train")
    order = json.loads((folder.dataset / "generation_order.json").read_text("utf-8"))
    for wish in order:
        language, label = wish["language"], wish["label"]
        assert wish["rows"] == train[language, label]
        assert wish["rows"] + wish["missing"] == max(n for (lang, _), n in train.items() if lang == language)
    assert len(order) == sum(n < max(m for (g, _), m in train.items() if g == lang) for (lang, _), n in train.items())


def test_the_quality_report_says_the_same_as_data_and_as_text(folder: RunFolder) -> None:
    made = enough().add("请坐").add("请坐。").add("a b", "Rude", language="en")
    refine(folder, made.samples)
    data = json.loads((folder.dataset / "quality.json").read_text("utf-8"))
    kept = examples(folder)
    assert data["rows_in"] == len(made.samples) and data["rows_kept"] == len(kept)
    assert data["rows_in"] - data["rows_kept"] == sum(data["removed"].values()) == len(rows(folder, "removed.jsonl"))
    counts = Counter((e.split, e.language, e.label) for e in kept)
    assert {(c["split"], c["language"], c["label"]): c["rows"] for c in data["counts"]} == counts
    assert sum(s["rows"] for s in data["sources"]) == len(kept)
    assert data["families"] == len({e.family for e in kept})
    for language in ("zh", "en"):
        lengths = [len(normalize(e.text)) for e in kept if e.language == language]
        assert (data["length"][language]["min"], data["length"][language]["max"]) == (min(lengths), max(lengths))
        assert sum(data["length"][language]["histogram"]) == len(lengths)
        assert 0 < data["diversity"][language]["distinct_2"] <= 1
    text = (folder.dataset / "quality.txt").read_text("utf-8")
    assert text.startswith(f"rows in {data['rows_in']}, kept {data['rows_kept']}, families {data['families']}\n")
    for reason, count in data["removed"].items():
        assert f"{count:6d}  {reason}" in text


# what cannot be refined


def test_a_label_without_training_rows_is_named(folder: RunFolder) -> None:
    made = Rows()
    for n, sample in enumerate(enough().samples):
        made.add(sample.text, sample.label, origin="corpus", source="letters" if sample.label == "Rude" else f"s{n}")
    with pytest.raises(EmptyDataset, match=r"task 'tone': nothing to train on for label Rude .*withhold fewer sources"):
        refine(folder, made.samples)
    assert not folder.dataset.exists()


def test_no_samples_at_all(folder: RunFolder) -> None:
    with pytest.raises(EmptyDataset, match="nothing to train on for label Polite and Rude"):
        refine(folder, [])


def test_refining_before_generating_says_what_to_run(folder: RunFolder) -> None:
    with pytest.raises(FoundryError, match="step generate has not been run to its end"):
        data_refiner.run(declared(), courtesy.TASK, folder)


def test_samples_changed_behind_its_back_are_refused(folder: RunFolder) -> None:
    refine(folder, enough().samples)
    with (folder.samples / "samples.jsonl").open("ab") as file:
        file.write(lines_of([Rows().add("slipped in").samples[0]]))
    with pytest.raises(FoundryError, match=r"samples\.jsonl: is missing or not as step generate wrote it"):
        data_refiner.run(declared(), courtesy.TASK, folder)


WRONG_ORDERS = [
    (["exact_duplicates"], "operator 'exact_duplicates' needs the tag 'core'"),
    (["normalise", "families"], "operator 'families' needs the tag 'neighbours'"),
    (["normalise", "balance"], "operator 'balance' needs the tag 'duplicate_of'"),
    (["normalise", "near_duplicates", "typo_twins"], "operator 'typo_twins' needs the tag 'duplicate_of'"),
    (["normalise"], "refine.operators make no tag 'neighbours' and 'family' and 'weight', which splitting needs"),
]


@pytest.mark.parametrize(("operators", "message"), WRONG_ORDERS)
def test_an_order_of_operators_that_cannot_work_is_named(folder: RunFolder, operators: list[str], message: str) -> None:
    with pytest.raises(InvalidSetting, match=message):
        refine(folder, enough().samples, declared(operators=operators))


def test_operators_can_be_left_out(folder: RunFolder) -> None:
    operators = [name for name in Refine().operators if name not in ("typo_twins", "conflicts", "boundary_twins")]
    made = enough().add("salt please", origin="corpus", source="mine")
    refine(folder, made.samples, declared(operators=operators))
    assert "salt please" in {e.text for e in examples(folder)}
