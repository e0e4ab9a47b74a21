"""A cell as a prompt: the constitution first and the cell last, so that providers can cache the common front."""

from __future__ import annotations

from foundry_engine.completions import CompletionRequest
from foundry_engine.constitution import Constitution
from foundry_engine.folders import fingerprint_of
from foundry_engine.generation.plan import Cell

LANGUAGE_NAMES = {"zh": "Chinese (中文)", "en": "English"}

REPLY_SCHEMA: dict[str, object] = {
    "type": "object",
    "properties": {
        "items": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"text": {"type": "string"}},
                "required": ["text"],
            },
        }
    },
    "required": ["items"],
}
"""What every reply must be: texts only. The label is the cell's and is never asked for."""


def request_for(cell: Cell, constitution: Constitution, attempt: int, count: int) -> CompletionRequest:
    """The question for ``count`` texts of a cell; another ``attempt`` has another seed."""
    label = constitution.label(cell.label)
    fields = {
        "label": label.name,
        "definition": str(label.definition),
        "rules": "\n".join(f"- {rule}" for rule in constitution.rules),
        "language": LANGUAGE_NAMES[cell.language],
        "attributes": ", ".join(f"{axis}: {value}" for axis, value in cell.attributes) or "free",
        "trap": str(constitution.traps[cell.trap]) if cell.trap else "none",
        "confusable": _confusable(constitution, cell.label),
        "count": str(count),
    }
    seed = int(fingerprint_of({"cell": cell.id, "attempt": attempt})[:15], 16)
    return CompletionRequest(
        system=filled(constitution.prompt.system, fields),
        user=filled(constitution.prompt.user, fields),
        schema=REPLY_SCHEMA,
        cell=cell.wish(),
        count=count,
        seed=seed,
    )


def _confusable(constitution: Constitution, label: str) -> str:
    """The labels declared to be easily taken for this one, with their definitions; ``none`` without any."""
    others = [name for pair in constitution.confusable if label in pair for name in pair if name != label]
    return "; ".join(f"{name} ({constitution.label(name).definition})" for name in dict.fromkeys(others)) or "none"


def filled(template: str, fields: dict[str, str]) -> str:
    """The template with each ``{name}`` of ``fields`` replaced; other braces stay.

    >>> filled("{count} of {label} as {json}", {"count": "3", "label": "Yes"})
    '3 of Yes as {json}'
    """
    first, *rest = template.split("{")
    for part in rest:
        name, closed, after = part.partition("}")
        first += fields[name] + after if closed and name in fields else "{" + part
    return first


def leakage_phrases(constitution: Constitution) -> list[str]:
    """Long phrases of the prompt's own words; a text that contains one repeats the prompt."""
    sources = [constitution.prompt.system, constitution.prompt.user]
    sources += [text for label in constitution.labels for text in (label.definition.zh, label.definition.en)]
    sources += [text for rule in constitution.rules for text in (rule.zh, rule.en)]
    phrases: list[str] = []
    for source in sources:
        for line in source.splitlines():
            for part in line.replace("。", ".").replace("；", ".").replace(";", ".").split("."):
                if "{" not in part and len(part.strip()) >= 12:
                    phrases.append(part.strip())
    return phrases
