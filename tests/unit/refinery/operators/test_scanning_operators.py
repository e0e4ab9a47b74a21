"""Operators secrets, pii, redact, toxicity and code_quality: what they tag, and what leaves the refinery."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import pytest
from pydantic import ValidationError

from foundry_engine import blueprint, data_refiner, registry
from foundry_engine.errors import ArtifactError, InvalidSetting
from foundry_engine.folders import REJECTED_FILE, SAMPLES_FILE, RunFolder, run_stage, write_atomic
from foundry_engine.records import lines_of
from foundry_engine.refinery.written import written_texts
from foundry_engine.scanning import scan
from tests import courtesy
from tests.conftest import Forged
from tests.tables import Rows, apply

PHONE = "13800138000"
TEXT = f"请打{PHONE}，密码：Kx7Qm2pLw9"


def tagged(name: str, text: str, **settings: object) -> dict[str, object]:
    return apply(name, Rows().add(text).table(), **settings).to_pylist()[0]


def test_kinds_and_spans_but_no_values() -> None:
    pii, secrets = tagged("pii", TEXT)["pii"], tagged("secrets", TEXT)["secrets"]
    assert [(f["kind"], f["start"], f["end"], f["rule"]) for f in pii] == [("mobile", 2, 13, "prefix")]
    assert [(f["kind"], f["start"], f["end"], f["rule"]) for f in secrets] == [("assignment", 17, 27, "context")]
    assert PHONE not in json.dumps(pii) and "Kx7Qm2pLw9" not in json.dumps(secrets)


def test_a_text_with_nothing_in_it_has_empty_tags() -> None:
    assert tagged("pii", "早上好")["pii"] == tagged("secrets", "早上好")["secrets"] == []
    assert tagged("redact", "早上好")["redacted"] is None


def test_kinds_can_be_chosen_and_must_be_known() -> None:
    assert tagged("pii", TEXT, kinds=["email"])["pii"] == []
    for name in ("pii", "secrets", "redact"):
        with pytest.raises(ValidationError, match=r"no kind 'emial'; "):
            registry.find("operators", name).Settings(kinds=["emial"])


def test_hashes_follow_the_seed_and_the_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    hashes = [tagged("pii", TEXT, seed=seed)["pii"][0]["hash"] for seed in (0, 0, 1)]
    assert hashes[0] == hashes[1] != hashes[2]
    monkeypatch.setenv("FOUNDRY_SALT", "kept apart")
    assert tagged("pii", TEXT)["pii"][0]["hash"] != hashes[0]


def test_nothing_that_is_written_holds_a_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    home = courtesy.copy(tmp_path / "home")
    courtesy.edit(home, "blueprint", "[normalise,", "[redact, normalise,")
    random, rows = Random(4), Rows()
    for n in range(40):
        word = "".join(random.choice("bcdfghklmnprstvw") + random.choice("aeiou") for _ in range(5))
        rows.add(f"kindly call {PHONE[:-2]}{n + 10} and ask for {word}", origin="corpus", source="mine")
        rows.add(f"{word[::-1]} you lazy {word}, {n}", "Rude", origin="corpus", source="mine")
        sign = "".join(chr(random.randrange(0x4E00, 0x9000)) for _ in range(5))
        rows.add(f"请{sign}", origin="corpus", source="mine")
        rows.add(f"{sign[::-1]}别打{PHONE[:-2]}{n + 10}滚", "Rude", origin="corpus", source="mine")
    rows.add(rows.samples[0].text + "!", origin="corpus", source="mine")
    rows.add(rows.samples[4].text, "Rude", origin="corpus", source="mine")
    run = RunFolder(tmp_path / "run")
    run_stage(run.samples, {}, lambda fresh: _write_samples(fresh, rows))
    data_refiner.run(blueprint.load(home), courtesy.TASK, run)
    written = {path.name: path.read_text("utf-8") for path in run.dataset.iterdir()}
    assert [name for name, text in written.items() if PHONE[:-2] in text] == []
    texts = [
        json.loads(line)["text"] for name in ("examples", "removed") for line in written[f"{name}.jsonl"].splitlines()
    ]
    assert len(texts) == 162 and [text for text in texts if scan(text)] == []
    assert json.loads(written["conflicts.jsonl"].splitlines()[0])["text"].startswith("kindly call 12")


def _write_samples(fresh: Path, rows: Rows) -> dict[str, object]:
    write_atomic(fresh / SAMPLES_FILE, lines_of(rows.samples))
    write_atomic(fresh / REJECTED_FILE, b"")
    return {}


def test_texts_without_redaction_are_written_as_they_are() -> None:
    assert written_texts(Rows().add(TEXT).table()) == [TEXT]


def test_toxic_terms_without_a_model() -> None:
    row = tagged("toxicity", "你个傻-逼")
    assert (row["toxic_terms"], row["toxicity"]) == ([{"term": "傻逼", "start": 2, "end": 5}], None)


def test_toxicity_of_a_forged_model(forged: Forged) -> None:
    own = {"models": str(forged.models), "task": forged.task, "label": "Urgent"}
    calm, danger = (tagged("toxicity", text, **own)["toxicity"] for text in ("谢谢，改天聊", "厨房着火了，快来人"))
    assert 0 <= calm < danger <= 1
    assert tagged("toxicity", "a" * 100_001, **own)["toxicity"] is None
    with pytest.raises(InvalidSetting, match=r"no label 'Offensive'; known: Urgent, Routine"):
        tagged("toxicity", "x", **{**own, "label": "Offensive"})
    with pytest.raises(ArtifactError):
        tagged("toxicity", "x", models=str(forged.models), task="absent")


def test_code_between_backticks_and_whole_rows() -> None:
    text = "看：\n```py\ndef f(:\n    pass\n```\n和\n```sql\nselect 1\n```\n```go\nfunc a() {}\n```"
    found = tagged("code_quality", text)["code"]
    assert [(code["language"], code["parses"], code["functions"]) for code in found] == [
        ("python", False, ["f"]),
        ("go", True, ["a"]),
    ]
    assert tagged("code_quality", "没有代码")["code"] == []
    assert tagged("code_quality", "fn a() {}", language="rust")["code"][0]["functions"] == ["a"]
