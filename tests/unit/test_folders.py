"""Folders and files are replaced whole or not at all, and a stage is done only when its bytes say so."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from foundry_engine import folders
from foundry_engine.errors import Busy, FoundryError
from foundry_engine.folders import RunFolder, content_of, locked, replacing, run_stage, write_atomic, write_together

ROOT = Path(__file__).resolve().parents[2]


def contents(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


class Body(Exception):
    """What goes wrong inside a block."""


# replacing


def test_a_folder_is_replaced_whole(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "folder"
    for content in (b"first", b"second"):
        with replacing(folder) as fresh:
            (fresh / "sub").mkdir()
            (fresh / "sub" / "file").write_bytes(content)
            assert not folder.exists() or contents(folder) == {"sub/file": b"first"}
        assert contents(folder) == {"sub/file": content}
    assert [p.name for p in folder.parent.iterdir()] == ["folder"], "nothing is left beside it"


@pytest.mark.parametrize("error", [Body("x"), KeyboardInterrupt(), FileNotFoundError(2, "No such file", "corpus")])
def test_an_error_of_the_block_is_its_own_and_leaves_the_old_folder(tmp_path: Path, error: BaseException) -> None:
    folder = tmp_path / "folder"
    with replacing(folder) as fresh:
        (fresh / "file").write_bytes(b"old")
    with pytest.raises(type(error)) as raised, replacing(folder) as fresh:
        (fresh / "file").write_bytes(b"half")
        raise error
    assert raised.value is error, "an error of the work is not called one of the folder"
    assert contents(folder) == {"file": b"old"}
    assert [p.name for p in tmp_path.iterdir()] == ["folder"]


def test_leftovers_of_a_crash_are_cleared(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    for name in ("folder.new", "folder.old"):
        (tmp_path / name / "sub").mkdir(parents=True)
        (tmp_path / name / "sub" / "half").write_bytes(b"torn")
    with replacing(folder) as fresh:
        assert contents(fresh) == {}
        (fresh / "file").write_bytes(b"whole")
    assert contents(tmp_path) == {"folder/file": b"whole"}


# what cannot be written: a mode denies root nothing, so a file stands where a folder has to be, and there is /proc


def in_the_way(folder: Path) -> Path:
    (folder / "file").write_text("in the way")
    return folder / "file" / "inside"


def in_proc(folder: Path) -> Path:
    return Path("/proc/nothing_may_be_made_here")


def read_only(folder: Path) -> Path:
    (folder / "closed").mkdir(mode=0o500)
    return folder / "closed" / "inside"


PLACES = [in_the_way]
PLACES += [in_proc] if Path("/proc/self").is_dir() else []
PLACES += [read_only] if os.geteuid() else []


@pytest.mark.parametrize("place", PLACES)
def test_a_place_that_cannot_be_written_says_so(tmp_path: Path, place: Callable[[Path], Path]) -> None:
    path = place(tmp_path)
    expected = rf"^{path}: cannot be written: .+\. Check its permissions and the space on the disk\.$"
    with pytest.raises(FoundryError, match=expected):
        write_atomic(path, b"data")
    with pytest.raises(FoundryError, match=expected), replacing(path):
        raise AssertionError("the work is not begun")
    with pytest.raises(FoundryError, match=expected), locked(path):
        raise AssertionError("the work is not begun")


# write_atomic


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file.json"
    write_atomic(path, b"one")
    write_atomic(path, b"")
    assert contents(tmp_path) == {"new/file.json": b""}


def test_a_failed_write_leaves_the_old_bytes_and_nothing_beside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    write_atomic(path, b"old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FoundryError, match="cannot be written: No space left on device"):
        write_atomic(path, b"new")
    assert contents(tmp_path) == {"file": b"old"}


# locked

HOLD = """
import sys
from pathlib import Path
from foundry_engine.folders import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_process_is_refused_until_the_first_ends(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout and holder.stdin
    try:
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(Busy, match="another foundry process is at work here"), locked(tmp_path):
            raise AssertionError("two at once")
    finally:
        holder.kill()  # a lock ends with its process, however it ends
        holder.wait(10)
        holder.stdin.close()
        holder.stdout.close()
    with locked(tmp_path):
        pass
    with locked(tmp_path):
        pass


def test_the_lock_is_given_back_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(Body), locked(tmp_path):
        raise Body
    with locked(tmp_path):
        pass


# run_stage


class Work:
    """Counts its runs and writes one file."""

    def __init__(self) -> None:
        self.runs = 0

    def __call__(self, fresh: Path) -> Mapping[str, object]:
        self.runs += 1
        (fresh / "sub").mkdir()
        (fresh / "sub" / "rows").write_bytes(b"rows")
        return {"rows": 4, "run": self.runs}


@pytest.fixture
def done(tmp_path: Path) -> tuple[Path, Work]:
    folder, work = tmp_path / "1_samples", Work()
    result = run_stage(folder, {"seed": 1}, work)
    assert (result.state, result.summary, work.runs) == ("done", {"rows": 4, "run": 1}, 1)
    return folder, work


def test_an_unchanged_stage_is_skipped(done: tuple[Path, Work]) -> None:
    folder, work = done
    again = run_stage(folder, {"seed": 1}, work)
    assert (again.state, again.summary, work.runs) == ("unchanged", {"rows": 4, "run": 1}, 1)


def test_force_runs_it_again(done: tuple[Path, Work]) -> None:
    folder, work = done
    assert run_stage(folder, {"seed": 1}, work, force=True).state == "done"
    assert work.runs == 2


def test_other_inputs_run_it_again(done: tuple[Path, Work]) -> None:
    folder, work = done
    assert run_stage(folder, {"seed": 2}, work).state == "done"
    assert run_stage(folder, {"seed": 2, "more": None}, work).state == "done"
    assert work.runs == 3


def test_other_code_runs_it_again(done: tuple[Path, Work], monkeypatch: pytest.MonkeyPatch) -> None:
    folder, work = done
    monkeypatch.setattr(folders, "code_version", lambda: "another")
    assert run_stage(folder, {"seed": 1}, work).state == "done"


def change_a_byte(folder: Path) -> None:
    (folder / "sub" / "rows").write_bytes(b"r0ws")


def lose_a_file(folder: Path) -> None:
    shutil.rmtree(folder / "sub")


def make_it_a_folder(folder: Path) -> None:
    (folder / "sub" / "rows").unlink()
    (folder / "sub" / "rows").mkdir()


def tear_the_state(folder: Path) -> None:
    (folder / folders.STAGE_FILE).write_bytes((folder / folders.STAGE_FILE).read_bytes()[:30])


def lose_the_state(folder: Path) -> None:
    (folder / folders.STAGE_FILE).unlink()


def put_another_state(data: object) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        (folder / folders.STAGE_FILE).write_text(json.dumps(data))

    return spoil


SPOILED = [change_a_byte, lose_a_file, make_it_a_folder, tear_the_state, lose_the_state]
SPOILED += [put_another_state(d) for d in ([], 7, {}, {"fingerprint": "x", "files": [], "summary": {}})]


@pytest.mark.parametrize("spoil", SPOILED)
def test_a_spoiled_stage_runs_again_and_is_never_read(done: tuple[Path, Work], spoil: Callable[[Path], None]) -> None:
    folder, work = done
    spoil(folder)
    with pytest.raises(FoundryError, match=r"1_samples.*--steps=generate,refine,train,export"):
        content_of(folder)
    assert run_stage(folder, {"seed": 1}, work).state == "done"
    assert contents(folder)["sub/rows"] == b"rows"
    assert set(content_of(folder)) == {"sub/rows"}


def test_a_failing_stage_leaves_the_last_good_one(done: tuple[Path, Work]) -> None:
    folder, work = done

    def fail(fresh: Path) -> Mapping[str, object]:
        (fresh / "half").write_bytes(b"x")
        raise Body

    with pytest.raises(Body):
        run_stage(folder, {"seed": 2}, fail)
    assert run_stage(folder, {"seed": 1}, work).state == "unchanged"


STEPS = ["generate", "refine", "train", "export"]


@pytest.mark.parametrize("asked", range(4))
@pytest.mark.parametrize("done", range(4))
def test_a_step_before_that_was_not_run_is_named_with_the_first_to_run(tmp_path: Path, asked: int, done: int) -> None:
    """Whichever folder is asked for, the way on begins at the first step that has not run."""
    run = RunFolder(tmp_path)
    stages = [run.samples, run.dataset, run.fitted, run.artifacts]
    for stage in stages[:done]:
        folders.run_stage(stage, {}, lambda fresh: {})
    if asked < done:
        assert content_of(stages[asked]) == {}
        return
    message = (
        f"{stages[asked].name}: step {STEPS[asked]} has not been run to its end. "
        f"Run it first: --steps={','.join(STEPS[done:])}$"
    )
    with pytest.raises(FoundryError, match=message):
        content_of(stages[asked])


def test_every_folder_of_a_run_has_its_step(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    names = [run.samples.name, run.dataset.name, run.fitted.name, run.artifacts.name, run.report.name]
    assert names == list(folders.STEP_OF) == sorted(names)


# fingerprints


def test_a_fingerprint_depends_on_content_alone() -> None:
    same = folders.fingerprint_of({"a": 1, "b": {"c": [1, 2], "d": "中"}})
    assert folders.fingerprint_of({"b": {"d": "中", "c": [1, 2]}, "a": 1}) == same
    others = [{"a": 1}, {"a": "1"}, {"a": 1.0}, {"a": [1]}, {"a": None}, {"a": True}, {"a": "\ud800"}]
    assert len({folders.fingerprint_of(o) for o in others}) == len(others)


def test_files_written_together_are_put_back_when_one_cannot_be(tmp_path: Path) -> None:
    names = ("a", "b", "c")
    (tmp_path / "a").write_bytes(b"old")
    (tmp_path / "c").mkdir()
    with pytest.raises(FoundryError, match="c: cannot be written: Is a directory"):
        write_together({tmp_path / name: b"new" for name in names})
    assert (tmp_path / "a").read_bytes() == b"old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "c"]
