"""Answers against the schema they were asked for with."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundry_engine.errors import InvalidSetting
from foundry_engine.llm_pool.validation import body_of, problem_of, validator_of

SCHEMA = {
    "type": "object",
    "properties": {"items": {"type": "array", "items": {"type": "object", "properties": {"text": {"type": "string"}}}}},
    "required": ["items"],
}
JUDGED = [
    ('{"items": []}', ""),
    ('{"items": [{"text": "x"}], "more": 1}', ""),
    ("", "the answer is not JSON"),
    ("Sure! {}", "the answer is not JSON"),
    ('{"items": [', "the answer is not JSON"),
    ("[]", '[] is not of type "object"'),
    ("{}", '"items" is a required property'),
    ('{"items": [{"text": 7}]}', 'at items.0.text: 7 is not of type "string"'),
    ('{"items": NaN}', "NaN is no JSON"),
    ("[" * 100_000, "nested too deeply"),
]


@pytest.mark.parametrize(("text", "problem"), JUDGED, ids=range(len(JUDGED)))
def test_what_is_wrong_is_said(text: str, problem: str) -> None:
    found = problem_of(text, validator_of(SCHEMA))
    assert problem in found if problem else found == ""
    assert len(found) < 400


@given(st.text())
def test_any_text_is_judged_and_never_raised_on(text: str) -> None:
    assert isinstance(problem_of(body_of(text), validator_of(SCHEMA)), str)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_fences_change_nothing(value: object) -> None:
    text = json.dumps(value)
    assert body_of(f"```json\n{text}\n```") == text == body_of(text)


BAD = [{"type": "objekt"}, {"$ref": "http://127.0.0.1:9/x.json"}, {"$ref": "#/nowhere"}, {"minimum": "x"}, {"x": {1}}]


@pytest.mark.parametrize("schema", BAD, ids=range(len(BAD)))
def test_a_schema_that_is_none_is_refused(schema: dict[str, object]) -> None:
    with pytest.raises(InvalidSetting, match="is no JSON Schema"):
        validator_of(schema)
