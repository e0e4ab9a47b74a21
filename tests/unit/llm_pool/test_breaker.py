"""The circuit breaker: the service's own faults in a row, nothing else."""

from __future__ import annotations

import math

from foundry_engine.llm_pool.breaker import FAULTS, GIVEN_UP, LONGEST_COOL, Breaker


def opened(at: float = 0.0) -> Breaker:
    breaker = Breaker()
    for _ in range(FAULTS):
        breaker.started()
        breaker.fault(at, at)
    return breaker


def test_it_opens_after_faults_in_a_row_and_lets_one_call_through_when_cool() -> None:
    breaker = opened()
    assert breaker.is_open and breaker.ready_at() == 1.0
    breaker.started()
    assert breaker.ready_at() == math.inf, "one trial at a time"
    breaker.good(1.5)
    assert not breaker.is_open and breaker.ready_at() == -math.inf


def test_an_answer_in_between_begins_the_count_anew() -> None:
    breaker = Breaker()
    for n in range(3 * FAULTS):
        breaker.fault(float(n), float(n))
        if n % (FAULTS - 1) == 0:
            breaker.good(n + 0.5)
    assert not breaker.is_open


def test_calls_sent_before_the_last_answer_say_nothing() -> None:
    breaker = Breaker()
    breaker.good(10.0)
    for _ in range(3 * FAULTS):
        breaker.fault(9.0, 11.0)
    assert not breaker.is_open


def test_failed_trials_double_the_wait_and_end_it() -> None:
    breaker, now, waits = opened(), 0.0, []
    while not breaker.given_up:
        waits.append(breaker.ready_at() - now)
        now = breaker.ready_at()
        breaker.started()
        breaker.fault(now, now)
    assert waits == [1.0, 2.0, 4.0, 8.0][:GIVEN_UP]
    assert breaker.ready_at() - now <= LONGEST_COOL
    breaker.started()
    breaker.good(now + 1)
    assert not breaker.given_up, "it may come back"


def test_a_cancelled_trial_leaves_room_for_another() -> None:
    breaker = opened()
    breaker.started()
    breaker.lost()
    assert breaker.ready_at() == 1.0
