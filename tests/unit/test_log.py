"""The package's log: set up once by an entrance, on stderr, never twice."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from foundry_engine import log


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    logger = logging.getLogger("foundry_engine")
    before = (logger.handlers[:], logger.level, logger.propagate)
    yield
    logger.handlers[:], logger.propagate = before[0], before[2]
    logger.setLevel(before[1])


def test_a_line_goes_to_stderr_once_however_often_it_is_set_up(capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(3):
        log.set_up(logging.INFO)
    logging.getLogger("foundry_engine.somewhere").info("done rows=%d", 3)
    out, err = capsys.readouterr()
    assert (out, err) == ("", "I foundry_engine.somewhere done rows=3\n")


def test_by_default_only_warnings_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    log.set_up()
    logging.getLogger("foundry_engine.somewhere").info("quiet")
    logging.getLogger("foundry_engine.somewhere").warning("loud")
    logging.getLogger("elsewhere").info("not ours")
    assert capsys.readouterr().err == "W foundry_engine.somewhere loud\n"
