"""What the fake says: the same for the same seed, valid by the schema, and repetitive as published."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from itertools import combinations
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foundry_engine.fake_llm import chance, schema_writer
from foundry_engine.fake_llm.answering import Answering
from foundry_engine.fake_llm.collapse import is_collapsed, ranks
from foundry_engine.fake_llm.settings import Collapse, FakeSettings
from foundry_engine.fake_llm.texts import Texts
from foundry_engine.fake_llm.wire import Answer, Asked
from foundry_engine.generation.plan import make_plan
from foundry_engine.generation.prompt import Order, reply_schema, request_for
from foundry_engine.providers.offline import Provider
from tests import courtesy


def answer(asked: Asked, nth: int = 1, seed: int = 0, blueprint: Any = None, **options: Any) -> Answer:
    made = FakeSettings.model_validate({"seed": seed, **options})
    return asyncio.run(Answering(made, Texts(seed, blueprint)).answer(asked, "d1", nth, None))


def asked(prompt: str, **more: Any) -> Asked:
    return Asked("openai", "m", prompt, **more)


def test_the_same_seed_request_and_count_give_the_same() -> None:
    question = asked("Write 3 texts", schema=reply_schema())
    assert answer(question) == answer(question)
    others = {answer(question, nth=n, seed=s).text for n in range(1, 6) for s in range(6)}
    assert len(others) > 6, "other counts and seeds give others"


def test_the_number_of_items_is_the_one_asked_for() -> None:
    for count in (1, 4, 25):
        reply = json.loads(answer(asked(f"Write {count} different sentences.", schema=reply_schema())).text)
        assert len({item["text"] for item in reply["items"]}) == count


def test_a_cap_on_tokens_cuts() -> None:
    cut = answer(asked("Write 20 texts", schema=reply_schema(), max_tokens=20))
    assert (cut.finish, cut.output_tokens <= 20) == ("length", True)
    assert answer(asked("Write 1 text", schema=reply_schema(), max_tokens=2000)).finish == "stop"


# the collapse model


def test_the_published_share_of_prompts_is_collapsed() -> None:
    """79 % of prompts: a mean pairwise similarity above 0.8 over 50 answers."""
    model, over = Collapse(), 0
    for n in range(200):
        drawn = [ranks(model, 0, f"prompt {n}", str(i), 1, 1.0)[0] for i in range(50)]
        same = sum(a == b for a, b in combinations(drawn, 2)) / (50 * 49 / 2)
        over += same > 0.8
    assert 0.6 <= over / 200 <= 0.85


def test_the_first_rank_of_a_collapsed_prompt_has_its_published_weight() -> None:
    model = Collapse(share=1.0)
    drawn = Counter(ranks(model, 0, "p", str(i), 1, 1.0)[0] for i in range(4000))
    total = sum(rank**-model.zipf for rank in range(1, model.pool + 1))
    assert drawn[1] / 4000 == pytest.approx(1 / total, abs=0.02)
    assert set(drawn) <= set(range(1, model.pool + 1))


def test_one_prompt_asked_often_gives_few_texts_and_other_prompts_give_others() -> None:
    prompt = next(f"Write 25 texts {n}" for n in range(99) if is_collapsed(Collapse(), 0, f"Write 25 texts {n}"))

    def texts(prompt: str, nth: int) -> set[str]:
        reply = json.loads(answer(asked(prompt, schema=reply_schema()), nth).text)
        return {item["text"] for item in reply["items"]}

    same = set().union(*(texts(prompt, n) for n in range(20)))
    varied = set().union(*(texts(f"{prompt} about {n}", 1) for n in range(20)))
    assert len(same) < 100 and len(varied) > 400, "of 500 each"


def test_temperature_0_always_says_the_same_and_a_higher_one_varies_more() -> None:
    cold = {tuple(ranks(Collapse(), 0, "p", str(i), 2, 0.0)) for i in range(20)}
    warm = {tuple(ranks(Collapse(share=1), 0, "p", str(i), 2, 1.0)) for i in range(200)}
    hot = {tuple(ranks(Collapse(share=1), 0, "p", str(i), 2, 2.0)) for i in range(200)}
    assert cold == {(1, 2)} and len(hot) > len(warm) > 1


# schemas


def array_of(items: dict[str, Any], least: int) -> dict[str, Any]:
    return {"type": "array", "items": items, "minItems": least, "maxItems": least + 2}


def object_of(parts: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": parts, "required": sorted(parts), "additionalProperties": False}


SCHEMAS = st.recursive(
    st.sampled_from(
        [
            {"type": "string"},
            {"type": "string", "maxLength": 5, "minLength": 2},
            {"type": "string", "minLength": 200},
            {"type": "integer", "minimum": 3, "maximum": 5},
            {"type": "integer", "exclusiveMinimum": 3},
            {"type": "number", "minimum": 0, "maximum": 1},
            {"type": "boolean"},
            {"type": "null"},
            {"enum": ["a", 1, None]},
            {"const": {"x": 1}},
            {"type": ["null", "string"]},
            {"anyOf": [{"type": "integer"}, {"enum": ["b"]}]},
        ]
    ),
    lambda inner: st.one_of(
        st.builds(array_of, inner, st.integers(0, 3)), st.dictionaries(st.sampled_from("abc"), inner).map(object_of)
    ),
    max_leaves=6,
)


@settings(max_examples=60)
@given(SCHEMAS, st.integers(0, 99))
def test_answers_obey_the_schema(schema: dict[str, Any], seed: int) -> None:
    value = schema_writer.write(schema, chance.random(seed), lambda: "some text here", 3)
    assert jsonschema_rs.is_valid(schema, value)


def test_references_and_merged_parts_are_followed() -> None:
    schema = {
        "$defs": {"item": {"allOf": [{"type": "object"}, {"properties": {"n": {"const": 4}}, "required": ["n"]}]}},
        "type": "array",
        "items": {"$ref": "#/$defs/item"},
    }
    assert schema_writer.write(schema, chance.random(1), str, 2) == [{"n": 4}, {"n": 4}]


@pytest.mark.parametrize(
    "schema",
    [
        reply_schema(),
        {"type": "object", "properties": {"l": {"enum": ["a"]}, "n": {"type": "integer"}}},
        {"enum": ["a"]},
    ],
)
def test_a_spoilt_answer_is_outside_the_schema(schema: dict[str, Any]) -> None:
    value = schema_writer.write(schema, chance.random(1), lambda: "text", 3)
    assert jsonschema_rs.is_valid(schema, value)
    assert not jsonschema_rs.is_valid(schema, schema_writer.spoilt(value, schema))


# the foundry's own prompts


def test_the_prompts_of_a_blueprint_are_answered_from_its_grammar() -> None:
    declared, law = courtesy.declared(), courtesy.law()
    words = {word for banks in law.grammar.banks.values() for bank in banks.values() for word in bank}
    for cell in make_plan(declared, courtesy.TASK)[:30]:
        request = request_for(Order(cell, 0, 2, cell.attributes), law)
        found = Texts(0, declared).wish(f"{request.system}\n{request.user}")
        wanted = {k: v for k, v in cell.wish().items() if k in ("label", "language", "attributes", "trap")}
        assert (dict(found.cell), found.count) == (wanted, 2)
        assert isinstance(found.writer, Provider)
        reply = json.loads(
            answer(asked(f"{request.system}\n{request.user}", schema=reply_schema()), blueprint=declared).text
        )
        assert all(any(word in item["text"] for word in words) for item in reply["items"]), reply


def test_other_prompts_get_filler_in_their_language() -> None:
    assert answer(asked("说点什么，用中文")).text.endswith("号")
    assert "number" in answer(asked("Say something")).text
