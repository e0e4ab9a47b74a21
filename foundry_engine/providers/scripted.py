"""A provider that answers from a script: for tests of whoever builds on the foundry, and for its own.

``replies`` are given in turn, one a request, and start again at the end. A reply may be a text, or a fault:
``!rate_limited``, ``!unavailable``, ``!timed_out``, ``!refused``, ``!rejected``, ``!truncated``. In a text
``{label} {language} {trap} {n}`` stand for the cell and the number of the request.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from foundry_engine.completions import Capabilities, Completion, CompletionRequest, ProviderContext, Usage
from foundry_engine.errors import ProviderError, RateLimited, Refused, Rejected, TimedOut, Unavailable

CAPABILITIES = Capabilities(structured_output=False, paid=False, reads_prompt=False)
FAULTS: dict[str, type[ProviderError]] = {
    "!rate_limited": RateLimited,
    "!unavailable": Unavailable,
    "!timed_out": TimedOut,
    "!refused": Refused,
    "!rejected": Rejected,
}


class Settings(BaseModel):
    """The script."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    replies: Annotated[list[str], Field(min_length=1)]


class Provider:
    """Replies in turn; which one depends on the order of asking, so scripts are asked one at a time."""

    def __init__(self, settings: Settings, context: ProviderContext) -> None:
        self._replies = settings.replies
        self.asked = 0

    async def complete(self, request: CompletionRequest) -> Completion:
        """The next reply of the script."""
        reply = self._replies[self.asked % len(self._replies)]
        self.asked += 1
        if reply in FAULTS:
            raise FAULTS[reply](f"scripted {reply[1:]}", retry_after=0.0)
        if reply == "!truncated":
            return Completion('{"items": [{"te', Usage(1, 1), "length")
        for name in ("label", "language", "trap"):
            reply = reply.replace("{" + name + "}", str(request.cell.get(name)))
        return Completion(reply.replace("{n}", str(self.asked)), Usage(len(request.user), len(reply)))

    async def close(self) -> None:
        """Nothing to give back."""
