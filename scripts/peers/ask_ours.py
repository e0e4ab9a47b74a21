"""Labels from our pool through a pipeline, every answer journalled: ``URL COUNT IN_FLIGHT TIMEOUT SAFE_RPS``.

Rows come from a file and go to a file, as a user would have it; prints the answers as a JSON list. ``SAFE_RPS`` 0
declares no limit.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from foundry_engine.completions import CompletionRequest
from foundry_engine.llm_pool import LlmPool, ModelEntry
from foundry_engine.streaming import AsyncContext, Operator, UnifiedPipeline

FIELDS = ("text", "label")
SCHEMA = {
    "type": "object",
    "properties": {"text": {"type": "string"}, "label": {"enum": ["Question", "Statement", "Order"]}},
    "required": list(FIELDS),
    "additionalProperties": False,
}


class Label(Operator):
    """A row's label, paid for once."""

    version = "1"

    def __init__(self, pool: LlmPool) -> None:
        self._pool = pool

    async def process_item(self, item: dict[str, Any], context: AsyncContext) -> Any:
        """The answer to one row."""
        return await context.once("label", lambda: self._asked(item))

    async def _asked(self, item: dict[str, Any]) -> Any:
        request = CompletionRequest("You label texts.", item["text"], SCHEMA, seed=item["id"])
        return json.loads((await self._pool.complete(request)).text)

    async def close(self) -> None:
        """Close the pool's connections."""
        await self._pool.close()


def answers(url: str, count: int, in_flight: int, timeout: float, safe_rps: float, folder: Path) -> list[Any]:
    """What the pipeline wrote."""
    rows = [json.dumps({"id": n, "text": f"Text number {n}"}) for n in range(count)]
    (folder / "rows.jsonl").write_text("\n".join(rows))
    settings = {"model": "fake-model", "base_url": f"{url}/v1", "timeout": timeout, "keys": "BENCH_KEYS"}
    entry = ModelEntry(
        provider="openai_compatible", settings=settings, concurrency=in_flight, safe_rps=safe_rps or None
    )
    pool = LlmPool.open([entry], {"BENCH_KEYS": "sk-bench"})
    pipeline = UnifiedPipeline([Label(pool)], results_dir=folder / "runs", parallel_size=in_flight)
    pipeline.create("labels", input_uri=f"jsonl://{folder}/rows.jsonl", output_uri=f"jsonl://{folder}/labels.jsonl")
    pipeline.run()
    kept = [json.loads(line) for line in (folder / "labels.jsonl").read_text().splitlines()]
    return [{name: row[name] for name in FIELDS} for row in kept]


if __name__ == "__main__":
    url, *numbers = sys.argv[1:]
    count, in_flight, timeout, safe_rps = map(float, numbers)
    with tempfile.TemporaryDirectory(prefix="bench-ours-") as place:
        found = answers(url, int(count), int(in_flight), timeout, safe_rps, Path(place))
    print(json.dumps(found))
