"""Tags rows with the insults of a lexicon in them and, given a forged model, with how surely they offend."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field

from foundry_engine.constitution import Constitution
from foundry_engine.declared import Name
from foundry_engine.errors import InvalidSetting, InvalidText
from foundry_engine.runtime import MicroModel
from foundry_engine.scanning import toxic_terms

SCOPE = "row"
TERM = pa.struct([("term", pa.string()), ("start", pa.int64()), ("end", pa.int64())])


class Settings(BaseModel):
    """``models`` is the folder of a forged model, such as ``blueprints/toxicity`` makes; without one terms alone.

    ``label`` is the label of the model's ``task`` whose probability is tagged.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    models: Annotated[str, Field(min_length=1)] | None = None
    task: Name = "toxicity"
    label: str = "Offensive"


def apply(table: pa.Table, settings: Settings, constitution: Constitution) -> pa.Table:
    """Adds ``toxic_terms``, term and span in code points, and ``toxicity``, 0 to 1 or null without a model.

    Both are flags for a person. Raises ``ArtifactError`` for a model that is not there.
    """
    texts = table["text"].to_pylist()
    terms = [[asdict(term) for term in toxic_terms(text)] for text in texts]
    scores = _scores(texts, settings)
    return table.append_column("toxic_terms", pa.array(terms, pa.list_(TERM))).append_column(
        "toxicity", pa.array(scores, pa.float64())
    )


def _scores(texts: list[str], settings: Settings) -> list[float | None]:
    if settings.models is None:
        return [None] * len(texts)
    model = MicroModel.load(settings.models, settings.task)
    if settings.label not in model.labels:
        raise InvalidSetting(
            f"model '{settings.task}' in {settings.models} has no label '{settings.label}'; "
            f"known: {', '.join(model.labels)}"
        )
    place = list(model.labels).index(settings.label)
    return [_score(model, text, place) for text in texts]


def _score(model: MicroModel, text: str, place: int) -> float | None:
    try:
        return model.predict(text).probabilities[place]
    except InvalidText:  # too long for a runtime
        return None
