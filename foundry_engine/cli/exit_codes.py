"""Exit codes of the command line, in one table."""

from __future__ import annotations

from foundry_engine.errors import (
    ConfigError,
    FoundryError,
    MissingDependency,
    MissingSetting,
    ParityError,
    QualityGateFailed,
)

OK, FAILED, USAGE, INVALID, GATE, MISSING, INTERRUPTED = 0, 1, 2, 3, 4, 5, 130

MEANINGS = {
    OK: "done",
    FAILED: "failed; the message says what, where and what to do",
    USAGE: "the command line is wrong",
    INVALID: "a blueprint, constitution or setting is invalid",
    GATE: "forged, but a gate or the verification failed: nothing was shipped",
    MISSING: "a needed extra, key, server or tool is missing",
    INTERRUPTED: "interrupted; the same command goes on from there",
}

TABLE: tuple[tuple[type[FoundryError], int], ...] = (
    (QualityGateFailed, GATE),
    (ParityError, GATE),
    (MissingDependency, MISSING),
    (MissingSetting, MISSING),
    (ConfigError, INVALID),
    (FoundryError, FAILED),
)
"""The first class that fits decides."""


def code_of(error: FoundryError) -> int:
    """Exit code of an error."""
    return next(code for kind, code in TABLE if isinstance(error, kind))
