"""Many models as one, usable alone: ``from foundry_engine.llm_pool import LlmPool, ModelEntry``."""

from __future__ import annotations

from foundry_engine.llm_pool.budget import Budget
from foundry_engine.llm_pool.pool import LlmPool
from foundry_engine.llm_pool.report import PoolReport
from foundry_engine.llm_pool.scope import Scope
from foundry_engine.pool_settings import ModelEntry, Price

__all__ = ["Budget", "LlmPool", "ModelEntry", "PoolReport", "Price", "Scope"]
