"""Load forged artifacts and ask them; needs the standard library and protobuf only."""

from foundry_engine.errors import ArtifactError, InvalidText
from foundry_engine.runtime.cascade import Cascade, Counts, Decision, Way
from foundry_engine.runtime.micro_model import Answer, Contribution, MicroModel, Steps

__all__ = [
    "Answer",
    "ArtifactError",
    "Cascade",
    "Contribution",
    "Counts",
    "Decision",
    "InvalidText",
    "MicroModel",
    "Steps",
    "Way",
]
