"""The rounds of a generation: ask for what is missing, gate it, have it read blind, steer, and again.

Rounds are closed: the next one's requests are made when every answer of this one is in, in plan order. Whatever the
order of arrival, and however often a run is interrupted, the same answers make the same samples.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Protocol

from foundry_engine.blueprint import Generate
from foundry_engine.completions import Completion, CompletionRequest
from foundry_engine.constitution import Constitution
from foundry_engine.generation.estimate import Purse
from foundry_engine.generation.harvest import Harvest, Taken
from foundry_engine.generation.prompt import Order, plain_request, prompt_hash, request_for
from foundry_engine.generation.repertoire import Repertoire
from foundry_engine.generation.second_pass import Reading, read
from foundry_engine.generation.steering import Steering

MAX_VARIATIONS = 1000


class Answers(Protocol):
    """Where requests are answered; ``out_of_budget`` once one was not, for want of money or tokens."""

    name: str
    reads_prompt: bool
    out_of_budget: bool

    async def ask(self, requests: Sequence[CompletionRequest], what: str) -> Sequence[Completion | None]:
        """An answer to each request, in order; ``None`` where there was none. ``what`` is for people."""
        ...


@dataclass
class Rounds:
    """One task's generation; ``reader`` is ``None`` without a second pass."""

    task: str
    seed: int
    constitution: Constitution
    settings: Generate
    harvest: Harvest
    steering: Steering
    repertoire: Repertoire
    writer: Answers
    reader: Answers | None
    purse: Purse
    requests: list[dict[str, object]] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)
    tokens: Counter[str] = field(default_factory=Counter)
    cost: float | None = 0.0
    out_of_budget: bool = False
    _prompts: set[str] = field(default_factory=set)

    async def run(self) -> None:
        """Rounds until every cell is full or saturated, nothing new comes, or rounds or budget are spent."""
        for round_ in range(self.settings.max_rounds):
            orders = self.steering.orders(round_)
            if not orders:
                break
            if self.writer.reads_prompt:
                orders = self._shown(orders)
            orders, requests = self._affordable(orders, self._requests(orders))
            if not orders:
                break
            replies = await self.writer.ask(requests, f"{self.task}: {self.writer.name}, round {round_ + 1}")
            before = len(self.harvest.samples)
            await self._close(round_, orders, requests, replies)
            self.out_of_budget |= any(desk.out_of_budget for desk in (self.writer, self.reader) if desk)
            if self.out_of_budget:
                break
            if len(self.harvest.samples) == before and (
                not self.writer.reads_prompt or not self.harvest.accepted_in.total()
            ):
                break  # a grammar has no more to give; a model that gave nothing at all is not asked on
        self.steering.finish()

    def _shown(self, orders: Sequence[Order]) -> list[Order]:
        """The orders with what their prompts show, chosen in plan order."""
        shown = []
        for order in orders:
            random = Random(f"{self.seed}:{order.cell.id}:{order.round}:examples")
            examples = self.repertoire.examples(order.cell.group, self.settings.examples, random)
            avoid = self.repertoire.avoid(order.cell, order.attributes, self.settings.avoid)
            cell, round_, count = order.cell, order.round, order.count
            shown.append(Order(cell, round_, count, order.attributes, order.twin, examples, avoid))
        return shown

    def _requests(self, orders: Sequence[Order]) -> list[CompletionRequest]:
        if not self.writer.reads_prompt:
            return [plain_request(order, self.constitution) for order in orders]
        return [self._unseen(_maker(order, self.constitution)) for order in orders]

    def _unseen(self, make: Callable[[int], CompletionRequest]) -> CompletionRequest:
        """The first variation of a prompt that this run has not asked: no two prompts are equal."""
        for variation in range(MAX_VARIATIONS):
            request = make(variation)
            if prompt_hash(request) not in self._prompts:
                self._prompts.add(prompt_hash(request))
                return request
        raise AssertionError("a variation changes the prompt, so one of them must be new")

    def _affordable(
        self, orders: Sequence[Order], requests: Sequence[CompletionRequest]
    ) -> tuple[list[Order], list[CompletionRequest]]:
        """What the budget allows, in plan order; when it does not reach for all, those least filled come first."""
        fair = self.steering.by_need(orders)
        factor = 1.0 + (self.settings.second_pass.share if self.reader else 0.0)  # its texts will be read, too
        count = self.purse.affordable([requests[i] for i in fair], factor)
        self.out_of_budget |= count < len(fair)
        chosen = sorted(fair[:count])
        return [orders[i] for i in chosen], [requests[i] for i in chosen]

    async def _close(
        self,
        round_: int,
        orders: Sequence[Order],
        requests: Sequence[CompletionRequest],
        replies: Sequence[Completion | None],
    ) -> None:
        """Gate and read a whole round, then tell steering how it went."""
        self._pay(requests, replies)
        offered_before = self.harvest.offered_in.copy()
        round_taken: list[Taken] = []
        for order, request, reply in zip(orders, requests, replies, strict=True):
            taken = self.harvest.take_reply(self.task, order, prompt_hash(request), reply, self.writer.name)
            round_taken += taken
            self.requests.append(_request_row(order, request, reply, len(taken)))
        await self._second_pass(round_, round_taken)
        kept = {sample.id for sample in self.harvest.samples}
        for taken_one in round_taken:
            if taken_one.sample.id in kept:
                self.steering.keep_text(taken_one.order.cell, taken_one.sample.text)
                self.repertoire.add(taken_one.sample.text, taken_one.order.cell, taken_one.order.attributes)
        for text, cell in self.harvest.repeats:
            self.repertoire.add_repeated(text, cell.group)
        self.harvest.repeats.clear()
        self.steering.close(
            orders,
            self.harvest.offered_in - offered_before,
            Counter(one.order.cell.id for one in round_taken if one.sample.id in kept),
            {order.cell.id for order, reply in zip(orders, replies, strict=True) if reply is not None},
        )
        self.steering.feed(round_)

    async def _second_pass(self, round_: int, round_taken: Sequence[Taken]) -> None:
        """Have a round's texts read blind, and put apart what is not agreed to."""
        if self.reader is None or not round_taken:
            return
        random = Random(f"{self.seed}:{self.task}:{round_}:second_pass")
        share = self.settings.second_pass.share
        chosen = [one for one in round_taken if share == 1 or random.random() < share]
        found = [Reading(one.sample, one.order.cell) for one in chosen]
        seed = f"{self.seed}:{self.task}:{round_}"
        await read(found, self._agreed(), self.constitution, self.settings.second_pass, self._ask_reader, seed)
        self.readings += found
        self.harvest.put_apart(zip(chosen, found, strict=True))

    async def _ask_reader(self, makers: Sequence[Callable[[int], CompletionRequest]]) -> Sequence[Completion | None]:
        assert self.reader is not None
        requests = [self._unseen(make) for make in makers]
        replies = await self.reader.ask(requests, f"{self.task}: {self.reader.name} reads blind")
        self._pay(requests, replies)
        return replies

    def _agreed(self) -> dict[str, tuple[int, int]]:
        """By cell, how many texts read in earlier rounds agreed, of how many."""
        agreed = Counter(reading.cell.id for reading in self.readings if reading.agrees)
        return {cell: (agreed[cell], n) for cell, n in Counter(r.cell.id for r in self.readings).items()}

    def _pay(self, requests: Sequence[CompletionRequest], replies: Sequence[Completion | None]) -> None:
        self.purse.pay(requests, replies)
        for reply in replies:
            if reply is not None:
                self.tokens.update(prompt=reply.usage.prompt_tokens, output=reply.usage.output_tokens)
                self.cost = None if self.cost is None or reply.cost is None else self.cost + reply.cost


def _maker(order: Order, constitution: Constitution) -> Callable[[int], CompletionRequest]:
    return lambda variation: request_for(order, constitution, variation)


def _request_row(
    order: Order, request: CompletionRequest, reply: Completion | None, accepted: int
) -> dict[str, object]:
    """One request for the record, without its text: the prompt can be made again from the seed."""
    usage = None if reply is None else [reply.usage.prompt_tokens, reply.usage.output_tokens]
    return {
        "round": order.round,
        "cell": order.cell.id,
        "prompt": prompt_hash(request),
        "seed": request.seed,
        "attributes": dict(order.attributes),
        "asked": request.count,
        "accepted": accepted,
        "tokens": usage,
    }
