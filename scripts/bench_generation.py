"""Generation against the fake model server at equal spend: our rounds, and one prompt asked N times.

``make bench-generation``. The fake repeats itself as the collapse model in ``foundry_engine/fake_llm/collapse.py``
says: 79 % of all prompts know few texts. The baseline is how this project's forerunner generated: one prompt a task,
asked again and again for 25 texts and their labels, rows kept when they are new. A kinder one has a prompt a label and
language. All go through the same gates, pay for every token, and the baselines may spend as much as ours did. Chance
decides whether a prompt is collapsed, so several seeds are summed up. The blind second pass is off: the fake reads at
random, so it can rehearse the calls but not the judgement.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from foundry_engine import blueprint, data_generator  # noqa: E402
from foundry_engine.blueprint import Blueprint, SecondPass  # noqa: E402
from foundry_engine.cli.console import columns  # noqa: E402
from foundry_engine.completions import CompletionRequest, Usage  # noqa: E402
from foundry_engine.constitution import Constitution  # noqa: E402
from foundry_engine.errors import ProviderError  # noqa: E402
from foundry_engine.features.normalizer import normalize  # noqa: E402
from foundry_engine.folders import RunFolder  # noqa: E402
from foundry_engine.generation import diversity  # noqa: E402
from foundry_engine.generation.gates import Gates  # noqa: E402
from foundry_engine.generation.plan import make_cell  # noqa: E402
from foundry_engine.generation.prompt import Order, plain_request  # noqa: E402
from foundry_engine.generation.reply_parser import parse_reply  # noqa: E402
from foundry_engine.language.script import language_of  # noqa: E402
from foundry_engine.llm_pool import LlmPool  # noqa: E402
from foundry_engine.records import Sample, read_objects, read_records  # noqa: E402

TASK = "is_question"
BATCH = 25
"""Texts the forerunner asked for at a time."""
AT_LEAST = 2.0
"""Times the baseline's rows, at equal spend."""


@dataclass(frozen=True)
class Figures:
    """What one way came to."""

    way: str
    requests: int
    prompts: int
    tokens: int
    offered: int
    texts: list[str]

    def row(self) -> list[str]:
        """As a row of the table."""
        kept = len({normalize(text) for text in self.texts})
        repeated = 1 - len(self.texts) / self.offered if self.offered else 0.0
        ratio, bigrams = diversity.compression_ratio(self.texts) or 0.0, diversity.distinct(self.texts, 2) or 0.0
        each = self.tokens / max(1, kept)
        numbers = [f"{self.requests:,}", f"{self.prompts:,}", f"{self.tokens:,}", f"{kept:,}", f"{each:.1f}"]
        return [self.way, *numbers, f"{repeated:.1%}", f"{bigrams:.3f}", f"{ratio:.2f}"]


@contextmanager
def fake(seed: int) -> Iterator[str]:
    """A fake model server in a process of its own; gives its URL."""
    command = [sys.executable, str(ROOT / "main.py"), "fake-llm", "--port", "0", "--latency", "0"]
    command += ["--seed", str(seed), "--blueprint", "text_classification"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def declared(url: str, cells: int, rounds: int, seed: int) -> Blueprint:
    """The shipped blueprint with the fake for a provider, and shares of kinds as the documentation advises."""
    shipped = blueprint.load(ROOT / "blueprints" / "text_classification")
    model = {"model": "fake-model", "base_url": f"{url}/v1", "keys": ""}
    changes: dict[str, Any] = {
        "provider": "openai_compatible",
        "settings": {"openai_compatible": model},
        "cells_per_label": cells,
        "samples_per_cell": 8,
        "trap_share": 0.15,
        "pair_share": 0.15,
        "max_rounds": rounds,
        "concurrency": 32,
        "corpus": False,
        "second_pass": SecondPass(share=0.0),
    }
    generate = shipped.declaration.generate.model_copy(update=changes)
    declaration = shipped.declaration.model_copy(update={"generate": generate, "seed": seed})
    return shipped.model_copy(update={"declaration": declaration})


def ours(wanted: Blueprint, place: Path) -> tuple[Figures, dict[str, Any]]:
    """The rounds of step generate, and its report."""
    data_generator.run(wanted, TASK, RunFolder(place))
    folder = place / "1_samples"
    report: dict[str, Any] = json.loads((folder / "generation.json").read_bytes())
    asked = [row for _, row in read_objects(folder / "requests.jsonl")]
    samples = read_records(folder / "samples.jsonl", Sample)
    prompts, tokens = len({row["prompt"] for row in asked}), sum(report["tokens"].values())
    offered = report["duplicates"]["offered"]
    return Figures("rounds", len(asked), prompts, tokens, offered, [sample.text for sample in samples]), report


def one_prompt(law: Constitution) -> list[tuple[str, str, CompletionRequest]]:
    """The forerunner's prompt: the whole law, and as many texts of each label as the model thinks fit."""
    labels = [f"{label.name}: {label.definition}" for label in law.labels]
    rules = [f"- {rule}" for rule in law.rules]
    user = (
        f"Write {BATCH} different sentences in Chinese (中文) or English, each with its label, about as many of each."
    )
    item = {"text": {"type": "string"}, "label": {"type": "string", "enum": law.label_names}}
    items = {"type": "array", "items": {"type": "object", "properties": item, "required": list(item)}}
    schema = {"type": "object", "properties": {"items": items}, "required": ["items"]}
    system = "\n".join([law.prompt.system.splitlines()[0], *labels, *rules])
    return [("", "", CompletionRequest(system, user, schema, {}, BATCH, 0))]


def prompt_a_group(law: Constitution, languages: Sequence[str]) -> list[tuple[str, str, CompletionRequest]]:
    """One prompt a label and language, with the constitution's own template."""
    asked = []
    for label, language in product(law.label_names, languages):
        spec: dict[str, object] = {"label": label, "language": language}
        order = Order(make_cell(spec, "axes", {}, 0, BATCH), 0, BATCH)
        asked.append((label, language, plain_request(order, law)))
    return asked


async def again_and_again(
    way: str, asked: Sequence[tuple[str, str, CompletionRequest]], wanted: Blueprint, tokens: int
) -> Figures:
    """The same prompts until as many tokens are spent."""
    settings, law = wanted.declaration.generate, wanted.constitutions[TASK]
    gates, kept, offered, spent, count = Gates(law, settings), list[str](), 0, 0, 0
    async with LlmPool.open(settings.writers, {}, constitution=law) as pool:
        while spent < tokens:
            calls = [(a, b, pool.complete(replace(request, seed=count + n))) for n, (a, b, request) in enumerate(asked)]
            replies = await asyncio.gather(*(call for _, _, call in calls), return_exceptions=True)
            count += len(calls)
            for (label, language, _), reply in zip(calls, replies, strict=True):
                if isinstance(reply, ProviderError):
                    continue
                if isinstance(reply, BaseException):
                    raise reply
                spent += _sum(reply.usage)
                items, _ = parse_reply(reply.text, reply.finish)
                offered += len(items)
                for item in items:
                    of, spoken = label or str(item.label), language or language_of(str(item.text))
                    kept += [str(item.text)] if not gates.check(item.text, of, spoken) else []
    return Figures(way, count, len(asked), spent, offered, kept)


def _sum(usage: Usage) -> int:
    return usage.prompt_tokens + usage.output_tokens


def problems(found: Figures, report: dict[str, Any]) -> list[str]:
    """What is not as it must be."""
    coverage = report["coverage"]
    named = coverage["full"] + coverage["saturated"]
    checks = {
        f"{found.requests - found.prompts} prompts were asked twice": found.requests == found.prompts,
        f"{coverage['cells'] - named} cells are neither full nor named saturated": named == coverage["cells"],
        "duplicates among accepted rows": len(found.texts) == len({normalize(text) for text in found.texts}),
    }
    return [name for name, well in checks.items() if not well]


def measured(seed: int, cells: int, rounds: int) -> tuple[list[Figures], list[str], str]:
    """All ways with one seed of the fake; what went wrong in ours, and a word on its cells."""
    with fake(seed) as url, tempfile.TemporaryDirectory(prefix="bench-generation-") as place:
        wanted = declared(url, cells, rounds, seed)
        law = wanted.constitutions[TASK]
        mine, report = ours(wanted, Path(place))
        kinder = prompt_a_group(law, wanted.declaration.languages)
        baselines = [("one prompt", one_prompt(law)), ("a prompt a group", kinder)]
        theirs = [asyncio.run(again_and_again(way, asked, wanted, mine.tokens)) for way, asked in baselines]
    coverage = report["coverage"]
    said = f"{coverage['full']} full, {coverage['saturated']} saturated, {coverage['unfinished']} unfinished cells"
    return [mine, *theirs], problems(mine, report), f"{said}, {coverage['boundary_share']:.1%} at a border"


def main() -> int:
    """Measure all ways; 1 when a figure is not reached."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--cells", type=int, default=30, help="cells a label and language")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=8)
    options = parser.parse_args()
    rows, found, totals = [], list[str](), Counter[str]()
    for seed in range(options.seeds):
        figures, wrong, said = measured(seed, options.cells, options.rounds)
        rows += [[str(seed), *one.row()] for one in figures]
        found += [f"seed {seed}: {line}" for line in wrong]
        totals.update({one.way: len(one.texts) for one in figures})
        print(f"seed {seed}: {said}", flush=True)
    head = (
        "seed",
        "way",
        "requests",
        "prompts",
        "tokens",
        "rows",
        "tokens a row",
        "not kept",
        "distinct-2",
        "compressed",
    )
    print("\n" + "\n".join(columns(head, rows)) + "\n")
    for way in list(totals)[1:]:
        print(f"at equal spend: {totals['rounds'] / max(1, totals[way]):.2f} times the rows of {way}")
    if totals["rounds"] < AT_LEAST * totals["one prompt"]:
        found.append(f"less than {AT_LEAST} times the rows of one prompt")
    for line in found:
        print(f"NOT REACHED: {line}")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
