"""Labels from async-batch-llm: ``URL COUNT IN_FLIGHT TIMEOUT COOL_DOWN``; cool-down 0 leaves its default.

Runs in the peer's own environment and knows nothing of ours; prints the answers as a JSON list, ``null`` where none.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any, Literal

from async_batch_llm import (
    OpenAICompatibleModel,
    OpenAIStrategy,
    ProcessorConfig,
    RateLimitConfig,
    process_prompts,
    pydantic_json_parser,
)
from pydantic import BaseModel


class Reply(BaseModel, extra="forbid"):
    """The wanted answer."""

    text: str
    label: Literal["Question", "Statement", "Order"]


async def answers(url: str, count: int, in_flight: int, timeout: float, cool_down: float) -> list[Any]:
    """Every row's answer, in the order they came."""
    form = {"type": "json_schema", "json_schema": {"name": "reply", "schema": Reply.model_json_schema()}}
    model = OpenAICompatibleModel.from_api_key(
        "fake-model",
        "sk-bench",
        base_url=f"{url}/v1",
        system_instruction="You label texts.",
        extra_body={"response_format": form},
    )
    limit = RateLimitConfig(cooldown_seconds=cool_down) if cool_down else RateLimitConfig()
    config = ProcessorConfig(concurrency=in_flight, attempt_timeout=timeout, rate_limit=limit)
    prompts = [f"Text number {n}" for n in range(count)]
    batch = await process_prompts(OpenAIStrategy(model, pydantic_json_parser(Reply)), prompts, config=config)
    return [result.output.model_dump() if result.success else None for result in batch.results]


if __name__ == "__main__":
    url, count, in_flight, timeout, cool_down = sys.argv[1:]
    print(json.dumps(asyncio.run(answers(url, int(count), int(in_flight), float(timeout), float(cool_down)))))
