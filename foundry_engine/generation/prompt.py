"""An order as a prompt: the constitution first and the cell last, so that providers can cache the common front.

What stands between them changes from request to request: examples, and texts not to be written again. Texts are asked
for before what explains them (text, evidence, probability), and the label is given, never asked for. The law is said in
the language of the texts alone: it is the longest part of a prompt, and paid for each time.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from foundry_engine.completions import CompletionRequest
from foundry_engine.constitution import Constitution
from foundry_engine.folders import fingerprint_of
from foundry_engine.generation.plan import BOUNDARY, Cell

LANGUAGE_NAMES = {"zh": "Chinese (中文)", "en": "English"}
EXAMPLES = "Examples of the label, to show its range and not to be copied or imitated:"
AVOID = "Texts that are there already; write none of them again and nothing close to them:"
TWIN = "Change as few words as possible of the following text, which is {against}, until it is clearly {label}: {twin}"
NEAR = "Write near misses: texts that look like {against} at first sight and are {label}. They are about: {topic}."
EVIDENCE = 'After "text" give each object "evidence": the words of the text that make it {label}.'
TAIL = (
    "Write texts few would think of, each less likely than one in ten. "
    'Give each object also "probability": how likely you are to write this text, from 0 to 1.'
)
"""Verbalized sampling: Zhang et al., arXiv 2510.01171."""
LENGTH = "Each text is about {length} long."
ANOTHER = "This is set {set} of such texts: begin with subjects the sets before it would not come to."
LENGTHS = {"zh": (4, 6, 9, 12, 16, 22, 30), "en": (3, 5, 7, 9, 12, 16, 22)}
UNITS = {"zh": "characters", "en": "words"}


@dataclass(frozen=True, slots=True)
class Order:
    """What one request asks for: texts of a cell, in a round, and what its prompt shows.

    ``attributes`` are the cell's, or others when its own gave too little; ``twin`` is the text whose minimal change is
    wanted.
    """

    cell: Cell
    round: int
    count: int
    attributes: tuple[tuple[str, str], ...] = ()
    twin: str = ""
    examples: tuple[str, ...] = ()
    avoid: tuple[str, ...] = ()


def reply_schema(evidence: bool = False, probability: bool = False) -> dict[str, object]:
    """The JSON Schema of a reply: texts first, then what is said of them; no label.

    Only the text is required: an answer that says no more is not worth paying for a second time.

    >>> list(reply_schema(evidence=True)["properties"]["items"]["items"]["properties"])
    ['text', 'evidence']
    """
    properties: dict[str, object] = {"text": {"type": "string"}}
    if evidence:
        properties["evidence"] = {"type": "string"}
    if probability:
        properties["probability"] = {"type": "number"}
    items = {"type": "object", "properties": properties, "required": ["text"]}
    return {
        "type": "object",
        "properties": {"items": {"type": "array", "items": items}},
        "required": ["items"],
    }


def plain_request(order: Order, constitution: Constitution) -> CompletionRequest:
    """The cell in the constitution's own words: for providers that write from the cell and read no prompt."""
    fields = _fields(order, constitution)
    return CompletionRequest(
        system=filled(constitution.prompt.system, fields),
        user=filled(constitution.prompt.user, fields),
        schema=reply_schema(),
        cell={**order.cell.wish(), "attributes": dict(order.attributes)},
        count=order.count,
        seed=_seed(order, 0),
    )


def request_for(order: Order, constitution: Constitution, variation: int = 0) -> CompletionRequest:
    """The whole prompt of an order; another ``variation`` is another prompt and seed for the same wish."""
    cell, fields = order.cell, _fields(order, constitution)
    evidence, tail = cell.kind in BOUNDARY, order.round > 0 and not order.twin
    parts = []
    if order.examples:
        parts.append(_listed(EXAMPLES, order.examples))
    if order.avoid:
        parts.append(_listed(AVOID, order.avoid))
    parts.append(filled(constitution.prompt.user, fields).rstrip("\n"))
    if cell.near:
        parts.append(filled(NEAR, {**fields, "topic": constitution.near_misses[cell.near].topic.of(cell.language)}))
    if order.twin:
        parts.append(filled(TWIN, {**fields, "twin": json.dumps(order.twin, ensure_ascii=False)}))
    if evidence:
        parts.append(filled(EVIDENCE, fields))
    if tail:
        parts.append(TAIL)
    if variation:
        lengths = LENGTHS[cell.language]
        length = Random(f"{cell.id}:{order.round}:{variation}").choice(lengths)
        parts.append(filled(LENGTH, {"length": f"{length} {UNITS[cell.language]}"}))
    if variation > 1:
        parts.append(filled(ANOTHER, {"set": str(variation)}))
    return CompletionRequest(
        system=filled(constitution.prompt.system, fields),
        user="\n\n".join(parts) + "\n",
        schema=reply_schema(evidence, tail),
        cell={**cell.wish(), "attributes": dict(order.attributes), "twin": order.twin or None},
        count=order.count,
        seed=_seed(order, variation),
    )


def prompt_hash(request: CompletionRequest) -> str:
    """What a model reads of a request, as 16 hexadecimal digits."""
    text = f"{request.system}\x00{request.user}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _listed(head: str, texts: Sequence[str]) -> str:
    return "\n".join([head, *(f"- {json.dumps(text, ensure_ascii=False)}" for text in texts)])


def _seed(order: Order, variation: int) -> int:
    facts: dict[str, object] = {"cell": order.cell.id, "attempt": order.round}
    if variation:
        facts["variation"] = variation
    return int(fingerprint_of(facts)[:15], 16)


def _fields(order: Order, constitution: Constitution) -> dict[str, str]:
    cell = order.cell
    label = constitution.label(cell.label)
    return {
        "label": label.name,
        "definition": label.definition.of(cell.language),
        "rules": "\n".join(f"- {rule.of(cell.language)}" for rule in constitution.rules),
        "language": LANGUAGE_NAMES[cell.language],
        "attributes": ", ".join(f"{axis}: {value}" for axis, value in order.attributes) or "free",
        "trap": str(constitution.traps[cell.trap]) if cell.trap else "none",
        "confusable": _confusable(constitution, cell),
        "against": cell.against or "",
        "count": str(order.count),
    }


def _confusable(constitution: Constitution, cell: Cell) -> str:
    """The labels declared to be easily taken for the cell's, with their definitions; ``none`` without any."""
    others = [name for pair in constitution.confusable if cell.label in pair for name in pair if name != cell.label]
    known = {name: constitution.label(name).definition.of(cell.language) for name in others}
    return "; ".join(f"{name} ({definition})" for name, definition in known.items()) or "none"


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
    sources = [constitution.prompt.system, constitution.prompt.user, EXAMPLES, AVOID, TAIL]
    sources += [text for label in constitution.labels for text in (label.definition.zh, label.definition.en)]
    sources += [text for rule in constitution.rules for text in (rule.zh, rule.en)]
    phrases: list[str] = []
    for source in sources:
        for line in source.splitlines():
            for part in line.replace("。", ".").replace("；", ".").replace(";", ".").split("."):
                if "{" not in part and len(part.strip()) >= 12:
                    phrases.append(part.strip())
    return phrases
