"""What ``UnifiedPipeline`` and ``create`` can be told, with the defaults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from types import NoneType
from typing import Any

from foundry_engine.errors import InvalidSetting
from foundry_engine.registry import suggest
from foundry_engine.streaming.retry import RetryPolicy

MAX_CONCURRENCY = 10_000


_KINDS: Sequence[tuple[str, tuple[type, ...], str]] = (
    ("input_uri", (str,), "a URI such as jsonl://file"),
    ("output_uri", (str,), "a URI such as jsonl://file"),
    ("retry", (RetryPolicy,), "a RetryPolicy"),
    ("id_field", (str, NoneType), "a key of the input's rows, or None"),
    ("lineage", (str, NoneType), "a key, or None"),
    ("durable", (bool,), "True or False"),
    ("results_dir", (str, Path), "a folder"),
    ("restart_from", (str, NoneType), "a stage's name, 'input' or None"),
    ("node_configs", (list, tuple), "a list with one mapping an operator"),
)
"""Setting, its types, and what it should be."""


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


@dataclass(frozen=True)
class RunSettings:
    """Settings of a run; an operator's own stand in ``node_configs``, by its place."""

    input_uri: str = ""
    """Where rows come from."""
    output_uri: str = ""
    """Where rows go to, when all are done."""
    parallel_size: int = 1
    """Batches of an operator under way at a time."""
    batch_size: int = 1
    """Rows of a batch. For an operator without ``process_batch`` they are under way at the same time."""
    timeout: float | None = None
    """Seconds an operator has for a row or batch; then it is tried again as a fault of the service."""
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    """What is tried again, by class of error."""
    max_quarantined: float = 0.5
    """Share of the input's rows that may be put aside; beyond it the run stops with an error."""
    id_field: str | None = None
    """A field of the input that names a row: duplicates are refused, answers of paid calls follow it."""
    lineage: str | None = "_i"
    """Key under which operators see, and outputs carry, where a row comes from; ``None``: nowhere."""
    durable: bool = False
    """Whether every commit waits for the disk, so that the promise also holds for a power cut."""
    queue_size: int = 1_000
    """Rows that wait between two stages at most; a fan-out may pass it by its own rows."""
    queue_bytes: int = 16_000_000
    """Bytes that wait between two stages at most, in the same sense."""
    results_dir: str | Path = "runs/streaming"
    """Folder of the runs; a run's journal, quarantine and report are in ``<results_dir>/<pipeline_id>``."""
    restart_from: str | None = None
    """A stage's name, or ``input``: go on deliberately although it or later ones changed."""
    node_configs: Sequence[Mapping[str, Any]] = ()
    """One mapping an operator: ``parallel_size``, ``batch_size``, ``timeout``, ``output_uri``."""

    def __post_init__(self) -> None:
        for problem in self._problems():
            raise InvalidSetting(problem)

    def _problems(self) -> Sequence[str]:
        found = [
            f"{name} is {value!r}; expected a whole number from 1"
            for name in ("parallel_size", "batch_size", "queue_size", "queue_bytes")
            if not isinstance(value := getattr(self, name), int) or isinstance(value, bool) or value < 1
        ]
        found += [
            f"{name} is {value!r:.60}; expected {expected}"
            for name, kinds, expected in _KINDS
            if not isinstance(value := getattr(self, name), kinds)
        ]
        if self.timeout is not None and not (_is_number(self.timeout) and self.timeout > 0):
            found.append(f"timeout is {self.timeout!r}; expected seconds above 0, or None")
        if not (_is_number(self.max_quarantined) and 0 <= self.max_quarantined <= 1):
            found.append(f"max_quarantined is {self.max_quarantined!r}; expected a share from 0 to 1")
        if not found and self.parallel_size * self.batch_size > MAX_CONCURRENCY:
            found.append(f"parallel_size times batch_size is above {MAX_CONCURRENCY:,} rows at a time")
        return found

    def having(self, given: Mapping[str, Any]) -> RunSettings:
        """The settings with some changed; raises ``InvalidSetting`` with the nearest name for an unknown one."""
        known = [f.name for f in fields(self)]
        for name in given:
            if name not in known:
                raise InvalidSetting(f"unknown setting '{name}'; {suggest(name, known)}")
        return replace(self, **given)

    def node(self, place: int) -> NodeSettings:
        """The settings of one operator."""
        own = self.node_configs[place] if place < len(self.node_configs) else {}
        if not isinstance(own, Mapping):
            raise InvalidSetting(f"node_configs[{place}] is {own!r:.60}; expected a mapping of settings")
        if not isinstance(own.get("output_uri"), (str, NoneType)):
            raise InvalidSetting(f"node_configs[{place}]: output_uri is {own['output_uri']!r:.60}; expected a URI")
        known = [f.name for f in fields(NodeSettings)]
        for name in own:
            if name not in known:
                raise InvalidSetting(f"node_configs[{place}]: unknown setting '{name}'; {suggest(name, known)}")
        values = {"parallel_size": self.parallel_size, "batch_size": self.batch_size, "timeout": self.timeout, **own}
        replace(self, **{name: value for name, value in values.items() if name != "output_uri"})  # checks them
        return NodeSettings(**values)


@dataclass(frozen=True)
class NodeSettings:
    """Settings of one operator; with ``output_uri`` its rows are also written there."""

    parallel_size: int
    batch_size: int
    timeout: float | None = None
    output_uri: str | None = None
