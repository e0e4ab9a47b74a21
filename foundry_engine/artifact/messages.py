"""Protobuf messages of ``proto/*.proto``, built from descriptors when the program runs.

Generated Python code would tie the package to one range of protobuf releases (gencode newer than the runtime is
refused); descriptors built at run time work on all of them, with the same bytes.
"""

from __future__ import annotations

import base64
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from foundry_engine.artifact.descriptors_data import DESCRIPTOR_SET

_pool = descriptor_pool.DescriptorPool()
for _file in descriptor_pb2.FileDescriptorSet.FromString(base64.b64decode(DESCRIPTOR_SET)).file:
    _pool.Add(_file)


def _class(name: str) -> Any:
    """A message class; its fields are known at run time only, so messages are ``Any`` to a type checker."""
    return message_factory.GetMessageClass(_pool.FindMessageTypeByName(name))


Preprocessor = _class("foundry.Preprocessor")
ModelProto = _class("foundry.onnx.ModelProto")

PRESENCE, LOG_TF = 1, 2
"""Values of ``TermWeight``."""
