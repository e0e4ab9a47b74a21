"""The collapse model: how often the fake repeats itself when it is asked the same again.

A prompt has a pool of texts, ranked. ``n`` texts of one reply are drawn without repeats, rank ``r`` with a weight of
``r ** (-zipf / temperature)``; temperature 0 always takes the first ranks. The pool has ``pool * n`` texts. Whether a
prompt is collapsed (small pool, steep weights) depends on the seed and the prompt alone, for ``share`` of all prompts.

With the defaults two replies of one text each to a collapsed prompt are the same with probability 0.86, and 79 % of
prompts are collapsed: the share of prompts whose 50 answers had a mean similarity above 0.8 in "Artificial Hivemind"
(arXiv 2510.22954). Another prompt, even by one word, has another pool.
"""

from __future__ import annotations

import heapq
import math
from functools import lru_cache

from foundry_engine.fake_llm import chance
from foundry_engine.fake_llm.settings import Collapse


def is_collapsed(model: Collapse, seed: int, prompt: str) -> bool:
    """Whether a prompt has few answers."""
    return chance.share(seed, "collapsed", prompt) < model.share


def ranks(model: Collapse, seed: int, prompt: str, draw: str, count: int, temperature: float) -> list[int]:
    """Which texts of the prompt's pool one reply holds, the likeliest rank being 1; ``draw`` names the reply.

    Drawn by the keys of Efraimidis and Spirakis (2006): weighted, without repeats.

    >>> ranks(Collapse(), 0, "p", "any", 3, temperature=0)
    [1, 2, 3]
    """
    collapsed = is_collapsed(model, seed, prompt)
    size = count * (model.pool if collapsed else model.free_pool)
    if temperature <= 0:
        return list(range(1, count + 1))
    exponent = (model.zipf if collapsed else model.free_zipf) / temperature
    random = chance.random(seed, "draw", prompt, draw).random
    keys = [math.log(1.0 - random()) * power for power in _powers(size, exponent)]
    return heapq.nlargest(count, range(1, size + 1), key=lambda rank: keys[rank - 1])


@lru_cache(maxsize=64)
def _powers(size: int, exponent: float) -> tuple[float, ...]:
    """One over the weight of every rank; overflow is as good as never."""
    return tuple(math.exp(min(700.0, exponent * math.log(rank))) for rank in range(1, size + 1))
