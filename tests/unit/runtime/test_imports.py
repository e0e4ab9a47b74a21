"""An application ships the runtime with the standard library and protobuf; ONNX Runtime is there when asked for."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.small_artifacts import write

ROOT = Path(__file__).parents[3]

PROGRAM = """
import json, sys
sys.path.insert(0, {root!r})
{before}
old = set(sys.modules)
from foundry_engine.runtime import Cascade, MicroModel
model = MicroModel.load({folder!r}, "mood"{engine})
Cascade([model]).ask("what is it")
answers = [model.predict("what is it").label, *[a.outcome for a in model.predict_batch(["你好", "zz"])]]
model.explain("what is it"), model.steps("what is it")
new = {{name.split(".")[0] for name in set(sys.modules) - old}}
print(json.dumps([answers, sorted(name for name in new if name not in sys.stdlib_module_names)]))
"""


def loaded(folder: Path, engine: str = "", before: str = "") -> subprocess.CompletedProcess[str]:
    program = PROGRAM.format(root=str(ROOT), folder=str(folder), engine=engine, before=before)
    return subprocess.run([sys.executable, "-I", "-W", "error", "-c", program], capture_output=True, text=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("mood")).folder


def test_only_the_standard_library_and_protobuf(folder: Path) -> None:
    done = loaded(folder)
    assert done.returncode == 0, done.stderr
    answers, packages = json.loads(done.stdout)
    assert set(packages) == {"foundry_engine", "google"}
    assert answers[1] == "reflex" and answers[2] == "abstained"


def test_onnx_runtime_when_asked_for(folder: Path) -> None:
    done = loaded(folder, ', engine="onnxruntime"')
    assert done.returncode == 0, done.stderr
    answers, packages = json.loads(done.stdout)
    assert {"foundry_engine", "google", "numpy", "onnxruntime"} <= set(packages)
    assert not {"sklearn", "scipy", "pandas", "onnx", "skl2onnx", "pydantic", "yaml"} & set(packages)
    assert answers == json.loads(loaded(folder).stdout)[0]


def test_without_onnx_runtime_the_message_says_what_to_install(folder: Path) -> None:
    gone = "sys.modules['onnxruntime'] = None"
    assert loaded(folder, before=gone).returncode == 0
    done = loaded(folder, ', engine="onnxruntime"', gone)
    assert "MissingDependency" in done.stderr and "pip install onnxruntime" in done.stderr
