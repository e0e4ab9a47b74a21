"""Rebuild the JSON Schemas that editors use to complete and check blueprints and constitutions.

Run with ``make schemas``; a test checks that the committed files are what this script writes.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from foundry_engine import registry  # noqa: E402
from foundry_engine.blueprint import COMPONENTS, Declaration  # noqa: E402
from foundry_engine.constitution import Constitution  # noqa: E402

FOLDER = ROOT / "blueprints" / "schemas"
STEP_TYPES = {"generate": "Generate", "refine": "Refine", "train": "Train"}


def blueprint_schema() -> dict[str, Any]:
    """The declaration's schema, with every component's own settings in its place."""
    schema = Declaration.model_json_schema()
    for step, kind in COMPONENTS.items():
        properties: dict[str, Any] = {}
        for name in registry.names(kind):
            own = registry.find(kind, name).Settings.model_json_schema()
            schema["$defs"].update(own.pop("$defs", {}))
            own["title"] = f"{kind}/{name}"
            properties[name] = own
        settings = schema["$defs"][STEP_TYPES[step]]["properties"]["settings"]
        settings.clear()
        settings.update(
            {"type": "object", "title": "Settings", "properties": properties, "additionalProperties": False}
        )
        names = registry.names(kind)
        place = schema["$defs"][STEP_TYPES[step]]["properties"]
        if step == "refine":
            place["operators"]["items"] = {"enum": names}
        else:
            place[kind.removesuffix("s")]["enum"] = names
    schema["$defs"]["ModelEntry"]["properties"]["provider"]["enum"] = registry.names("providers")
    return {"$schema": "http://json-schema.org/draft-07/schema#", **schema}


def outputs() -> dict[Path, str]:
    """Every schema file with its content."""
    constitution = {"$schema": "http://json-schema.org/draft-07/schema#", **Constitution.model_json_schema()}
    schemas = {"blueprint": blueprint_schema(), "constitution": constitution}
    return {
        FOLDER / f"{name}.schema.json": json.dumps(schema, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
        for name, schema in schemas.items()
    }


def main() -> int:
    """Write the files; with ``--check`` only say whether they are up to date."""
    stale = [path for path, text in outputs().items() if not path.exists() or path.read_text("utf-8") != text]
    if "--check" in sys.argv[1:]:
        for path in stale:
            print(f"stale: {path.relative_to(ROOT)} (run make schemas)", file=sys.stderr)
        return bool(stale)
    for path, text in outputs().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
