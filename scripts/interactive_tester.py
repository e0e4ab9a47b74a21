"""The awakening lab: talk to the forged models, one task after the other · 模型唤醒实验室.

``python scripts/interactive_tester.py`` tries every task of the blueprint ``text_classification``; ``q`` moves on.
"""

from __future__ import annotations

import argparse
import io
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from main import enter_own_environment  # noqa: E402

if __name__ == "__main__":
    enter_own_environment()

from foundry_engine.errors import FoundryError, InvalidText  # noqa: E402
from foundry_engine.runtime import MicroModel  # noqa: E402

TASKS = {
    "is_question": ("“是否为问题”分类器测试", "请输入任意一句话，看看模型如何判断 (输入'q'退出):"),
    "confirmation": ("“肯定/否定”分类器测试", "现在，模拟AI向您确认，请输入您的回答 (输入'q'退出):"),
}
OUTCOMES = {"accepted": "采信", "abstained": "没有把握", "reflex": "反射弧"}


def talk(number: int, task: str, model: MicroModel) -> None:
    """One task's dialogue, until ``q`` or the end of input."""
    title, invitation = TASKS.get(task, (f"“{task}”分类器测试", "请输入一句话 (输入'q'退出):"))
    print(f"--- 任务{number}: {title} ---\n{invitation}")
    while True:
        try:
            text = input("> ")
        except EOFError:
            print()
            return
        if text.strip().lower() == "q":
            print()
            return
        if not text.strip():
            continue
        try:
            print(answer(model, text))
        except InvalidText as error:
            print(f"  无法判断: {error.message}\n")


def answer(model: MicroModel, text: str) -> str:
    """The model's answer with its confidence and reasons."""
    said = model.predict(text)
    why = model.steps(text).reflex
    reasons = [f"{c.feature} {c.value:+.2f}" for c in model.explain(text, 5)] if why is None else [f"reflex {why}"]
    return (
        f"  模型预测 ->: **{said.label}**\n"
        f"  置信度 {said.confidence:.1%} ({OUTCOMES[said.outcome]})  依据: {', '.join(reasons) or '没有已知特征'}\n"
    )


def main() -> int:
    """Load every task's model and talk."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--models", type=Path, default=ROOT / "models", help="folder of the forged models")
    parser.add_argument("--task", action="append", help="only this task; may be repeated")
    options = parser.parse_args()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        models = {task: MicroModel.load(options.models, task) for task in options.task or TASKS}
    except FoundryError as error:
        print(f"error: {error.message}", file=sys.stderr)
        return 1
    try:
        for number, (task, model) in enumerate(models.items(), start=1):
            talk(number, task, model)
    except KeyboardInterrupt:
        print()
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
