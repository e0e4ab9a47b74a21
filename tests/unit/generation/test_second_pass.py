"""The blind reading: what is asked, how votes count, what becomes of a text."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence

import pytest

from foundry_engine.blueprint import SecondPass
from foundry_engine.completions import Completion, CompletionRequest
from foundry_engine.generation.plan import Cell, make_plan
from foundry_engine.generation.reply_parser import parse_votes
from foundry_engine.generation.second_pass import Reading, read, reading_request
from foundry_engine.records import Sample
from tests import courtesy

LAW = courtesy.law()
Votes = Callable[[str, int], str | None]


def reading(text: str, label: str, cell: Cell | None = None) -> Reading:
    cell = cell or next(c for c in make_plan(courtesy.declared(), courtesy.TASK) if c.group == (label, "en"))
    return Reading(Sample(text, text, label, "en", "generated", "author"), cell)


def voted(readings: Sequence[Reading], vote: Votes, **settings: object) -> list[CompletionRequest]:
    """Read; ``vote`` says what is answered for a text the n-th time (``None``: nothing)."""
    asked: list[CompletionRequest] = []
    times: dict[str, int] = {}

    async def ask(makers: Sequence[Callable[[int], CompletionRequest]]) -> list[Completion | None]:
        replies: list[Completion | None] = []
        for request in (make(0) for make in makers):
            asked.append(request)
            items = []
            for n, text in enumerate(request.cell["texts"], start=1):
                times[text] = times.get(text, 0) + 1
                label = vote(text, times[text])
                items += [{"n": n, "evidence": "", "label": label}] if label else []
            replies.append(Completion(json.dumps({"items": items})))
        return replies

    asyncio.run(read(readings, {}, LAW, SecondPass(**settings), ask, "seed"))  # type: ignore[arg-type]
    return asked


def test_the_reader_never_sees_the_wanted_label() -> None:
    """Equal texts are asked about in equal words, whichever label was wanted."""
    asked = [voted([reading("text", label)], lambda t, n: "Rude", votes=1)[0] for label in ("Polite", "Rude")]
    assert asked[0] == asked[1]


def test_the_order_of_labels_and_the_wording_change() -> None:
    many = [reading_request(["a"], "en", LAW, str(seed)) for seed in range(30)]
    orders = {tuple(request.cell["labels"]) for request in many}
    assert orders == {("Polite", "Rude"), ("Rude", "Polite")}
    assert len({request.system.splitlines()[0] for request in many}) == 3
    for request in many:
        first, second = request.cell["labels"]
        assert request.system.index(f"- {first}:") < request.system.index(f"- {second}:")
        assert LAW.prompt.system.splitlines()[0] not in request.system


def test_texts_of_all_labels_are_mixed_and_each_is_read() -> None:
    readings = [reading(f"p{i}", "Polite") for i in range(20)] + [reading(f"r{i}", "Rude") for i in range(20)]
    asked = voted(readings, lambda text, n: "Polite" if text[0] == "p" else "Rude", texts=10)
    assert len(asked) == 4
    assert all({text[0] for text in request.cell["texts"]} == {"p", "r"} for request in asked)
    assert all(r.votes == [r.sample.label] and r.agrees for r in readings)


VERDICTS = [
    ("agreed at once", ["Polite"], 1, ""),
    ("wrong twice of three", ["Rude", "Rude", "Polite"], 3, "disagreement"),
    ("doubt was wrong", ["Rude", "Polite", "Polite"], 3, ""),
    ("no majority", ["Rude", "Polite", "?"], 3, "unsure"),
    ("unsure", ["?", "?", "?"], 3, "unsure"),
    ("never answered", [None, None], 0, "unread"),
    ("answered when asked again", [None, "Polite"], 1, ""),
    ("a label of another law", ["Question", "Maybe", "Question"], 0, "unread"),
]


@pytest.mark.parametrize(("votes", "count", "reason"), [v[1:] for v in VERDICTS], ids=[v[0] for v in VERDICTS])
def test_a_verdict(votes: list[str | None], count: int, reason: str) -> None:
    one = reading("text", "Polite")
    voted([one], lambda text, n: votes[min(n, len(votes)) - 1])
    assert (len(one.votes), one.reason) == (count, reason)


def test_borderline_cells_and_cells_in_doubt_are_read_more_often() -> None:
    plan = [c for c in make_plan(courtesy.declared(), courtesy.TASK) if c.group == ("Polite", "en")]
    axes, trap = next(c for c in plan if c.kind == "axes"), next(c for c in plan if c.kind == "trap")
    other = [c for c in plan if c.kind == "axes"][1]
    readings = [reading(f"{c.kind}{i}{c.replica}", "Polite", c) for c in (axes, trap, other) for i in range(5)]
    voted(readings, lambda text, n: "Rude" if text in ("axes01", "axes11") and n == 1 else "Polite", doubt=0.8, votes=3)
    assert {(r.cell.id, len(r.votes)) for r in readings} == {(axes.id, 1), (trap.id, 3), (other.id, 3)}
    assert all(r.agrees for r in readings)


@pytest.mark.parametrize(
    ("text", "votes"),
    [
        ('{"items": [{"n": 1, "label": "A"}, {"n": 2, "label": "B"}]}', {1: "A", 2: "B"}),
        ('```json\n[{"n": 2, "label": "B"}]\n```', {2: "B"}),
        ('{"items": [{"n": 1, "label": "A"}, {"n": 1, "label": "B"}]}', {}),
        ('{"items": [{"n": 1, "label": "A"}, {"n": 1, "label": "A"}]}', {1: "A"}),
        ('{"items": [{"n": 0, "label": "A"}, {"n": 3, "label": "A"}, {"n": true, "label": "A"}, {"label": "A"}]}', {}),
        ('{"items": [{"n": 1, "label": 7}, {"n": "1", "label": "A"}, "A", null]}', {}),
        ("A", {}),
        ("", {}),
    ],
)
def test_votes_are_read_or_left_out(text: str, votes: dict[int, str]) -> None:
    assert parse_votes(text, "stop", 2) == votes
    assert parse_votes(text, "blocked", 2) == {}
