"""Whole generations by a provider that reads prompts: prompts, blind reading, steering, budget, resuming."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from foundry_engine import data_generator
from foundry_engine.blueprint import SecondPass
from foundry_engine.errors import Refused
from foundry_engine.features.normalizer import normalize
from foundry_engine.folders import RunFolder
from foundry_engine.generation.plan import make_plan
from foundry_engine.generation.prompt import prompt_hash
from foundry_engine.records import Sample, read_objects, read_records
from tests import courtesy
from tests.courtesy.author import Author, tone


def generate(place: Path, **settings: Any) -> dict[str, Any]:
    declared = courtesy.reading(**{"max_rounds": 8, "samples_per_cell": 3, **settings})
    return dict(data_generator.run(declared, courtesy.TASK, RunFolder(place)).summary)


def report(place: Path) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((place / "1_samples" / "generation.json").read_bytes())
    return data


def rows(place: Path, name: str) -> list[dict[str, Any]]:
    return [row for _, row in read_objects(place / "1_samples" / f"{name}.jsonl")]


def samples(place: Path) -> list[Sample]:
    return read_records(place / "1_samples" / "samples.jsonl", Sample)


def test_a_run_in_which_all_goes_well(author: Author, tmp_path: Path) -> None:
    summary = generate(tmp_path)
    assert summary["coverage"]["full"] == summary["coverage"]["cells"]
    prompts = [prompt_hash(request) for request in author.asked]
    assert len(set(prompts)) == len(prompts) > 40
    made = samples(tmp_path)
    known = {row["id"]: row for row in rows(tmp_path, "provenance")}
    for sample in made:
        where = known[sample.id]
        assert where["cell"] == sample.cell and where["prompt"] in prompts and where["round"] in range(8)
    assert len(known) == len(made) == len({(s.label, normalize(s.text)) for s in made})
    assert report(tmp_path)["second_pass"]["kappa"] == 1.0


def test_the_front_of_every_prompt_is_the_law(author: Author, tmp_path: Path) -> None:
    generate(tmp_path)
    written = [request for request in author.asked if "texts" not in request.cell]
    assert len({request.system for request in written}) == 4, "one a label and language"
    later = [request for request in written if "Texts that are there already" in request.user]
    assert later
    for request in later:
        assert request.user.index("there already") < request.user.index("Write ")


def test_both_halves_of_a_pair_are_one_text_and_its_change(author: Author, tmp_path: Path) -> None:
    generate(tmp_path)
    texts = {s.text: s for s in samples(tmp_path)}
    twins = [request.cell["twin"] for request in author.asked if request.cell.get("twin")]
    assert twins
    for twin in twins:
        labels = [s.label for s in texts.values() if s.pair == texts[twin].pair]
        assert sorted(labels) == ["Polite", "Rude"]


def test_what_the_reader_does_not_agree_to_is_never_a_sample(author: Author, tmp_path: Path) -> None:
    author.wrong = 0.2
    summary = generate(tmp_path)
    assert all(tone(sample.text) == sample.label for sample in samples(tmp_path))
    apart = rows(tmp_path, "quarantine")
    assert len(apart) == summary["quarantined"] > 10
    assert {row["reason"] for row in apart} == {"disagreement"}
    assert all(row["verdict"] == tone(row["text"]) != row["label"] for row in apart)
    ids = {s.id for s in samples(tmp_path)}
    assert not ids & {row["id"] for row in apart}
    second = report(tmp_path)["second_pass"]
    assert second["quarantined"] == {"disagreement": len(apart)}
    assert 0.6 < second["agreement"] < 0.95 and 0.2 < second["kappa"] < 0.9
    assert sum(row[4] for row in second["cells"]) == second["read"]


def test_a_mistaken_reader_is_outvoted_where_it_matters(author: Author, tmp_path: Path) -> None:
    author.blind = 0.1
    generate(tmp_path, second_pass=SecondPass(votes=5, doubt=1.0))
    apart = rows(tmp_path, "quarantine")
    assert len(apart) < 0.04 * len(samples(tmp_path))
    assert all(len(row["votes"]) == 5 for row in apart)


@pytest.mark.parametrize(
    ("second", "said"),
    [
        (SecondPass(share=0), "not verified (second_pass.share is 0)"),
        (SecondPass(provider="offline"), "not verified (offline)"),
    ],
)
def test_without_a_reader_the_report_says_so(author: Author, tmp_path: Path, second: SecondPass, said: str) -> None:
    generate(tmp_path, second_pass=second)
    assert report(tmp_path)["second_pass"] == {"verdict": said}
    assert said in (tmp_path / "1_samples" / "generation.md").read_text("utf-8")
    assert not [request for request in author.asked if "texts" in request.cell]


def test_a_share_is_read(author: Author, tmp_path: Path) -> None:
    generate(tmp_path, second_pass=SecondPass(share=0.5))
    assert 0.3 < report(tmp_path)["second_pass"]["read"] / len(samples(tmp_path)) < 0.7


def test_every_cell_is_full_or_named_when_the_writer_repeats_itself(author: Author, tmp_path: Path) -> None:
    author.collapse = 0.9
    summary = generate(tmp_path, max_rounds=12)
    found, coverage = report(tmp_path), summary["coverage"]
    assert coverage["full"] + coverage["saturated"] == coverage["cells"] > 40
    assert len(found["saturated"]) == coverage["saturated"] > 0
    assert found["duplicates"]["duplicate"] > 100
    prompts = [prompt_hash(request) for request in author.asked]
    assert len(set(prompts)) == len(prompts)
    plan = [cell.id for cell in make_plan(courtesy.reading(samples_per_cell=3), courtesy.TASK)]
    assert [row["id"] for row in rows(tmp_path, "plan")][: len(plan)] == plan


def test_a_budget_is_kept_and_shared_fairly(author: Author, tmp_path: Path) -> None:
    whole = sum(generate(tmp_path / "whole")["tokens"].values())
    summary = generate(tmp_path / "half", token_budget=whole // 2)
    assert whole // 4 < sum(summary["tokens"].values()) <= whole // 2
    assert summary["coverage"]["stopped_by"] == "budget"
    counts = Counter((s.label, s.language) for s in samples(tmp_path / "half"))
    assert max(counts.values()) <= 1.5 * min(counts.values())


def test_sources_that_are_only_tested_on_are_not_shown(author: Author, tmp_path: Path) -> None:
    home = courtesy.copy(tmp_path / "courtesy")
    (home / "corpus").mkdir()
    texts = {"letters": "kindly withheld from {n}", "talk": "kindly shown to {n}"}
    lines = [
        {"text": text.format(n=n), "label": "Polite", "language": "en", "source": source}
        for source, text in texts.items()
        for n in ("one", "another", "a third", "someone else")
    ]
    (home / "corpus" / "tone.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    declared = courtesy.reading().model_copy(update={"folder": home})
    data_generator.run(declared, courtesy.TASK, RunFolder(tmp_path / "run"))
    prompts = "".join(request.user for request in author.asked if "texts" not in request.cell)
    assert "kindly shown" in prompts and "kindly withheld" not in prompts


@pytest.mark.parametrize("stops", [[3], [40, 5], [1, 90, 30]])
def test_a_resumed_run_takes_the_same_decisions(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, stops: list[int]
) -> None:
    settings = {"wrong": 0.1, "blind": 0.1, "collapse": 0.4}
    whole = Author(**settings).install(monkeypatch)
    generate(tmp_path / "whole", concurrency=1)
    paid: list[str] = []
    for n, stop in enumerate([*stops, None]):
        author = Author(**settings, shuffle=n + 1, fail_after=stop).install(monkeypatch)
        try:
            generate(tmp_path / "resumed", concurrency=7)
        except Refused:
            assert stop is not None
        paid += [prompt_hash(request) for request in author.asked]
    assert sorted(paid) == sorted(prompt_hash(request) for request in whole.asked)
    for file in (tmp_path / "whole" / "1_samples").iterdir():
        if file.name != "stage.json":
            assert file.read_bytes() == (tmp_path / "resumed" / "1_samples" / file.name).read_bytes(), file.name
