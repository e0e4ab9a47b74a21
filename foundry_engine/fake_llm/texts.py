"""The texts of an answer: from the grammar of the constitution that was asked about, else filler sentences."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from foundry_engine.blueprint import Blueprint
from foundry_engine.completions import CompletionRequest, ProviderContext
from foundry_engine.constitution import Constitution
from foundry_engine.fake_llm import chance
from foundry_engine.providers import offline

NUMBER = re.compile(r"(?<![\w.])\d{1,3}(?![\w.])", re.ASCII)
FIELDS = ("label", "definition", "rules", "language", "attributes", "trap", "confusable", "count")
"""What a constitution's prompt may hold between braces."""
ENGLISH = (
    ("the", "my", "our", "every", "that", "some"),
    ("lamp", "train", "letter", "garden", "invoice", "window", "meeting", "kettle", "bicycle", "report", "ticket"),
    ("arrives", "stops", "waits", "changes", "returns", "opens", "breaks", "starts", "helps", "moves", "ends"),
    ("early", "again", "tomorrow", "without warning", "before noon", "at the station", "in the kitchen", "this week"),
)
CHINESE = (
    ("这个", "那个", "我的", "你的", "新的", "旧的"),
    ("台灯", "火车", "信件", "花园", "发票", "窗户", "会议", "水壶", "自行车", "报告", "车票"),
    ("到了", "停了", "要等", "变了", "回来了", "打开了", "坏了", "开始了", "结束了", "搬走了"),
    ("，有点早", "，又一次", "，明天再说", "，没有通知", "，在车站", "，在厨房", "，就这周", "，大概中午"),
)


class Texts:
    """Texts for prompts; with a blueprint the prompts of its constitutions are understood."""

    def __init__(self, seed: int, blueprint: Blueprint | None = None) -> None:
        laws = blueprint.constitutions.values() if blueprint else ()
        self._seed = seed
        self._known = [(law, _pattern(law), offline.Provider(offline.Settings(), ProviderContext(law))) for law in laws]

    def wish(self, prompt: str) -> Wish:
        """What a prompt asks for, as far as it is understood."""
        for law, pattern, writer in self._known:
            found = pattern.search(prompt)
            if found:
                return Wish(_cell(law, found.groupdict()), _count(found.groupdict().get("count", "")), writer)
        return Wish({"language": _language(prompt)}, _count(prompt), None)

    async def text(self, wish: Wish, prompt: str, rank: int) -> str:
        """The text of one rank in a prompt's pool, always the same."""
        seed = chance.number(self._seed, "text", prompt, rank)
        if wish.writer is not None:
            request = CompletionRequest(system="", user="", schema={}, cell=wish.cell, count=1, seed=seed)
            items = json.loads((await wish.writer.complete(request)).text)["items"]
            if items:
                return str(items[0]["text"])
        return filler(seed, str(wish.cell["language"]))


class Wish:
    """A prompt as understood: the cell, how many texts, and who writes them."""

    def __init__(self, cell: Mapping[str, Any], count: int | None, writer: offline.Provider | None) -> None:
        self.cell, self.count, self.writer = cell, count, writer


def filler(number: int, language: str) -> str:
    """A sentence about nothing, chosen by the number; it ends with a number of its own, so that there are enough.

    >>> filler(508_001, "en")
    'some ticket starts without warning, number 87'
    """
    words = []
    for part in CHINESE if language == "zh" else ENGLISH:
        number, which = divmod(number, len(part))
        words.append(part[which])
    return f"{''.join(words)}，{number % 1000}号" if language == "zh" else f"{' '.join(words)}, number {number % 1000}"


def _pattern(law: Constitution) -> re.Pattern[str]:
    """Finds the values that were filled into the user's part of a constitution's prompt."""
    parts, seen = re.split(r"\{(" + "|".join(FIELDS) + r")\}", law.prompt.user.strip()), set[str]()
    out = re.escape(parts[0])
    for name, literal in zip(parts[1::2], parts[2::2], strict=True):
        out += f"(?P={name})" if name in seen else f"(?P<{name}>.*?)"
        out += re.escape(literal)
        seen.add(name)
    return re.compile(out, re.DOTALL)


def _cell(law: Constitution, fields: Mapping[str, str]) -> dict[str, Any]:
    label = fields.get("label", "")
    traps = {str(text): name for name, text in law.traps.items()}
    pairs = (part.partition(": ") for part in fields.get("attributes", "").split(", ") if ": " in part)
    return {
        "label": label if label in law.label_names else law.label_names[0],
        "language": _language(fields.get("language", "")),
        "attributes": {axis: value for axis, _, value in pairs},
        "trap": traps.get(fields.get("trap", "")),
    }


def _language(text: str) -> str:
    return "zh" if "Chinese" in text or "中文" in text else "en"


def _count(text: str) -> int | None:
    """The first number from 1 to 200 in a text."""
    found = (int(number[0]) for number in NUMBER.finditer(text))
    return next((number for number in found if 1 <= number <= 200), None)
