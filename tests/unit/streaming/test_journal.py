"""The journal: what is kept stays, and a file that is none says what to do."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from foundry_engine.errors import ResumeError
from foundry_engine.streaming.journal import FORMAT, Journal, Reply

REPLY = Reply('{"items": [{"text": "请问\u2028😀"}]}', "stop", 12, 34)


def test_a_reply_is_found_again_and_only_under_its_key(tmp_path: Path) -> None:
    with Journal(tmp_path / "new" / "journal.sqlite") as journal:
        assert journal.get("k") is None
        journal.put("k", REPLY)
        journal.put("empty", Reply("", "blocked", 0, 0))
    with Journal(tmp_path / "new" / "journal.sqlite") as journal:
        assert journal.get("k") == REPLY
        assert journal.get("empty") == Reply("", "blocked", 0, 0)
        assert journal.get("K") is None


def test_the_first_reply_stays(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.sqlite") as journal:
        journal.put("k", REPLY)
        journal.put("k", Reply("another", "stop", 1, 1))
        assert journal.get("k") == REPLY


def test_a_reply_outlives_a_process_that_is_killed_right_after(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys\nfrom pathlib import Path\n"
        "from foundry_engine.streaming.journal import Journal, Reply\n"
        "journal = Journal(Path(sys.argv[1]))\n"
        "for n in range(50):\n    journal.put(str(n), Reply('x' * n, 'stop', n, n))\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    path = tmp_path / "journal.sqlite"
    root = Path(__file__).parents[3]
    killed = subprocess.run([sys.executable, "-c", code, str(path)], cwd=root, timeout=60, capture_output=True)
    assert killed.returncode == -9, killed.stderr
    with Journal(path) as journal:
        assert [journal.get(str(n)) for n in range(50)] == [Reply("x" * n, "stop", n, n) for n in range(50)]


def test_a_reply_is_on_disk_for_others_before_put_returns(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    with Journal(path) as journal:
        journal.put("k", REPLY)
        other = sqlite3.connect(path)
        rows = other.execute("SELECT key, text FROM reply").fetchall()
        other.close()
    assert rows == [("k", REPLY.text)]


def foreign(path: Path) -> None:
    path.write_bytes(b"<html>not a database</html>" * 200)


def half(path: Path) -> None:
    with Journal(path) as journal:
        journal.put("k", REPLY)
    path.write_bytes(path.read_bytes()[:700])


def of_the_future(path: Path) -> None:
    with Journal(path):
        pass
    other = sqlite3.connect(path)
    other.execute(f"PRAGMA user_version = {FORMAT + 1}")
    other.close()


def a_folder(path: Path) -> None:
    path.mkdir()


UNUSABLE = [
    (foreign, r"cannot be used as a journal \(file is not a database\)\. Move the file away"),
    (half, r"cannot be used as a journal \(.*\)\. Move the file away"),
    (of_the_future, rf"journal format {FORMAT + 1}, this foundry reads {FORMAT}\."),
    (a_folder, r"cannot be opened or written \(unable to open database file\)\. Check its permissions"),
]


@pytest.mark.parametrize(("spoil", "message"), UNUSABLE)
def test_a_file_that_is_no_journal(tmp_path: Path, spoil: object, message: str) -> None:
    path = tmp_path / "journal.sqlite"
    spoil(path)  # type: ignore[operator]
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(ResumeError, match=message) as raised:
        Journal(path)
    assert raised.value.message.startswith(str(path))
    assert before is None or path.read_bytes() == before, "the file is left for its owner"


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ResumeError, match=r"cannot be opened or written .*Check its permissions"):
        Journal(tmp_path / "file" / "journal.sqlite")


def test_damage_found_while_reading_is_named(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    with Journal(path) as journal:
        for n in range(200):
            journal.put(f"{n:04d}", Reply("x" * 500, "stop", n, n))
    raw = bytearray(path.read_bytes())
    for page in range(2, len(raw) // 4096):
        raw[page * 4096 : page * 4096 + 200] = b"\xff" * 200
    path.write_bytes(raw)
    with Journal(path) as journal, pytest.raises(ResumeError, match=r"cannot be used as a journal .*malformed"):
        for n in range(200):
            journal.get(f"{n:04d}")
