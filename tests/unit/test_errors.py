"""The tree of errors: what may be retried, and how facts travel."""

from __future__ import annotations

import inspect
import pickle

import pytest

from foundry_engine import errors
from foundry_engine.cli import exit_codes

RETRY = {
    "ProviderError": "never",
    "RateLimited": "wait",
    "Unavailable": "again",
    "TimedOut": "again",
    "Truncated": "reask",
    "MalformedReply": "reask",
    "Refused": "never",
    "Rejected": "never",
    "BudgetSpent": "never",
}
CODES = {
    "FoundryError": 1,
    "DataError": 1,
    "MalformedRecord": 1,
    "ProviderError": 1,
    "ArtifactError": 1,
    "ResumeError": 1,
    "ConfigError": 3,
    "InvalidSetting": 3,
    "UnknownComponent": 3,
    "Busy": 3,
    "QualityGateFailed": 4,
    "ParityError": 4,
    "MissingSetting": 5,
    "MissingDependency": 5,
}
CLASSES = {
    name: kind for name, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, errors.FoundryError)
}


def test_every_provider_error_says_what_may_be_done() -> None:
    found = {name: kind.retry for name, kind in CLASSES.items() if issubclass(kind, errors.ProviderError)}
    assert found == RETRY


@pytest.mark.parametrize(("name", "code"), CODES.items())
def test_exit_codes(name: str, code: int) -> None:
    assert exit_codes.code_of(CLASSES[name]("why")) == code


def test_every_class_is_drawn_in_the_tree() -> None:
    drawn = str(errors.__doc__)
    assert [name for name in CLASSES if name not in drawn] == []


def test_facts_are_attributes() -> None:
    error = errors.RateLimited("slow down", retry_after=2.5)
    assert (error.message, error.retry_after, str(error)) == ("slow down", 2.5, "slow down")
    with pytest.raises(AttributeError, match="RateLimited has no attribute 'other'"):
        _ = error.other
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), copy.message, copy.retry_after) == (errors.RateLimited, "slow down", 2.5)
