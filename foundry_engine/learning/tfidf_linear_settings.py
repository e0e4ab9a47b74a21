"""What the TF-IDF linear trainer may be told. No numpy here: a blueprint is checked without loading what trains."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class Settings(BaseModel):
    """What the trainer may be told; lists are searched, by family-wise cross-validation in ``folds`` folds."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    char_min: Annotated[int, Field(ge=1, le=8)] = 1
    char_max: Annotated[int, Field(ge=1, le=8)] = 4
    word_min: Annotated[int, Field(ge=1, le=5)] = 1
    word_max: Annotated[int, Field(ge=0, le=5)] = 2
    min_df: Annotated[int, Field(ge=1, le=1000)] = 2
    C: list[Annotated[float, Field(gt=0, le=1e6)]] = [3.0, 10.0]
    cue_value: list[Annotated[float, Field(ge=1e-6, le=100)]] = [0.7]
    term_weight: list[Literal["presence", "log_tf"]] = ["presence"]
    idf: list[bool] = [False, True]
    folds: Annotated[int, Field(ge=2, le=20)] = 4
    unmarked_weight: Annotated[float, Field(ge=0, le=1)] = 0.5
    leave_one_source_out: bool = True
