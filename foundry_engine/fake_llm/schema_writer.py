"""A value that obeys a JSON Schema: what structured output is asked for with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Any

MAX_DEPTH = 12
USUAL_ITEMS = 3


def write(schema: Mapping[str, Any], random: Random, text: Callable[[], str], items: int | None) -> Any:
    """A value for the schema; free strings come from ``text``, the outermost free array has ``items`` items.

    >>> write({"enum": [7]}, Random(1), str, None)
    7
    """
    return _Writer(schema, random, text, items).value(schema, 0)


class _Writer:
    def __init__(self, root: Mapping[str, Any], random: Random, text: Callable[[], str], items: int | None) -> None:
        self._root, self._random, self._text, self._items = root, random, text, items

    def value(self, schema: Any, depth: int) -> Any:
        if not isinstance(schema, Mapping) or depth > MAX_DEPTH:
            return None
        if "$ref" in schema:
            return self.value(self._resolved(str(schema["$ref"])), depth + 1)
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return self._random.choice(list(schema["enum"]))
        for word in ("anyOf", "oneOf"):
            if schema.get(word):
                return self.value({**schema, word: None, **dict(self._random.choice(schema[word]))}, depth + 1)
        if schema.get("allOf"):
            merged: dict[str, Any] = {k: v for k, v in schema.items() if k != "allOf"}
            for part in schema["allOf"]:
                merged.update(part)
            return self.value(merged, depth + 1)
        return self._typed(schema, depth)

    def _typed(self, schema: Mapping[str, Any], depth: int) -> Any:
        kind = schema.get("type")
        if isinstance(kind, list):
            kind = next((one for one in kind if one != "null"), "null")
        kind = str(kind or ("object" if "properties" in schema else "string")).lower()
        if kind == "object":
            wanted = schema.get("properties") or {}
            return {name: self.value(part, depth + 1) for name, part in wanted.items()}
        if kind == "array":
            parts = schema.get("items", {"type": "string"})
            return [self.value(parts, depth + 1) for _ in range(self._count(schema))]
        if kind in ("integer", "number"):
            return self._number(schema, whole=kind == "integer")
        if kind == "boolean":
            return self._random.random() < 0.5
        return None if kind == "null" else self._string(schema)

    def _count(self, schema: Mapping[str, Any]) -> int:
        wanted, self._items = self._items or USUAL_ITEMS, None
        return max(int(schema.get("minItems", 0)), min(wanted, int(schema.get("maxItems", wanted))))

    def _number(self, schema: Mapping[str, Any], whole: bool) -> float:
        low = float(schema.get("minimum", schema.get("exclusiveMinimum", 0)))
        high = float(schema.get("maximum", schema.get("exclusiveMaximum", low + 100)))
        if whole:
            low, high = low + ("exclusiveMinimum" in schema), high - ("exclusiveMaximum" in schema)
            return self._random.randint(int(low), max(int(low), int(high)))
        return round(low + (high - low) * (0.01 + 0.98 * self._random.random()), 6)

    def _string(self, schema: Mapping[str, Any]) -> str:
        text = self._text()[: schema.get("maxLength")]
        return text + "·" * (int(schema.get("minLength", 0)) - len(text))

    def _resolved(self, reference: str) -> Any:
        found: Any = self._root
        for part in reference.removeprefix("#").strip("/").split("/"):
            found = found.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(found, Mapping) else None
        return found


def spoilt(value: Any, schema: Any) -> Any:
    """The value with one part the schema does not allow: an unknown word for an enum, a number for a string."""
    if isinstance(value, dict) and value:
        properties = schema.get("properties", {}) if isinstance(schema, Mapping) else {}
        name = next((n for n in value if "enum" in properties.get(n, {})), next(reversed(value)))
        return {**value, name: spoilt(value[name], properties.get(name, {}))}
    if isinstance(value, list) and value:
        return [*value[:-1], spoilt(value[-1], schema.get("items", {}) if isinstance(schema, Mapping) else {})]
    if isinstance(schema, Mapping) and "enum" in schema:
        return "outside the schema"
    return 7 if isinstance(value, str) else "outside the schema"
