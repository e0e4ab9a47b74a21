"""``ask`` and ``score``: a sentence, a stream of lines, a labelled file, and artifacts that are not what they were."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from foundry_engine.runtime import MicroModel
from tests.conftest import ROOT, Forged
from tests.e2e.conftest import Cli

LONGEST = "水" * 100_000

STREAM: list[tuple[bytes, str]] = [
    # a line as it comes, what comes out: "answer" or the error's code
    (b'"the kitchen is on fire"', "answer"),
    ('{"text": "厨房着火了", "id": 7}'.encode(), "answer"),
    (b"", "blank"),
    (b" \t ", "blank"),
    (b"\r", "blank"),
    (b'"with carriage return"\r', "answer"),
    ('"a\u2028b\u2029c\u0085d"'.encode(), "answer"),
    (b'"a\\u2028b\\n\\u0000c"', "answer"),
    (b'"\\ud83d\\ude00"', "answer"),
    (b'""', "answer"),
    (b'"   "', "answer"),
    (b"the kitchen is on fire", "not_json"),
    (b'"open', "not_json"),
    (b'{"text": "x"', "not_json"),
    (b'"a" "b"', "not_json"),
    (b"[" * 50_000, "not_json"),
    (b"9" * 5_000, "not_json"),
    (b"\xff\xfe", "not_utf8"),
    (b'"\xed\xa0\x80"', "not_utf8"),
    (b'"\xc3', "not_utf8"),
    (b'"a\\ud800"', "not_unicode"),
    (b'{"text": "\\udfff"}', "not_unicode"),
    (b"{}", "no_text"),
    (b'{"text": null}', "no_text"),
    (b'{"text": ["x"]}', "no_text"),
    (b'["x"]', "no_text"),
    (b"null", "no_text"),
    (b"17", "no_text"),
    (b"NaN", "no_text"),
    (f'"{LONGEST}"'.encode(), "answer"),
    (f'"{LONGEST}水"'.encode(), "too_long"),
    (b'"' + b"\\ud83d\\ude00" * 100_000 + b'"', "answer"),
    (b'"' + b"x" * 2_000_000 + b'"', "too_long"),
    (b'"the last line, without its line feed"', "answer"),
]


def kinds(out: str) -> list[str]:
    lines = out.split("\n")
    assert lines.pop() == ""
    replies = [json.loads(line) for line in lines]
    assert all(reply["error"].keys() == {"code", "message"} for reply in replies if "error" in reply)
    return [reply["error"]["code"] if "error" in reply else "answer" for reply in replies]


def test_exactly_one_line_out_for_every_line_in(cli: Cli, forged: Forged) -> None:
    done = cli("ask", forged.task, "--stdin", "--models", forged.models, stdin=b"\n".join(line for line, _ in STREAM))
    assert (done.code, done.err) == (0, "")
    assert kinds(done.out) == [kind for _, kind in STREAM]


@pytest.mark.parametrize(
    ("stdin", "expected"),
    [
        (b"", []),
        (b"\n", ["blank"]),
        (b"\n\n", ["blank", "blank"]),
        (b'"x"', ["answer"]),
        (b'"x"\n', ["answer"]),
        (b'"x"\n\n', ["answer", "blank"]),
        (b'"x"\r\n"y"\r\n', ["answer", "answer"]),
        (b'"x"\r"y"', ["not_json"]),
        (b'\xef\xbb\xbf"x"\n"y"', ["not_json", "answer"]),
        (b'"' + b"x" * 3_000_000, ["too_long"]),
        (b'"' + b"x" * 3_000_000 + b"\n\n", ["too_long", "blank"]),
    ],
    ids=repr,
)
def test_ends_of_lines(stdin: bytes, expected: list[str], cli: Cli, forged: Forged) -> None:
    assert kinds(cli("ask", forged.task, "--stdin", "--models", forged.models, stdin=stdin).out) == expected


def test_a_stream_answers_what_the_runtime_answers(cli: Cli, forged: Forged) -> None:
    texts = ["水管爆了", "have a nice day", "\u0000", "the smoke detector has been going off for ten minutes"]
    model = MicroModel.load(forged.models, forged.task)
    stdin = "".join(json.dumps(text) + "\n" for text in texts).encode()
    for engine in ("plain", "onnxruntime"):
        done = cli("ask", forged.task, "--stdin", "--engine", engine, "--models", forged.models, stdin=stdin)
        for line, text in zip(done.out.splitlines(), texts, strict=True):
            said, expected = json.loads(line), model.predict(text)
            assert (said["label"], said["outcome"]) == (expected.label, expected.outcome)
            assert list(said["probabilities"]) == list(model.labels)
            assert said["probabilities"].values() == pytest.approx(expected.probabilities, abs=1e-12)
            assert said["confidence"] == max(said["probabilities"].values())


def test_a_question_is_answered_before_the_next_is_asked(forged: Forged) -> None:
    """Through real pipes, as a program would use it; then the reader goes away."""
    command = [sys.executable, str(ROOT / "main.py"), "ask", forged.task, "--stdin", "--models", str(forged.models)]
    with subprocess.Popen(command, stdin=-1, stdout=-1, stderr=-1) as process:
        assert process.stdin and process.stdout and process.stderr
        for text in (b'"fire"\n', b"\n"):
            process.stdin.write(text)
            process.stdin.flush()
            assert json.loads(process.stdout.readline())
        process.stdout.close()
        process.stdin.write(b'"fire"\n' * 10)
        process.stdin.close()
        said = process.stderr.read().decode()
        assert process.wait() == 1
        assert "Traceback" not in said and "Exception ignored" not in said


@pytest.mark.parametrize("text", ["水管爆了 now", "   ", "", "zzzz", "-1", "#"])
def test_one_sentence(text: str, cli: Cli, forged: Forged) -> None:
    model = MicroModel.load(forged.models, forged.task)
    expected = model.predict(text)
    done = cli("ask", "--models", forged.models, forged.task, "--", text)
    first, *reasons = done.out.splitlines()
    assert done.code == 0, done.err
    assert first == f"{expected.label}  {expected.confidence:.1%}  {expected.outcome}"
    assert [line.split(maxsplit=1)[0] for line in reasons] == [f"{c.value:+.3f}" for c in model.explain(text)]
    data = json.loads(cli("ask", "--json", "--models", forged.models, forged.task, "--", text).out)
    assert data.pop("schema_version") == 1
    assert (data["label"], data["confidence"], data["outcome"]) == (
        expected.label,
        expected.confidence,
        expected.outcome,
    )


ROWS: list[dict[str, Any]] = [
    {"text": "the kitchen is on fire, send help now", "label": "Urgent", "language": "en"},
    {"text": "厨房着火了，马上报警", "label": "Urgent", "language": "zh"},
    {"text": "thank you, have a nice weekend", "label": "Routine", "language": "en"},
    {"text": "谢谢，周末愉快", "label": "Routine", "language": "zh"},
    {"text": '谢谢, he said, "nice"', "label": "Urgent", "language": "zh"},
]


def jsonl(rows: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def csv(rows: list[dict[str, Any]]) -> bytes:
    cells = [list(ROWS[0])] + [[str(value).replace('"', '""') for value in row.values()] for row in rows]
    return "".join(",".join(f'"{cell}"' for cell in row) + "\r\n" for row in cells).encode("utf-8-sig")


@pytest.mark.parametrize(("name", "form"), [("mine.jsonl", jsonl), ("mine.csv", csv), ("MINE.CSV", csv)])
def test_score(
    name: str, form: Callable[[list[dict[str, Any]]], bytes], cli: Cli, forged: Forged, tmp_path: Path
) -> None:
    file = tmp_path / name
    file.write_bytes(form(ROWS))
    model = MicroModel.load(forged.models, forged.task)
    answers = [model.predict(row["text"]) for row in ROWS]
    right = [answer.label == row["label"] for answer, row in zip(answers, ROWS, strict=True)]
    assert 0 < sum(right) < len(right)
    data = json.loads(cli("score", forged.task, file, "--json", "--by", "language", "--models", forged.models).out)
    assert data["rows"] == 5 and data["accuracy"] == round(sum(right) / 5, 4)
    assert data["coverage"] == round(sum(a.outcome != "abstained" for a in answers) / 5, 4)
    groups = {group["value"]: group for group in data["groups"]}
    for language in ("zh", "en"):
        part = [r for r, row in zip(right, ROWS, strict=True) if row["language"] == language]
        assert (groups[language]["rows"], groups[language]["accuracy"]) == (len(part), round(sum(part) / len(part), 4))
    assert sum(map(sum, data["confusion"])) == 5
    assert sum(data["confusion"][i][i] for i in range(2)) == sum(right)
    table = cli("score", forged.task, file, "--by", "language", "--models", forged.models)
    assert table.code == 0 and [line.split()[0] for line in table.out.splitlines()[2:5]] == ["all", "en", "zh"]


@pytest.mark.parametrize(
    ("name", "content", "more", "said"),
    [
        ("a.jsonl", b'{"text": "x", "label": "Urgent"}\n{"text": "x", "label": "Urgnt"}\n', [], ":2: label 'Urgnt'"),
        ("a.jsonl", b'{"text": "x", "label": "Urgnt"}\n', [], "did you mean 'Urgent'?"),
        ("a.jsonl", b'\n{"label": "Urgent"}\n', [], ":2: text: expected a string, got NoneType"),
        ("a.jsonl", b'{"text": "\\ud800", "label": "Urgent"}\n', [], ":1: text: lone surrogate"),
        ("a.jsonl", b"text,label\n", [], ":1: not JSON"),
        ("a.jsonl", b'["x"]\n', [], ":1: expected a JSON object, got list"),
        ("a.jsonl", b"\xff\xfe\n", [], ":1: not JSON"),
        ("a.jsonl", b"", [], "no rows to score"),
        ("a.jsonl", b'{"text": "x", "label": "Urgent", "lang": "zh"}\n', ["--by", "lan"], "did you mean 'lang'?"),
        ("a.csv", b"text,label\n", [], "no rows to score"),
        ("a.csv", b"", [], "no column label and text"),
        ("a.csv", b"text;label\nx;Urgent\n", [], "no column label and text"),
        ("a.csv", b"text,label\nx,Urgent,more\n", [], ":2: more fields than the header has"),
        ("a.csv", b"text,label\nx\n", [], ":2: label 'None'"),
        ("a.csv", b'text,label\n"x,Urgent\n', [], "not CSV"),
        ("a.csv", b"text,label\n\xff,Urgent\n", [], "not UTF-8"),
    ],
)
def test_a_file_that_cannot_be_scored(
    name: str, content: bytes, more: list[str], said: str, cli: Cli, forged: Forged, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    done = cli("score", forged.task, tmp_path / name, *more, "--models", forged.models)
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(f"error: {tmp_path / name}") and said in done.err


def _halve(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


HARMS: list[tuple[str, Callable[[Path], object], str]] = [
    ("urgency_preprocessor.bin", lambda p: p.write_bytes(b""), "urgency_preprocessor.bin"),
    ("urgency_preprocessor.bin", _halve, "urgency_preprocessor.bin"),
    ("urgency_preprocessor.bin", lambda p: p.write_bytes(b"\x7fELF" + bytes(500)), "urgency_preprocessor.bin"),
    ("urgency_preprocessor.bin", lambda p: p.rename(p.with_name("other_preprocessor.bin")), "known: other"),
    ("urgency_preprocessor.bin", lambda p: (p.unlink(), p.mkdir()), "is not a file"),
    ("urgency_classifier.onnx", lambda p: p.unlink(), "urgency_classifier.onnx: no such file"),
    ("urgency_classifier.onnx", lambda p: p.write_bytes(b""), "expected SHA-256"),
    ("urgency_classifier.onnx", _halve, "expected SHA-256"),
    ("urgency_classifier.onnx", _flip, "expected SHA-256"),
]


@pytest.mark.parametrize(("name", "harm", "said"), HARMS, ids=[f"{name}-{i}" for i, (name, _, _) in enumerate(HARMS)])
def test_harmed_artifacts_are_refused(
    name: str, harm: Callable[[Path], object], said: str, cli: Cli, own: Forged, tmp_path: Path
) -> None:
    harm(own.models / name)
    rows = tmp_path / "rows.jsonl"
    rows.write_bytes(jsonl(ROWS))
    for arguments in (["ask", own.task, "hello"], ["ask", own.task, "--stdin"], ["score", own.task, rows]):
        done = cli(*arguments, "--models", own.models)
        assert (done.code, done.out) == (1, ""), arguments
        assert said in done.err and "Traceback" not in done.err and "unexpected" not in done.err


def test_a_model_under_another_tasks_name_is_refused(cli: Cli, own: Forged) -> None:
    for path in list(own.models.iterdir()):
        path.rename(path.with_name(path.name.replace("urgency", "mood")))
    done = cli("ask", "mood", "hello", "--models", own.models)
    assert done.code == 1 and "made for task 'urgency', not 'mood'" in done.err
