"""Components by name: own files first, then entry points of installed packages."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from foundry_engine import registry
from foundry_engine.errors import UnknownComponent


@pytest.mark.parametrize("kind", sorted(registry.KINDS))
def test_every_file_is_a_component(kind: str) -> None:
    package, suffix = registry.KINDS[kind]
    root = Path(__file__).parents[2].joinpath(*package.split("."))
    files = {path.stem.removesuffix(suffix) for path in root.glob(f"*{suffix}.py") if not path.stem.startswith("_")}
    assert set(registry.names(kind)) == files
    for name in files:
        assert registry.find(kind, name).__name__ == f"{package}.{name}{suffix}"


UNKNOWN = [
    (
        "providers",
        "ofline",
        "no provider 'ofline'; did you mean 'offline'? (known: gemini, offline, openai_compatible, scripted)",
    ),
    ("operators", "__init__", "no operator '__init__'; known: balance, "),
    ("trainers", "tfidf_linear_trainer", "no trainer 'tfidf_linear_trainer'; did you mean 'tfidf_linear'?"),
    ("providers", "os.path", "no provider 'os.path'"),
    ("providers", "", "no provider ''"),
]


@pytest.mark.parametrize(("kind", "name", "message"), UNKNOWN)
def test_an_unknown_name_lists_the_known_ones(kind: str, name: str, message: str) -> None:
    with pytest.raises(UnknownComponent) as raised:
        registry.find(kind, name)
    assert raised.value.message.startswith(message)
    assert (raised.value.kind, raised.value.name) == (kind, name)


def test_nothing_known_is_said() -> None:
    assert registry.suggest("x", []) == "known: none"


def in_a_process_with(folder: Path, code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[2],
        env={"PYTHONPATH": str(folder), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_outside_packages_use_the_same_door(tmp_path: Path) -> None:
    made = tmp_path / "outside-1.0.dist-info"
    made.mkdir()
    (made / "METADATA").write_text("Metadata-Version: 2.1\nName: outside\nVersion: 1.0\n")
    (made / "entry_points.txt").write_text(
        "[foundry.providers]\nmine = my_provider\noffline = my_provider\nbroken = my_broken_provider\n"
    )
    (tmp_path / "my_provider.py").write_text("WHO = 'mine'\n")
    (tmp_path / "my_broken_provider.py").write_text("import nothing_of_this_name\n")
    begin = "from foundry_engine import registry; "
    names = in_a_process_with(tmp_path, begin + "print(registry.names('providers'))")
    assert names.stdout == "['broken', 'gemini', 'mine', 'offline', 'openai_compatible', 'scripted']\n", names.stderr
    found = in_a_process_with(
        tmp_path, begin + "print([registry.find('providers', n).__name__ for n in ('mine', 'offline')])"
    )
    assert found.stdout == "['my_provider', 'foundry_engine.providers.offline']\n", "an own file is not taken over"
    broken = in_a_process_with(tmp_path, begin + "registry.find('providers', 'broken')")
    assert "ModuleNotFoundError: No module named 'nothing_of_this_name'" in broken.stderr, "the cause is never hidden"


def test_case_does_not_hide_the_nearest_name_and_long_lists_are_cut() -> None:
    assert registry.suggest("RUDE", ["Polite", "Rude"]).startswith("did you mean 'Rude'?")
    assert registry.suggest("zz", [f"a{n}" for n in range(1000)]).endswith("a29 and 970 more")
