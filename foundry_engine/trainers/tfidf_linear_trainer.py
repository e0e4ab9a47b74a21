"""TF-IDF of character and word n-grams, cues, and logistic regression: small, exact, the same in every language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from foundry_engine.constitution import Constitution
from foundry_engine.learning.tfidf_linear_settings import Settings
from foundry_engine.log import Progress

if TYPE_CHECKING:
    from foundry_engine.learning.dataset import Rows
    from foundry_engine.learning.fitted import FittedModel

__all__ = ["Settings", "train"]


def train(
    rows: dict[str, Rows],
    settings: Settings,
    seed: int,
    constitution: Constitution,
    max_bytes: int,
    progress: Progress,
) -> FittedModel:
    """Fit, select to the size, calibrate and certify.

    ``rows`` has ``train`` and ``calibration``; vocabulary, idf and weights never see the calibration rows. Raises
    ``TrainingError`` when a label has no training row.
    """
    from foundry_engine.learning.tfidf_linear import TfidfLinear

    return TfidfLinear(rows["train"], rows["calibration"], settings, seed, constitution, max_bytes, progress).run()
