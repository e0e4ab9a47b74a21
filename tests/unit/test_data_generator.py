"""Step generate as a whole: the offline provider, one's own rows, and providers that send nonsense."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections import Counter
from pathlib import Path

import pytest

from foundry_engine import data_generator
from foundry_engine.blueprint import Blueprint
from foundry_engine.errors import DataError, EmptyDataset, MalformedRecord, ProviderError, RateLimited, ResumeError
from foundry_engine.folders import RunFolder
from foundry_engine.llm_pool import retries
from foundry_engine.providers import scripted as scripted_provider
from foundry_engine.records import Sample, read_objects, read_records
from tests import courtesy
from tests.courtesy.watched import Watched


def samples(folder: RunFolder) -> list[Sample]:
    return read_records(folder.samples / "samples.jsonl", Sample)


def rejected(folder: RunFolder) -> list[dict[str, str]]:
    return [row for _, row in read_objects(folder.samples / "rejected.jsonl")]


def stage_bytes(folder: RunFolder) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.samples.iterdir()}


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path / "run")


def scripted(*replies: str, **generate: object) -> Blueprint:
    settings = {"scripted": {"replies": list(replies)}}
    return courtesy.declared(provider="scripted", settings=settings, concurrency=1, **generate)


def items(*texts: object) -> str:
    return json.dumps({"items": [{"text": text} for text in texts]})


def test_the_offline_provider_fills_the_plan(folder: RunFolder) -> None:
    declared = courtesy.declared(cells_per_label=12)
    result = data_generator.run(declared, courtesy.TASK, folder)
    made = samples(folder)
    cells = {row["id"]: row for _, row in read_objects(folder.samples / "plan.jsonl")}
    assert result.summary["samples"] == len(made) > 60
    assert {(s.label, s.language) for s in made} == {(a, b) for a in ("Polite", "Rude") for b in ("zh", "en")}
    for sample in made:
        cell = cells[sample.cell]
        assert (sample.label, sample.language, sample.origin, sample.source) == (
            cell["label"],
            cell["language"],
            "generated",
            "offline",
        )
        mould = declared.constitutions[courtesy.TASK].grammar.moulds[sample.mould]
        assert (mould.label, mould.language) == (sample.label, sample.language)
        assert sample.pair == (f"{cell['pair']}:{cell['replica']}" if cell["pair"] else "")
    assert max(Counter(s.cell for s in made).values()) <= 2, "no cell gets more than it wished for"
    assert len({(s.label, s.text) for s in made}) == len(made)


def test_the_two_halves_of_a_pair_have_one_filling(folder: RunFolder) -> None:
    data_generator.run(courtesy.declared(), courtesy.TASK, folder)
    halves: dict[str, set[str]] = {}
    for sample in samples(folder):
        if sample.pair:
            halves.setdefault(sample.pair, set()).add(sample.text.replace("叫", "请").replace("滚着", ""))
    zh = [texts for pair, texts in halves.items() if pair.startswith("bring_zh")]
    assert zh and all(len(texts) == 1 for texts in zh)


def test_a_rerun_changes_nothing_and_asks_nothing(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    first = Watched().install(monkeypatch)
    data_generator.run(courtesy.declared(), courtesy.TASK, folder)
    before = stage_bytes(folder)
    second = Watched().install(monkeypatch)
    assert data_generator.run(courtesy.declared(), courtesy.TASK, folder).state == "unchanged"
    assert data_generator.run(courtesy.declared(), courtesy.TASK, folder, force=True).state == "done"
    shutil.rmtree(folder.samples)
    assert data_generator.run(courtesy.declared(), courtesy.TASK, folder).state == "done"
    assert (len(first.answered) >= 40, second.answered) == (True, [])
    assert stage_bytes(folder) == before


def test_other_inputs_are_asked_for_anew(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    Watched().install(monkeypatch)
    data_generator.run(courtesy.declared(), courtesy.TASK, folder)
    watched = Watched().install(monkeypatch)
    data_generator.run(courtesy.declared(samples_per_cell=3), courtesy.TASK, folder)
    assert watched.answered
    back = Watched().install(monkeypatch)
    data_generator.run(courtesy.declared(), courtesy.TASK, folder)
    assert back.answered == [], "and the old replies are still there"


def test_a_spoiled_journal_ends_it_with_a_message(folder: RunFolder) -> None:
    (folder.journal / "writer").mkdir(parents=True)
    (folder.journal / "writer" / "journal.sqlite").write_bytes(b"no database" * 1000)
    with pytest.raises(ResumeError, match="Move the file away"):
        data_generator.run(courtesy.declared(), courtesy.TASK, folder)
    assert not folder.samples.exists()


NONSENSE = [
    ("HTML", "<html><body>502 Bad Gateway</body></html>", r"\d+ × not_json.*<html>"),
    ("nothing", "", r"\d+ × empty"),
    ("prose", "I cannot help with that.", r"\d+ × not_json"),
    ("another label", '{"items": [{"text": "pass me that salt", "label": "Question"}]}', r"\d+ × label"),
    ("no texts", '{"items": [{"txt": "x"}]}', r"\d+ × schema"),
    ("texts of another type", items(7, None, ["x"], {"a": 1}), r"\d+ × schema"),
    ("cut", "!truncated", r"\d+ × truncated"),
    ("blocked", "!rejected", r"\d+ × blocked"),
    ("the prompt itself", items("The speaker minds the listener."), r"20 × language, 20 × leak"),
    ("lone surrogates", '{"items": [{"text": "\\ud800", "label": "\\ud800", "mould": "\\ud800"}]}', r"\d+ × label"),
]


@pytest.mark.parametrize(("reply", "message"), [n[1:] for n in NONSENSE], ids=[n[0] for n in NONSENSE])
def test_a_provider_that_sends_nonsense_ends_with_a_message(folder: RunFolder, reply: str, message: str) -> None:
    with pytest.raises(ProviderError, match=rf"none of its \d+ texts and replies is usable \({message}") as raised:
        data_generator.run(scripted(reply), courtesy.TASK, folder)
    assert len(raised.value.message) < 600
    assert not folder.samples.exists()
    assert (folder.journal / "writer" / "journal.sqlite").is_file(), "what was paid for is kept"


def test_nonsense_among_good_replies_is_kept_with_its_reason(folder: RunFolder) -> None:
    odd = '{"items": [{"text": "odd one", "label": {"a": NaN}}, {"text": NaN}, {"text": "\\ud800"}]}'
    tries = 1 + retries.REASK
    replies = [*["<html>"] * tries, *[odd] * tries, items("pass me {n} {label} {language} 请")]
    data_generator.run(scripted(*replies, max_rounds=1), courtesy.TASK, folder)
    reasons = Counter(row["reason"] for row in rejected(folder))
    assert {"not_json", "label", "schema", "text"} <= set(reasons)
    assert {s.source for s in samples(folder)} == {"scripted"}
    known = {"reason", "text", "label", "cell", "source", "round", "prompt"}
    assert all(set(row) == known for row in rejected(folder))
    assert "NaN" not in (folder.samples / "rejected.jsonl").read_text("utf-8")


def test_no_more_is_taken_than_a_cell_wished_for(folder: RunFolder) -> None:
    reply = items(*(f"pass me {word} {{n}} 请" for word in ("bread", "butter", "cheese", "honey", "onions")))
    data_generator.run(scripted(reply), courtesy.TASK, folder)
    assert max(Counter(s.cell for s in samples(folder)).values()) <= 2


def test_a_refusal_ends_it_at_once(folder: RunFolder) -> None:
    with pytest.raises(ProviderError, match="scripted refused"):
        data_generator.run(scripted("!refused"), courtesy.TASK, folder)


# corpus and one's own rows


def with_corpus(tmp_path: Path, rows: str, **generate: object) -> Blueprint:
    home = courtesy.copy(tmp_path / "courtesy")
    (home / "corpus").mkdir()
    (home / "corpus" / "tone.jsonl").write_text(rows, "utf-8")
    return courtesy.declared(**generate).model_copy(update={"folder": home})


CORPUS = (
    '{"text": "请坐", "label": "Polite", "language": "zh", '
    '"origin": "written", "source": "letters", "licence": "CC0"}\n'
    '{"text": "get lost", "label": "Rude"}\n'
    '{"text": "Get  Lost", "label": "Rude"}\n'
)


def test_the_corpus_comes_first_and_keeps_what_is_known_of_it(folder: RunFolder, tmp_path: Path) -> None:
    data_generator.run(with_corpus(tmp_path, CORPUS), courtesy.TASK, folder)
    first, second, third = samples(folder)[:3]
    assert (first.origin, first.source, first.licence, first.language) == ("written", "letters", "CC0", "zh")
    assert (second.origin, second.source, second.language) == ("corpus", "tone", "en")
    assert third.origin == "generated"
    (again,) = (row for row in rejected(folder) if row["reason"] == "duplicate" and row["source"] == "tone")
    assert (again["text"], again["cell"]) == ("Get  Lost", "tone.jsonl:3")


def test_the_corpus_can_be_left_out(folder: RunFolder, tmp_path: Path) -> None:
    data_generator.run(with_corpus(tmp_path, CORPUS, corpus=False), courtesy.TASK, folder)
    assert {s.origin for s in samples(folder)} == {"generated"}


def test_a_broken_corpus_is_named_and_asks_nobody(
    folder: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = Watched().install(monkeypatch)
    with pytest.raises(MalformedRecord, match=r"tone\.jsonl:4: label 'rude' is not declared; did you mean 'Rude'"):
        data_generator.run(with_corpus(tmp_path, CORPUS + '{"text": "x", "label": "rude"}\n'), courtesy.TASK, folder)
    assert watched.answered == []


@pytest.mark.parametrize("name", ["mine.jsonl", "mine.csv"])
def test_own_rows_take_the_place_of_generating(
    folder: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    watched = Watched().install(monkeypatch)
    rows = [("请坐", "Polite"), ("get lost", "Rude"), ("x" * 500, "Rude")]
    if name.endswith("csv"):
        text = "text,label\n" + "".join(f"{t},{label}\n" for t, label in rows)
    else:
        text = "".join(json.dumps({"text": t, "label": label}) + "\n" for t, label in rows)
    (tmp_path / name).write_text(text, "utf-8")
    data_generator.run(courtesy.declared(), courtesy.TASK, folder, own_file=tmp_path / name)
    assert [(s.text, s.label, s.origin, s.source) for s in samples(folder)] == [
        ("请坐", "Polite", "imported", "mine"),
        ("get lost", "Rude", "imported", "mine"),
    ]
    assert [row["reason"] for row in rejected(folder)] == ["length"]
    assert watched.answered == []
    # a changed file is another input
    (tmp_path / name).write_text(text.replace("get lost", "go away"), "utf-8")
    assert data_generator.run(courtesy.declared(), courtesy.TASK, folder, own_file=tmp_path / name).state == "done"


LACKING = [
    ('{"text": "请坐", "label": "Polite"}\n', r"no sample for label Rude \(samples: \{'Polite': 1\}"),
    ("", r"no sample for label Polite and Rude"),
    ('{"text": "请坐", "label": "Polite"}\n{"text": "", "label": "Rude"}\n', r"label Rude .*rejected: \{'length': 1\}"),
]


@pytest.mark.parametrize(("text", "message"), LACKING)
def test_a_label_without_a_sample_is_named(folder: RunFolder, tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "mine.jsonl").write_text(text, "utf-8")
    with pytest.raises(EmptyDataset, match=message):
        data_generator.run(courtesy.declared(), courtesy.TASK, folder, own_file=tmp_path / "mine.jsonl")
    assert not folder.samples.exists()


def test_a_label_without_a_mould_is_named(folder: RunFolder) -> None:
    law = courtesy.law()
    moulds = {n: m.model_dump(mode="json") for n, m in law.grammar.moulds.items() if m.label == "Polite"}
    grammar = {**law.grammar.model_dump(mode="json"), "moulds": moulds}
    declared = courtesy.declared()
    changed = declared.model_copy(update={"constitutions": {"tone": courtesy.law(grammar=grammar)}})
    with pytest.raises(EmptyDataset, match=r"no sample for label Rude .*Add moulds or corpus rows"):
        data_generator.run(changed, courtesy.TASK, folder)


def test_a_missing_own_file_is_said_also_after_a_finished_run(folder: RunFolder, tmp_path: Path) -> None:
    declared = courtesy.declared(cells_per_label=4)
    data_generator.run(declared, courtesy.TASK, folder)
    before = stage_bytes(folder)
    for path, why in ((tmp_path / "gone.jsonl", "no such file"), (tmp_path, "is not a regular file")):
        with pytest.raises(DataError, match=why):
            data_generator.run(declared, courtesy.TASK, folder, own_file=path)
    assert stage_bytes(folder) == before


def test_another_grammar_writes_other_texts(folder: RunFolder) -> None:
    declared = courtesy.declared(cells_per_label=4)
    data_generator.run(declared, courtesy.TASK, folder)
    law = declared.constitutions[courtesy.TASK]
    moulds = {
        n: m.model_copy(update={"texts": ["(one|two|three) quokka", "袋鼠(一|二|三)"]})
        for n, m in law.grammar.moulds.items()
    }
    other = law.model_copy(update={"grammar": law.grammar.model_copy(update={"moulds": moulds})})
    changed = declared.model_copy(update={"constitutions": {courtesy.TASK: other}})
    data_generator.run(changed, courtesy.TASK, folder)
    written = [s.text for s in samples(folder) if s.origin == "generated"]
    assert written and all("quokka" in text.lower() or "袋鼠" in text for text in written)


def test_a_corpus_that_is_no_file_is_not_passed_over(folder: RunFolder, tmp_path: Path) -> None:
    copy = courtesy.copy(tmp_path / "courtesy")
    (copy / "corpus" / "tone.jsonl").unlink(missing_ok=True)
    (copy / "corpus" / "tone.jsonl").mkdir(parents=True)
    declared = courtesy.declared().model_copy(update={"folder": copy})
    with pytest.raises(DataError, match="is not a regular file"):
        data_generator.run(declared, courtesy.TASK, folder)


def test_the_first_ctrl_c_ends_waiting_for_a_service_that_is_at_its_limit(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def at_its_limit(*_: object) -> object:
        os.kill(os.getpid(), signal.SIGINT)
        raise RateLimited("slow down", retry_after=1800.0)

    monkeypatch.setattr(scripted_provider.Provider, "complete", at_its_limit)
    with pytest.raises(KeyboardInterrupt):
        data_generator.run(scripted("x"), courtesy.TASK, folder)
    assert "interrupted: ending what is under way" in caplog.text
