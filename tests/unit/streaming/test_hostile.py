"""Inputs, operators and settings that are wrong in ways nobody means them to be."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest

from foundry_engine.errors import (
    BudgetSpent,
    FoundryError,
    InvalidSetting,
    MalformedRecord,
    ResumeError,
    Unavailable,
    UnknownComponent,
)
from foundry_engine.streaming import Operator
from foundry_engine.streaming.run_journal import RunJournal
from tests.streams import numbers, out, pipeline, quarantine


@pytest.mark.parametrize("number", ["1e999", "-1e999", "[1.5, 2e400]"])
def test_a_number_too_big_is_refused_with_its_line(tmp_path: Path, number: str) -> None:
    (tmp_path / "in.jsonl").write_text('{"x":1.5}\n{"x":' + number + "}\n")
    with pytest.raises(MalformedRecord, match=r"in\.jsonl:2: not JSON \(the number .* is too big"):
        pipeline(tmp_path, [dict])


def test_an_error_without_a_text_goes_by_its_class(tmp_path: Path) -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no text")

    def work(item: dict[str, Any]) -> dict[str, Any]:
        raise Mute

    numbers(tmp_path / "in.jsonl", 1)
    pipeline(tmp_path, [work], max_quarantined=1).run()
    assert quarantine(tmp_path)[0]["message"] == "Mute"


def test_errors_in_a_generator_follow_the_retry_rules(tmp_path: Path) -> None:
    numbers(tmp_path / "in.jsonl", 3)
    raising: list[Exception] = [Unavailable("503"), BudgetSpent("no money")]

    def work(item: dict[str, Any]) -> Any:
        yield {"n": item["n"]}
        if raising:
            raise raising.pop(0)

    made = pipeline(tmp_path, [work])
    with pytest.raises(BudgetSpent):
        made.run()
    report = made.run()
    assert report["rows_quarantined"] == 0 and not raising
    assert [row["n"] for row in out(tmp_path)] == [0, 1, 2]


def test_a_cancel_before_the_engine_exists_is_heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers(tmp_path / "in.jsonl", 50)
    made = pipeline(tmp_path, [dict])
    check, at, go = made._check_input, threading.Event(), threading.Event()

    def slow(journal: RunJournal) -> None:
        at.set()
        go.wait(10)
        check(journal)

    monkeypatch.setattr(made, "_check_input", slow)
    thread = threading.Thread(target=made.run)
    thread.start()
    assert at.wait(10)
    made.cancel()
    go.set()
    thread.join(10)
    assert made.report["state"] == "interrupted"
    assert made.run()["state"] == "finished"


def test_a_lone_carriage_return_is_quoted(tmp_path: Path) -> None:
    numbers(tmp_path / "in.jsonl", 1)
    uri = f"csv://{tmp_path}/out.csv"
    pipeline(tmp_path, [lambda item: {"t": "a\rb", "u": "x"}], output_uri=uri, lineage=None).run()
    assert (tmp_path / "out.csv").read_bytes() == b't,u\n"a\rb",x\n'


@pytest.mark.parametrize(
    "settings",
    [
        {"timeout": "5"},
        {"timeout": True},
        {"timeout": float("nan")},
        {"max_quarantined": "x"},
        {"retry": 3},
        {"lineage": 5},
        {"id_field": 5},
        {"durable": "no"},
        {"input_uri": 3},
        {"results_dir": None},
        {"restart_from": 1},
        {"node_configs": 3},
        {"node_configs": [3]},
        {"node_configs": [{"output_uri": 3}]},
    ],
)
def test_settings_of_a_wrong_type_are_refused(tmp_path: Path, settings: dict[str, Any]) -> None:
    numbers(tmp_path / "in.jsonl", 1)
    with pytest.raises(InvalidSetting, match=next(iter(settings))):
        pipeline(tmp_path, [dict], **settings)


def test_an_unknown_stage_to_restart_from_is_refused_on_a_fresh_run(tmp_path: Path) -> None:
    numbers(tmp_path / "in.jsonl", 1)
    with pytest.raises(UnknownComponent, match="no stage 'dcit'"):
        pipeline(tmp_path, [dict], restart_from="dcit")


def test_a_close_that_raises_is_logged_and_the_run_goes_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    class Stuck(Operator):
        async def process_item(self, item: dict[str, Any]) -> dict[str, Any]:
            return item

        async def close(self) -> None:
            raise OSError("stuck")

    numbers(tmp_path / "in.jsonl", 2)
    assert pipeline(tmp_path, [Stuck()]).run()["rows_out"] == 2
    assert "could not be closed operator=Stuck" in caplog.text


@pytest.mark.parametrize(
    "error", [sqlite3.IntegrityError, sqlite3.InterfaceError, sqlite3.ProgrammingError, sqlite3.DataError]
)
def test_a_value_the_journal_cannot_take_does_not_condemn_the_journal(error: type[sqlite3.Error]) -> None:
    journal = RunJournal(None)
    with pytest.raises(FoundryError, match="accepted before is kept") as raised, journal.group():
        raise error("a value")
    assert not isinstance(raised.value, ResumeError) and "away" not in str(raised.value)
    journal.close()
