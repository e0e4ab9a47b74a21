"""The committed JSON Schemas are what their script makes of the types, and real blueprints are valid by them."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

import jsonschema
import pytest

from foundry_engine import strict_yaml

ROOT = Path(__file__).parents[2]
DECLARATIONS = sorted(path for path in (ROOT / "blueprints").rglob("*.yaml") if "schemas" not in path.parts)


@pytest.fixture(scope="module")
def written() -> dict[str, str]:
    script = runpy.run_path(str(ROOT / "scripts" / "build_schemas.py"))
    return {path.relative_to(ROOT).as_posix(): text for path, text in script["outputs"]().items()}


def test_the_committed_schemas_are_what_the_script_writes(written: dict[str, str]) -> None:
    committed = {path.relative_to(ROOT).as_posix() for path in (ROOT / "blueprints" / "schemas").iterdir()}
    assert committed == set(written)
    stale = [name for name, text in written.items() if (ROOT / name).read_text("utf-8") != text]
    assert stale == [], "run make schemas"


@pytest.mark.parametrize("path", DECLARATIONS, ids=lambda path: path.name)
def test_shipped_declarations_are_valid_by_the_schema_they_name(path: Path) -> None:
    first = path.read_text("utf-8").splitlines()[0]
    schema = json.loads((path.parent / first.split("$schema=")[1].strip()).read_bytes())
    jsonschema.Draft7Validator.check_schema(schema)
    document = strict_yaml.read(path)
    assert document.problems == [] and isinstance(document.data, dict)
    data = dict(document.data)
    errors = list(jsonschema.Draft7Validator(schema).iter_errors(data))
    assert errors == []
    data["surprise"] = 1
    assert any("surprise" in error.message for error in jsonschema.Draft7Validator(schema).iter_errors(data))
