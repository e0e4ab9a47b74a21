"""The committed descriptors are what ``proto/*.proto`` says, and nothing needs generated code."""

from __future__ import annotations

import runpy
from pathlib import Path

import onnx
import pytest

from foundry_engine.artifact import messages

ROOT = Path(__file__).parents[3]


def test_the_committed_descriptors_are_what_the_script_writes() -> None:
    script = runpy.run_path(str(ROOT / "scripts" / "build_proto.py"))
    assert script["TARGET"].read_text("utf-8") == script["descriptor_module"](), "run make proto"


@pytest.mark.parametrize(
    ("name", "value"), [("TERM_WEIGHT_UNSPECIFIED", 0), ("PRESENCE", messages.PRESENCE), ("LOG_TF", messages.LOG_TF)]
)
def test_term_weights_have_their_numbers(name: str, value: int) -> None:
    weights = messages.Preprocessor.DESCRIPTOR.file.enum_types_by_name["TermWeight"]
    assert weights.values_by_name[name].number == value


def test_the_onnx_subset_has_onnxs_own_numbers_and_kinds() -> None:
    pairs = [(messages.ModelProto.DESCRIPTOR, onnx.ModelProto.DESCRIPTOR)]
    seen = set()
    while pairs:
        ours, theirs = pairs.pop()
        seen.add(ours.name)
        for field in ours.fields:
            other = theirs.fields_by_name[field.name]
            assert (field.number, field.type, field.is_repeated) == (other.number, other.type, other.is_repeated), field
            if field.message_type is not None:
                pairs.append((field.message_type, other.message_type))
    assert seen == {m.name for m in messages.ModelProto.DESCRIPTOR.file.message_types_by_name.values()}
