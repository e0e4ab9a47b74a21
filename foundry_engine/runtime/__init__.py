"""Load forged artifacts and ask them; needs the standard library and protobuf only."""

from foundry_engine.runtime.cascade import Cascade
from foundry_engine.runtime.micro_model import Answer, Contribution, MicroModel, Steps

__all__ = ["Answer", "Cascade", "Contribution", "MicroModel", "Steps"]
