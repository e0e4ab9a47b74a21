"""``scripts/interactive_tester.py``: the dialogue the original's README shows, with the shipped models."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, Forged

DIALOGUE = [("今天天气怎么样？", "Question"), ("帮我记一下明天的会议", "Statement"), ("q", None)]
DIALOGUE += [("没错，就这么办", "Affirm"), ("等等，先别", "Deny"), ("q", None)]


def talk(stdin: str, *options: str | Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "scripts" / "interactive_tester.py"), *map(str, options)]
    done = subprocess.run(command, cwd=cwd, input=stdin.encode(), capture_output=True, timeout=60)
    return subprocess.CompletedProcess(command, done.returncode, done.stdout.decode(), done.stderr.decode())


def test_the_originals_dialogue(tmp_path: Path) -> None:
    done = talk("".join(f"{text}\n" for text, _ in DIALOGUE), cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    first, second = done.stdout.split("--- 任务2: “肯定/否定”分类器测试 ---")
    assert first.startswith(
        "--- 任务1: “是否为问题”分类器测试 ---\n请输入任意一句话，看看模型如何判断 (输入'q'退出):\n> "
    )
    assert second.startswith("\n现在，模拟AI向您确认，请输入您的回答 (输入'q'退出):\n> ")
    answers = re.findall(r"模型预测 ->: \*\*(\w+)\*\*\n  置信度 (\d+\.\d)% \((\S+)\)  依据: (.+)\n", done.stdout)
    assert [label for label, *_ in answers] == [label for _, label in DIALOGUE if label]
    for _, confidence, outcome, why in answers:
        assert 50 <= float(confidence) <= 100
        assert outcome in ("采信", "没有把握", "反射弧") and why != "没有已知特征"
    assert [len(re.findall("模型预测", half)) for half in (first, second)] == [2, 2]


@pytest.mark.parametrize(
    ("stdin", "answers"),
    [
        ("", 0),
        ("q", 0),
        ("Q\n", 0),
        (" q \n", 0),
        ("\n  \nfire\n", 1),
        ("fire", 1),
        ("fire\nq\nfire\n", 1),
        ("quit\nfire\nq\n", 2),
        ("fire\r\n", 1),
        ("水" * 100_001 + "\nfire\nq\n", 1),
    ],
    ids=["end", "q-end", "Q", "spaces", "blank", "open", "after", "quit", "cr", "long"],
)
def test_a_dialogue_of_any_kind(stdin: str, answers: int, forged: Forged) -> None:
    done = talk(stdin, "--models", forged.models, "--task", forged.task)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"--- 任务1: “{forged.task}”分类器测试 ---")
    assert done.stdout.count("模型预测") == answers
    assert done.stdout.count("无法判断") == (1 if len(stdin) > 100_000 else 0)


def test_a_missing_model_is_a_message(tmp_path: Path) -> None:
    done = talk("q\n", "--models", tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: ") and "Forge the model first" in done.stderr
    assert "Traceback" not in done.stderr
