"""What the gates and the second pass have let through, rejected or put apart, and where each text came from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from foundry_engine.completions import Completion
from foundry_engine.features.normalizer import normalize
from foundry_engine.generation.gates import Gates, reasons_in_order
from foundry_engine.generation.own_rows import read_rows
from foundry_engine.generation.plan import Cell
from foundry_engine.generation.prompt import Order
from foundry_engine.generation.reply_parser import parse_reply
from foundry_engine.generation.second_pass import Reading
from foundry_engine.records import Sample, record_id

REPEATS = ("duplicate", "near_duplicate")
"""Reasons that say the text was there already."""


@dataclass(frozen=True, slots=True)
class Taken:
    """One text of a reply that passed the gates, and which prompt it answers."""

    sample: Sample
    order: Order
    prompt: str
    evidence: str

    @property
    def provenance(self) -> dict[str, object]:
        """Where the sample came from."""
        cell = self.order.cell
        return {"id": self.sample.id, "cell": cell.id, "round": self.order.round, "prompt": self.prompt}


@dataclass
class Harvest:
    """What has come in so far."""

    gates: Gates
    samples: list[Sample] = field(default_factory=list)
    rejected: list[dict[str, object]] = field(default_factory=list)
    quarantine: list[dict[str, object]] = field(default_factory=list)
    provenance: list[dict[str, object]] = field(default_factory=list)
    accepted_in: Counter[str] = field(default_factory=Counter)
    offered_in: Counter[str] = field(default_factory=Counter)
    repeats: list[tuple[str, Cell]] = field(default_factory=list)

    def reject(self, reason: str, text: object, label: object, cell: str, source: str, **more: object) -> None:
        """Keep a rejected text with its reason."""
        shown = {"text": _shown(text), "label": _shown(label)}
        self.rejected.append({"reason": reason, **shown, "cell": cell, "source": source, **more})

    def reasons(self) -> dict[str, int]:
        """How many were rejected for which reason."""
        return dict(reasons_in_order(Counter(str(row["reason"]) for row in self.rejected)))

    def take_rows(self, task: str, path: Path, labels: list[str], languages: list[str], origin: str) -> None:
        """People's own rows through the gates; near duplicates of real rows are left to refining, which sees all."""
        for line, row in read_rows(path, labels, languages):
            source = row.get("source", path.stem)
            reason = self.gates.check(row["text"], row["label"], row["language"], near_duplicates=False)
            if reason:
                self.reject(reason, row["text"], row["label"], f"{path.name}:{line}", source)
                continue
            self.samples.append(
                Sample(
                    id=record_id(task, row["label"], normalize(row["text"])),
                    text=row["text"],
                    label=row["label"],
                    language=row["language"],
                    origin=row.get("origin", origin),
                    source=source,
                    licence=row.get("licence", ""),
                )
            )

    def take_reply(self, task: str, order: Order, prompt: str, reply: Completion | None, source: str) -> list[Taken]:
        """A reply through the gates, the least likely texts first; no cell gets more than it wished for."""
        cell = order.cell
        asked = {"round": order.round, "prompt": prompt}
        if reply is None:
            self.reject("no_reply", "", cell.label, cell.id, source, **asked)
            return []
        items, problem = parse_reply(reply.text, reply.finish)
        if problem:
            self.reject(problem, reply.text, cell.label, cell.id, source, **asked)
        taken: list[Taken] = []
        for item in sorted(items, key=lambda item: item.probability):
            if self.accepted_in[cell.id] >= cell.samples:
                break
            self.offered_in[cell.id] += 1
            claimed = cell.label if item.label is None else item.label
            reason = "label" if claimed != cell.label else self.gates.check(item.text, claimed, cell.language)
            if reason:
                self.reject(reason, item.text, claimed, cell.id, source, **asked)
                if reason in REPEATS:
                    self.repeats.append((str(item.text), cell))
                continue
            self.accepted_in[cell.id] += 1
            sample = _sample(task, cell, str(item.text), item.mould, source)
            taken.append(Taken(sample, order, prompt, item.evidence))
        self.samples += [one.sample for one in taken]
        self.provenance += [one.provenance for one in taken]
        return taken

    def put_apart(self, readings: Iterable[tuple[Taken, Reading]]) -> None:
        """Take the samples out again that the second pass does not agree to, and keep them with the reason."""
        gone: set[int] = set()
        for taken, reading in readings:
            if reading.agrees:
                continue
            gone.add(id(taken.sample))
            self.accepted_in[taken.order.cell.id] -= 1
            facts = {"reason": reading.reason, "text": taken.sample.text, "label": taken.sample.label}
            facts |= {"language": taken.sample.language, "verdict": reading.verdict}
            self.quarantine.append({**facts, "votes": reading.votes, "evidence": taken.evidence, **taken.provenance})
        kept = {sample.id for sample in self.samples if id(sample) not in gone}
        self.samples = [sample for sample in self.samples if id(sample) not in gone]
        self.provenance = [row for row in self.provenance if row["id"] in kept]


def _sample(task: str, cell: Cell, text: str, mould: str, source: str) -> Sample:
    return Sample(
        id=record_id(task, cell.label, normalize(text)),
        text=text,
        label=cell.label,
        language=cell.language,
        origin="generated",
        source=source,
        cell=cell.id,
        mould=mould,
        pair=_pair(cell),
    )


def _pair(cell: Cell) -> str:
    """What the two halves of a minimal pair, and nothing else, have in common; a mould's name is of one language."""
    if not cell.pair:
        return ""
    return f"{cell.pair}:{cell.language}:{cell.replica}" if cell.against else f"{cell.pair}:{cell.replica}"


def _shown(value: object) -> str:
    """What a provider sent, of whatever type, as a text that can be written."""
    text = value if isinstance(value, str) else repr(value)
    return text[:500].encode("utf-8", "backslashreplace").decode("utf-8")
