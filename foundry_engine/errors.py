"""Every error the foundry raises on purpose.

::

    FoundryError                  what happened, to what, expected / got, next step
    ├─ ConfigError                the caller changes a setting
    │    UnknownComponent · MissingSetting · InvalidSetting · Busy
    ├─ DataError                  the records are not usable
    │    MalformedRecord · EmptyDataset · LabelMismatch · InvalidText
    ├─ ProviderError              the service said no; .retry = wait | again | reask | never
    │    RateLimited (wait) · Unavailable, TimedOut (again) · Truncated, MalformedReply (reask)
    │    Refused, Rejected, BudgetSpent (never)
    ├─ TrainingError              nothing can be learned from this
    ├─ QualityGateFailed          forged, but below its blueprint's floors: nothing is shipped, the report says why
    ├─ ArtifactError              VersionMismatch · ChecksumMismatch · MissingPart · MalformedArtifact
    ├─ ParityError                case, step, expected, got, tolerance
    ├─ ResumeError                the journal belongs to another format or run
    ├─ MissingDependency          an extra, a server or a tool is not installed
    └─ CompileError               CyclicPlan · UnsupportedByBackend

The command line maps classes to exit codes in one table (``foundry_engine/cli/exit_codes.py``).
"""

from __future__ import annotations

from typing import ClassVar, Literal

Retry = Literal["wait", "again", "reask", "never"]


class FoundryError(Exception):
    """Base of all; ``facts`` holds what the message says, for programs. Facts are also attributes."""

    def __init__(self, message: str, **facts: object) -> None:
        super().__init__(message)
        self.facts = facts

    def __getattr__(self, name: str) -> object:
        facts = self.__dict__.get("facts", {})
        if name in facts:
            return facts[name]
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")

    @property
    def message(self) -> str:
        """The text for a person."""
        return str(self.args[0])


class ConfigError(FoundryError):
    """The caller has to change a setting."""


class UnknownComponent(ConfigError):
    """No component of this kind has this name."""


class MissingSetting(ConfigError):
    """A setting or secret that is needed is not there."""


class InvalidSetting(ConfigError):
    """One or more settings are wrong; the message lists all of them as ``file:line:column``."""


class Busy(ConfigError):
    """Another process works on the same run or models folder."""


class DataError(FoundryError):
    """The records are not usable."""


class MalformedRecord(DataError):
    """A row of a file is not what it should be; the message starts with ``file:line``."""


class EmptyDataset(DataError):
    """Nothing is left to work on."""


class LabelMismatch(DataError):
    """A label the constitution does not declare."""


class InvalidText(DataError):
    """A text no runtime answers: not a string, a lone surrogate, or too long."""


class ProviderError(FoundryError):
    """A source of completions failed; ``retry`` says what may be done about it."""

    retry: ClassVar[Retry] = "never"


class RateLimited(ProviderError):
    """Too many requests; fact ``retry_after`` is in seconds or ``None``."""

    retry: ClassVar[Retry] = "wait"


class Unavailable(ProviderError):
    """The service is down or the connection broke."""

    retry: ClassVar[Retry] = "again"


class TimedOut(ProviderError):
    """No answer in time."""

    retry: ClassVar[Retry] = "again"


class Truncated(ProviderError):
    """The answer was cut at the token limit."""

    retry: ClassVar[Retry] = "reask"


class MalformedReply(ProviderError):
    """The answer is not of the asked form."""

    retry: ClassVar[Retry] = "reask"


class Refused(ProviderError):
    """The key or the request is not accepted (HTTP 400, 401, 403, 404); fact ``whose`` is key, model or request."""


class Rejected(ProviderError):
    """The service blocked the content."""


class BudgetSpent(ProviderError):
    """The agreed budget is used up."""


class TrainingError(FoundryError):
    """Nothing can be learned from this dataset."""


class QualityGateFailed(FoundryError):
    """The model was forged but is below its blueprint's floors; ``models/`` is untouched."""


class ArtifactError(FoundryError):
    """The artifact's files cannot be used."""


class VersionMismatch(ArtifactError):
    """The file has a format version, or Unicode tables, this runtime does not read."""


class ChecksumMismatch(ArtifactError):
    """The files do not belong together."""


class MissingPart(ArtifactError):
    """A file or field of the artifact is missing."""


class MalformedArtifact(ArtifactError):
    """The bytes are not a valid artifact."""


class ParityError(FoundryError):
    """Two runtimes differ; facts: case, step, expected, got, tolerance."""


class ResumeError(FoundryError):
    """The journal cannot be continued."""


class MissingDependency(FoundryError):
    """A needed extra, server or tool is not installed."""


class CompileError(FoundryError):
    """A workflow cannot be compiled."""


class CyclicPlan(CompileError):
    """The plan's steps depend on each other in a circle."""


class UnsupportedByBackend(CompileError):
    """The backend cannot express a feature of the plan."""
