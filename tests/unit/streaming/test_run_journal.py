"""The journal: groups are whole or absent, cut anywhere it opens as a prefix, and a foreign file is left alone."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path
from random import Random
from typing import Any

import pytest

from foundry_engine.errors import FoundryError, ResumeError
from foundry_engine.streaming import run_journal
from foundry_engine.streaming.lineage import child, root
from foundry_engine.streaming.run_journal import FORMAT, RunJournal
from tests.streams import numbers, out, pipeline

GROUPS = 12


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A journal of some groups, none of them checkpointed: the database file and its log, as a crash leaves them."""
    folder = tmp_path_factory.mktemp("written")
    journal = RunJournal(folder / "live.sqlite")
    with journal.group():
        journal.ensure_stages(1)
        journal.put("input", {"rows": GROUPS})
    for number in range(GROUPS):
        with journal.group():
            journal.add_outcomes(0, [(child(root(number), k), -1, "x" * 40 * k) for k in range(1 + number % 5)])
            journal.begin_call(bytes([number]), "s", "n")
    for suffix in ("", "-wal"):
        shutil.copy(folder / f"live.sqlite{suffix}", folder / f"copy.sqlite{suffix}")
    journal.close()
    return folder / "copy.sqlite"


def groups_in(path: Path) -> int:
    """How many groups a journal holds; fails unless they are whole and the first ones."""
    journal = RunJournal(path)
    try:
        if journal.get("input") is None:
            return 0
        calls = journal.calls()["begun"]
        expected = [child(root(n), k) for n in range(calls) for k in range(1 + n % 5)]
        assert [path for path, _, _ in journal.outcomes(0)] == expected
        return calls
    finally:
        journal.close()
        db = sqlite3.connect(path)
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        db.close()


def test_cut_at_every_frame_and_at_random_bytes_it_is_a_prefix(written: Path, tmp_path: Path) -> None:
    log = written.with_name(written.name + "-wal").read_bytes()
    header, frame = 32, 24 + 4096
    assert (len(log) - header) % frame == 0 and len(log) > 20 * frame
    random = Random(0)
    places = [0, 16, *range(header, len(log) + 1, frame), *(random.randrange(len(log)) for _ in range(80))]
    found = []
    for place in sorted(places):
        shutil.copy(written, tmp_path / "j.sqlite")
        (tmp_path / "j.sqlite-wal").write_bytes(log[:place])
        found.append(groups_in(tmp_path / "j.sqlite"))
        for left in tmp_path.glob("j.sqlite*"):
            left.unlink()
    assert found == sorted(found) and found[0] == 0 and found[-1] == GROUPS
    assert set(found) == set(range(GROUPS + 1))


def test_garbage_after_the_log_is_no_part_of_it(written: Path, tmp_path: Path) -> None:
    random = Random(1)
    log = written.with_name(written.name + "-wal").read_bytes()
    for place in (40, len(log) // 2, len(log)):
        shutil.copy(written, tmp_path / "j.sqlite")
        (tmp_path / "j.sqlite-wal").write_bytes(log[:place] + random.randbytes(5000))
        assert groups_in(tmp_path / "j.sqlite") <= GROUPS
        for left in tmp_path.glob("j.sqlite*"):
            left.unlink()


def test_a_group_that_fails_is_absent(tmp_path: Path) -> None:
    journal = RunJournal(tmp_path / "j.sqlite")
    with pytest.raises(ValueError, match="stop"), journal.group():
        journal.put("a", 1)
        raise ValueError("stop")
    assert journal.get("a") is None
    journal.close()


def foreign(path: Path) -> None:
    path.write_bytes(b"<html>not a database</html>" * 200)


def another_database(path: Path) -> None:
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE mine (x)")
    db.close()


def of_the_future(path: Path) -> None:
    RunJournal(path).close()
    db = sqlite3.connect(path)
    db.execute(f"PRAGMA user_version = {FORMAT + 1}")
    db.close()


def half(path: Path) -> None:
    RunJournal(path).close()
    path.write_bytes(path.read_bytes()[:700])


@pytest.mark.parametrize(
    ("spoil", "kind", "message"),
    [
        (foreign, ResumeError, r"cannot be used as a journal \(file is not a database\)\. Move the file away"),
        (another_database, ResumeError, r"is not the journal of a streaming run\. Move the file away"),
        (of_the_future, ResumeError, rf"journal format {FORMAT + 1}, this foundry reads {FORMAT}\."),
        (half, ResumeError, r"cannot be used as a journal \(.*\)\. Move the file away"),
        (Path.mkdir, FoundryError, r"cannot be opened or written \(unable to open database file\)\. Check the space"),
    ],
)
def test_a_file_that_is_no_journal_is_left_for_its_owner(tmp_path: Path, spoil: Any, kind: Any, message: str) -> None:
    path = tmp_path / "j.sqlite"
    spoil(path)
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(kind, match=message) as raised:
        RunJournal(path)
    assert raised.value.message.startswith(str(path))
    if spoil is not another_database:  # which SQLite turns to write-ahead mode when it is asked for its tables
        assert before is None or path.read_bytes() == before


def test_a_journal_that_is_full_says_so_and_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers(tmp_path / "in.jsonl", 2_000)

    def grow(item: dict[str, Any]) -> dict[str, Any]:
        return {**item, "text": "x" * 500}

    made = pipeline(tmp_path, [grow], parallel_size=5)
    prepare = RunJournal._prepare
    with monkeypatch.context() as patch:

        def small(self: RunJournal, durable: bool) -> None:
            prepare(self, durable)
            self._db.execute("PRAGMA max_page_count = 100")

        patch.setattr(run_journal.RunJournal, "_prepare", small)
        with pytest.raises(FoundryError, match=r"database or disk is full.*run the same again: what was accepted"):
            made.run()
    assert not (tmp_path / "out.jsonl").exists()
    report = made.run()
    assert len(out(tmp_path)) == 2_000 and report["sessions"] == {"begun": 2, "ended_in_order": 1}


def test_durable_waits_for_the_disk(tmp_path: Path) -> None:
    for durable, level in ((False, 1), (True, 2)):
        journal = RunJournal(tmp_path / f"{durable}.sqlite", durable)
        assert journal._db.execute("PRAGMA synchronous").fetchone() == (level,)
        journal.close()
