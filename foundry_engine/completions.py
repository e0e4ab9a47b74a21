"""The seam between the foundry and a source of completions.

A provider is a module in ``providers/`` (or an entry point of ``foundry.providers``) with ``Settings`` (a pydantic
model), ``CAPABILITIES`` and a class ``Provider(settings, context)`` that has ``async complete(request) -> Completion``
and raises the ``ProviderError`` family of ``errors.py``. A provider is one model asked with one key; ``llm_pool`` makes
many of them one, and has the same ``complete``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from pydantic import SecretStr

    from foundry_engine.constitution import Constitution

Finish = Literal["stop", "length", "blocked"]


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens paid for; thinking counts as output."""

    prompt_tokens: int = 0
    output_tokens: int = 0


@dataclass(frozen=True, slots=True)
class CompletionRequest:
    """One question to a provider.

    ``cell`` says the same as the prompt, for providers that write from the grammar instead of reading it; ``schema`` is
    the JSON Schema of the wanted reply, empty for plain text; ``seed`` makes the reply repeatable where the provider
    can, and another seed is another question; ``max_output_tokens`` overrules the provider's own cap.
    """

    system: str
    user: str
    schema: Mapping[str, object] = field(default_factory=dict)
    cell: Mapping[str, Any] = field(default_factory=dict)
    count: int = 1
    seed: int = 0
    max_output_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Quota:
    """What a service says is left of its limits (``x-ratelimit-*``): how much, and seconds until it is full again."""

    requests: float | None = None
    requests_reset: float = 0.0
    tokens: float | None = None
    tokens_reset: float = 0.0


@dataclass(frozen=True, slots=True)
class Completion:
    """A provider's answer; ``text`` is raw and is not trusted.

    ``cost`` is in US dollars, told by the pool where it knows the price.
    """

    text: str
    usage: Usage = Usage()
    finish: Finish = "stop"
    quota: Quota | None = None
    cost: float | None = None


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a provider can and needs.

    ``reads_prompt`` is false where the cell alone decides what is written: from a grammar, a list or a script.
    """

    structured_output: bool
    paid: bool
    needs: tuple[str, ...] = ()
    reads_prompt: bool = True


@dataclass(frozen=True, slots=True)
class ProviderContext:
    """What a provider may use: the law, if there is one, and the environment its secrets come from.

    ``secrets`` are other keys of the same service: they are never shown either, should the service repeat them.
    """

    constitution: Constitution | None = None
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    secrets: tuple[SecretStr, ...] = ()


class Provider(Protocol):
    """A source of completions."""

    async def complete(self, request: CompletionRequest) -> Completion:
        """Answer one request; raises ``ProviderError``."""
        ...

    async def close(self) -> None:
        """Give back connections."""
        ...
