"""The fake's real limits: exact in any window, with the wait that helps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundry_engine.fake_llm.limits import Limits, Window
from foundry_engine.fake_llm.settings import FakeSettings


@given(st.lists(st.floats(0, 0.3), min_size=1, max_size=80))
def test_no_window_holds_more_than_the_limit(gaps: list[float]) -> None:
    window, now, admitted = Window(5, 1.0), 0.0, list[float]()
    for gap in gaps:
        now += gap
        if window.wait(now, 1) <= 0:
            window.take(now, 1)
            admitted.append(now)
    assert all(sum(at <= other < at + 1.0 for other in admitted) <= 5 for at in admitted)


def test_after_the_wait_it_fits() -> None:
    window = Window(100, 60.0)
    for second in range(10):
        window.take(float(second), 10)
    wait = window.wait(9.5, 25)
    assert wait == pytest.approx(52.5) and window.wait(9.5 + wait, 25) <= 0
    assert window.wait(200.0, 500) <= 0, "more than the limit fits an empty window"


def test_keys_and_models_have_their_own_and_minutes_are_told() -> None:
    limits = Limits(FakeSettings(rpm=2, tpm=1000))
    assert [limits.admit("k", "m", 10, 0.0)[0] for _ in range(3)] == [0, 0, 60.0]
    wait, headers = limits.admit("other", "m", 400, 1.0)
    assert wait == 0 and headers["x-ratelimit-remaining-requests"] == "1"
    assert headers["x-ratelimit-remaining-tokens"] == "600"
    assert limits.admit("other", "m", 700, 1.0)[0] == 60.0
