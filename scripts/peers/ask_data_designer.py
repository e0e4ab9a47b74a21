"""Labels from NeMo Data Designer: ``URL COUNT IN_FLIGHT TIMEOUT``.

Runs in the peer's own environment and knows nothing of ours; prints the answers as a JSON list.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any, Literal

import data_designer.config as dd
import pandas as pd
from data_designer.interface import DataDesigner
from pydantic import BaseModel


class Reply(BaseModel, extra="forbid"):
    """The wanted answer."""

    text: str
    label: Literal["Question", "Statement", "Order"]


def answers(url: str, count: int, in_flight: int, timeout: int, folder: Path) -> list[Any]:
    """The answers it kept; it drops the rows it has none for."""
    provider = dd.ModelProvider(name="fake", endpoint=f"{url}/v1", api_key="sk-bench")
    form = {"type": "json_schema", "json_schema": {"name": "reply", "schema": Reply.model_json_schema()}}
    model = dd.ModelConfig(
        alias="fake",
        model="fake-model",
        provider="fake",
        skip_health_check=True,
        inference_parameters=dd.ChatCompletionInferenceParams(
            max_parallel_requests=in_flight, timeout=timeout, extra_body={"response_format": form}
        ),
    )
    builder = dd.DataDesignerConfigBuilder(model_configs=[model])
    builder.with_seed_dataset(dd.DataFrameSeedSource(df=pd.DataFrame({"n": range(count)})))
    builder.add_column(
        dd.LLMStructuredColumnConfig(
            name="reply",
            model_alias="fake",
            system_prompt="You label texts.",
            prompt="Text number {{ n }}",
            output_format=Reply,
        )
    )
    designer = DataDesigner(artifact_path=folder, model_providers=[provider], auto_configure_logging=False)
    made = designer.create(builder, num_records=count).load_dataset()
    return [reply if isinstance(reply, dict) else json.loads(reply) for reply in made["reply"]]


if __name__ == "__main__":
    url, count, in_flight, timeout = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="bench-data-designer-") as place:
        found = answers(url, int(count), int(in_flight), int(float(timeout)), Path(place))
    print(json.dumps(found))
