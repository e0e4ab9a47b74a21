"""Refining raw files: every line that comes in is an example, a removed row or a counted reject."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from foundry_engine.errors import DataError, EmptyDataset, InvalidSetting, MalformedRecord, QualityGateFailed
from foundry_engine.features.normalizer import normalize
from foundry_engine.records import record_id
from foundry_engine.refinery import block, job, job_file
from tests.unit.refinery.jobs import contents, lines, refined, rows_of, usual_rows, write_job


def rejects(output: Path) -> dict[str, str]:
    return {row["place"]: row["reason"] for row in rows_of(output / "rejected.jsonl")}


def test_every_line_is_accounted_for(tmp_path: Path) -> None:
    rows = [*usual_rows(3), {"text": "PLAY something quiet tonight!", "label": "music"}]
    raw = lines(*rows) + b'{"text": 5, "label": "music"}\nnot json\n\n[1]\n'
    output = refined(write_job(tmp_path, {"a.jsonl": raw}))
    kept, removed, rejected = (rows_of(output / f"{n}.jsonl") for n in ("examples", "removed", "rejected"))
    assert len(kept) + len(removed) == len(rows) and len(rejected) == 3
    assert {row["place"] for row in kept} | {row["place"] for row in removed} == {f"a.jsonl:{n + 1}" for n in range(25)}
    report = json.loads((output / "report.json").read_bytes())
    assert report["rows_in"] == len(rows) and sum(report["kept"].values()) == len(kept)
    assert sum(report["removed"].values()) == len(removed)
    assert (output / "report.html").stat().st_size < 1_000_000


def test_ids_come_from_task_label_and_normalized_text_alone(tmp_path: Path) -> None:
    output = refined(write_job(tmp_path, {"a.jsonl": lines(*usual_rows())}))
    for row in rows_of(output / "examples.jsonl"):
        assert row["id"] == record_id("rooms", row["label"], normalize(row["text"]))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"label": "music"}', "no_text"),
        (b'{"text": null, "label": "music"}', "no_text"),
        (b'{"text": ["a"], "label": "music"}', "not_text"),
        (b'{"text": "a"}', "no_label"),
        (b'{"text": "a", "label": ""}', "no_label"),
        (b'{"text": "a\\u0000b", "label": "music"}', "nul"),
        (b'{"text": "a\\ud800", "label": "music"}', "not_unicode"),
        (b'{"text": "caf\xe9", "label": "music"}', "not_utf8"),
        (b'{"text": "' + b"x" * 1_000_000 + b'", "label": "music"}', "too_long"),
        (b'{"text": "' + b"x" * 5_000_000 + b'", "label": "music"}', "too_long"),
        (b'{"text": "a", "label": "' + b"y" * 5_000 + b'"}', "bad_field"),
        (b"[" * 100_000, "not_json"),
        (b"\x00\x01\x02", "not_json"),
    ],
)
def test_a_line_that_cannot_be_a_row_is_counted(tmp_path: Path, line: bytes, reason: str) -> None:
    output = refined(write_job(tmp_path, {"a.jsonl": lines(*usual_rows()) + line + b"\n" + lines(*usual_rows())}))
    assert rejects(output) == {"a.jsonl:9": reason}
    assert Counter(r["reason"] for r in rows_of(output / "removed.jsonl"))["copy"] == 8


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("kind", ["jsonl", "csv", "tsv"])
def test_encodings_are_told_by_the_bytes(tmp_path: Path, encoding: str, kind: str) -> None:
    rows = usual_rows()
    if kind == "jsonl":
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    else:
        buffer = io.StringIO()
        writer = csv.DictWriter(buffer, ["text", "label"], delimiter="\t" if kind == "tsv" else ",")
        writer.writeheader()
        writer.writerows(rows)
        text = buffer.getvalue()
    output = refined(write_job(tmp_path, {f"a.{kind}": text.encode(encoding)}))
    assert sorted(r["text"] for r in rows_of(output / "examples.jsonl")) == sorted(r["text"] for r in rows)
    assert rejects(output) == {}


def test_one_broken_line_does_not_change_the_encoding(tmp_path: Path) -> None:
    broken = '{"text": "关掉灯", "label": "lights"}'.encode("gb18030") + b"\n"
    output = refined(write_job(tmp_path, {"a.jsonl": lines(*usual_rows()) + broken}))
    assert rejects(output) == {"a.jsonl:9": "not_utf8"}


def test_parquet_with_other_names_and_broken_bytes(tmp_path: Path) -> None:
    rows = usual_rows()
    texts = pa.array([r["text"].encode() for r in rows] + [b"\xff\xfe"], pa.binary()).cast(pa.string(), safe=False)
    labels = pa.array([0, 1] * 4 + [0], pa.int64())
    pq.write_table(pa.table({"utterance": texts, "intent": labels}), tmp_path / "a.parquet")
    inputs = [{"path": "a.parquet", "columns": {"text": "utterance", "label": "intent"}}]
    output = refined(write_job(tmp_path, {}, inputs=inputs, format="parquet"))
    kept = pq.read_table(output / "examples.parquet").to_pylist()
    assert {row["label"] for row in kept} == {"0", "1"}
    assert rejects(output) == {"a.parquet:9": "not_utf8"}


@pytest.mark.parametrize(
    ("name", "raw", "error", "said"),
    [
        ("a.jsonl", b"", EmptyDataset, "a.jsonl: 0 rows"),
        ("a.jsonl", b"nonsense\n", EmptyDataset, "no row can be read, 1 not_json. The first: a.jsonl:1: not JSON"),
        ("a.csv", b"", DataError, "no column 'label' and 'text'"),
        ("a.csv", b"txt,label\nx,y\n", DataError, "'text': did you mean 'txt'"),
        ("a.csv", b'text,label\n"open,music\nb,c\n', MalformedRecord, "not CSV"),
        ("a.parquet", b"PAR1 no", DataError, "not a Parquet file"),
        ("a.jsonl", "表".encode("utf-16-le") * 3 + b"a\0b\0c\0d\0e\0", DataError, "encoding: utf-16-le"),
        ("a.jsonl", b"\xff\xff\xff\xff\n" * 9, DataError, "a.jsonl:1: neither UTF-8 nor GB18030 (byte 0xFF)"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(
    tmp_path: Path, name: str, raw: bytes, error: type[Exception], said: str
) -> None:
    with pytest.raises(error) as raised:
        refined(write_job(tmp_path, {name: raw}))
    assert said in str(raised.value)
    assert not (tmp_path / "out").exists()


def test_one_row_is_a_dataset(tmp_path: Path) -> None:
    output = refined(write_job(tmp_path, {"a.jsonl": lines({"text": "好", "label": "music"})}))
    assert [row["split"] for row in rows_of(output / "examples.jsonl")] == ["train"]


def test_identical_rows_are_one_row_and_its_copies(tmp_path: Path) -> None:
    output = refined(write_job(tmp_path, {"a.jsonl": lines({"text": "play it", "label": "music"}) * 30_000}))
    (row,) = rows_of(output / "examples.jsonl")
    assert row["copies"] == 30_000
    removed = rows_of(output / "removed.jsonl")
    assert len(removed) == 29_999 and {r["survivor"] for r in removed} == {row["id"]}
    report = json.loads((output / "report.json").read_bytes())
    assert report["score"]["before"]["parts"]["uniqueness"]["value"] < 0.001


def test_texts_without_labels(tmp_path: Path) -> None:
    inputs = [{"path": "a.jsonl", "columns": {"label": None}}]
    rows = lines(*({"text": row["text"]} for row in usual_rows()))
    output = refined(write_job(tmp_path, {"a.jsonl": rows}, inputs=inputs))
    assert len(rows_of(output / "examples.jsonl")) == 8


def test_tasks_and_languages_are_refined_apart(tmp_path: Path) -> None:
    rows = [{**row, "task": task} for row in usual_rows() for task in ("rooms", "cars")]
    output = refined(write_job(tmp_path, {"a.jsonl": lines(*rows)}))
    kept = rows_of(output / "examples.jsonl")
    assert len(kept) == 16 and len({row["id"] for row in kept}) == 16
    assert [(r["task"], r["language"]) for r in kept] == sorted((r["task"], r["language"]) for r in kept)


def test_a_block_above_the_budget_is_refused_with_advice(tmp_path: Path) -> None:
    path = write_job(tmp_path, {"a.jsonl": lines(*usual_rows())}, memory_gib=0.1)
    with pytest.raises(InvalidSetting, match=r"block 'rooms en': 4 rows .* the budget is 0\.1 GiB"):
        refined(path)


def test_the_budget_does_not_change_the_result(tmp_path: Path) -> None:
    raw = {"a.jsonl": lines(*usual_rows(40))}
    small, large = (
        contents(refined(write_job(tmp_path / name, raw, memory_gib=size))) for name, size in (("s", 0.5), ("l", 8))
    )
    assert small == large


def test_gates_fail_after_the_dataset_is_written(tmp_path: Path) -> None:
    gates = [{"measure": "balance", "at_least": 1.0}, {"measure": "safety", "at_least": 0.5}]
    rows = [*usual_rows(), {"text": "an unheard of request", "label": "music"}]
    path = write_job(tmp_path, {"a.jsonl": lines(*rows)}, gates=gates)
    with pytest.raises(QualityGateFailed, match=r"safety not measured: no operator"):
        refined(path)
    assert (tmp_path / "out" / "examples.jsonl").exists()
    with pytest.raises(QualityGateFailed):  # unchanged, and still below
        refined(path)


def test_remove_names_the_reasons_that_count(tmp_path: Path) -> None:
    raw = {"a.jsonl": lines(*usual_rows(), {"text": "把客厅的灯打开", "label": "music"})}
    assert len(rows_of(refined(write_job(tmp_path, raw)) / "examples.jsonl")) == 7
    assert len(rows_of(refined(write_job(tmp_path, raw, remove=["duplicate"])) / "examples.jsonl")) == 9
    with pytest.raises(InvalidSetting, match="no reason 'duplicates'; did you mean 'duplicate'"):
        refined(write_job(tmp_path, raw, remove=["duplicates"]))


@pytest.mark.parametrize("output", [".", "data", "a.jsonl"])
def test_a_folder_with_files_of_ones_own_is_never_replaced(tmp_path: Path, output: str) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "precious.txt").write_text("x")
    with pytest.raises(InvalidSetting, match=r"would be replaced|is a file"):
        refined(write_job(tmp_path, {"a.jsonl": lines(*usual_rows())}, output=output))
    assert (tmp_path / "data" / "precious.txt").exists() and (tmp_path / "a.jsonl").exists()


def test_done_work_is_not_done_again(tmp_path: Path) -> None:
    file = job_file.load(write_job(tmp_path, {"a.jsonl": lines(*usual_rows())}))
    assert [job.run(file).state for _ in range(2)] == ["done", "unchanged"]
    assert job.run(file, force=True).state == "done"
    (tmp_path / "a.jsonl").write_bytes(lines(*usual_rows(2)))
    assert job.run(file).state == "done"


@pytest.mark.parametrize("after", range(6))
def test_stopped_anywhere_and_run_again_gives_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    raw = {"a.jsonl": lines(*usual_rows(5)) + b"broken\n"}
    whole = contents(refined(write_job(tmp_path / "whole", raw)))
    path = write_job(tmp_path / "cut", raw)
    calls = Counter[str]()
    real = block.write_atomic

    def interrupted(*arguments: Any) -> None:
        calls["n"] += 1
        if calls["n"] > after:
            raise KeyboardInterrupt
        real(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(block, "write_atomic", interrupted)
        with pytest.raises(KeyboardInterrupt):
            refined(path)
    assert not (tmp_path / "cut" / "out").exists()
    assert contents(refined(path)) == whole
    assert not (tmp_path / "cut" / "out.work").exists()
