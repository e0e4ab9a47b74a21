"""Work in streams that survives any interruption: source, operators, sink, and a journal of what was done.

>>> from foundry_engine.streaming import FunctionOperator, UnifiedPipeline
>>> pipeline = UnifiedPipeline(operators=[FunctionOperator(lambda item: {"text": item["text"].strip()}, name="strip")])

Then ``pipeline.create(pipeline_id="first", input_uri="jsonl://in.jsonl", output_uri="jsonl://out.jsonl")`` and
``pipeline.run()``. The promise and every name of journal, quarantine and report: ``docs/streaming.md``.
"""

from foundry_engine.streaming.context import AsyncContext, Context
from foundry_engine.streaming.operators import BaseOperator, FilterOperator, FunctionOperator, Operator
from foundry_engine.streaming.pipeline import UnifiedPipeline
from foundry_engine.streaming.retry import RetryPolicy
from foundry_engine.streaming.run_settings import RunSettings

__all__ = [
    "AsyncContext",
    "BaseOperator",
    "Context",
    "FilterOperator",
    "FunctionOperator",
    "Operator",
    "RetryPolicy",
    "RunSettings",
    "UnifiedPipeline",
]
