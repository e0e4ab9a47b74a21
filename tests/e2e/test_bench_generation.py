"""``scripts/bench_generation.py``, small: every way is measured and the rounds are ahead."""

from __future__ import annotations

import subprocess
import sys

from tests.conftest import ROOT


def test_rounds_give_more_rows_than_one_prompt() -> None:
    command = [sys.executable, str(ROOT / "scripts" / "bench_generation.py"), "--cells", "6", "--seeds", "1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 unfinished cells" in done.stdout and "NOT REACHED" not in done.stdout
    assert done.stdout.count("\n   0  ") == 3, "a row a way"
