"""Reflex, then models, then the caller: the cheapest way that is sure answers. The twin of ``cascade.rs``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from threading import Lock
from typing import Literal

from foundry_engine.runtime.micro_model import Answer, MicroModel

Way = Literal["reflex", "model", "caller", "unsure"]
"""A fixed pattern; a model that reached its certified threshold; the caller's function; none of them."""

OnUnsure = Callable[[str, Answer], "str | None"]


@dataclass(frozen=True, slots=True)
class Decision:
    """What a cascade says of a text.

    ``label`` is the model's, or what the caller's function gave; ``way`` says which way it came; ``answer`` is that of
    the model that was asked last. ``unsure``: the label is that model's best guess.
    """

    label: str
    way: Way
    answer: Answer


@dataclass(frozen=True, slots=True)
class Counts:
    """How often each way was taken."""

    reflex: int = 0
    model: int = 0
    caller: int = 0
    unsure: int = 0


class Cascade:
    """Models of one question, asked in order until one is sure; then the caller's function, for instance an LLM.

    Threads can share it.

    >>> cascade = Cascade([model]).on_unsure(lambda text, answer: ask_llm(text))  # doctest: +SKIP
    >>> cascade.ask("今天天气怎么样").label                                          # doctest: +SKIP
    'Question'
    """

    def __init__(self, models: Iterable[MicroModel]) -> None:
        self._models = tuple(models)
        if not self._models:
            raise ValueError("a cascade needs at least one model")
        for model in self._models[1:]:
            if set(model.labels) != set(self._models[0].labels):
                raise ValueError(
                    f"models of one question have the same labels: '{self._models[0].task}' has "
                    f"{', '.join(self._models[0].labels)}, '{model.task}' has {', '.join(model.labels)}"
                )
        self._on_unsure: OnUnsure | None = None
        self._counts = Counts()
        self._lock = Lock()

    def on_unsure(self, ask: OnUnsure) -> Cascade:
        """What to do with a text no model is sure of: a label, or ``None`` where that is not sure either.

        The label may be one no model has. What the function raises passes through ``ask`` and is not counted.
        """
        self._on_unsure = ask
        return self

    def ask(self, text: str) -> Decision:
        """The answer of the first that is sure.

        Raises ``InvalidText``, what the caller's function raises, and ``TypeError`` where it gives no string.
        """
        for model in self._models:
            answer = model.predict(text)
            if answer.outcome == "reflex":
                return self._decide(answer.label, "reflex", answer)
            if answer.outcome == "accepted":
                return self._decide(answer.label, "model", answer)
        label = None if self._on_unsure is None else self._on_unsure(text, answer)
        if label is None:
            return self._decide(answer.label, "unsure", answer)
        if not isinstance(label, str):
            raise TypeError(f"on_unsure: expected a label or None, got {type(label).__name__}")
        return self._decide(label, "caller", answer)

    def counts(self) -> Counts:
        """How often each way was taken so far."""
        return self._counts

    def _decide(self, label: str, way: Way, answer: Answer) -> Decision:
        with self._lock:
            self._counts = replace(self._counts, **{way: getattr(self._counts, way) + 1})
        return Decision(label, way, answer)
