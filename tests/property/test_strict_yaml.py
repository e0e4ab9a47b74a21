"""Whatever is in the file: data or problems, never an exception; and JSON means the same in YAML 1.2."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from foundry_engine import strict_yaml

printable = st.text(st.characters(exclude_categories=("C", "Z")) | st.just(" "), max_size=12)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | printable,
    lambda children: st.lists(children, max_size=4) | st.dictionaries(printable, children, max_size=4),
    max_leaves=12,
)


@given(values)
def test_json_reads_as_itself(value: object) -> None:
    read = strict_yaml.parse(json.dumps(value, ensure_ascii=False))
    assert read.problems == []
    assert json.dumps(read.data) == json.dumps(value)


@given(st.text(st.sampled_from("a1 :-[]{}?&*!|>'\"#%@`\\\n\t\r.,~<=中\x00\x85\u2028"), max_size=40))
def test_any_text_is_data_or_problems(text: str) -> None:
    read = strict_yaml.parse(text, "f")
    for problem in read.problems:
        assert 1 <= problem.line <= text.count("\n") + text.count("\r") + text.count("\x85") + text.count("\u2028") + 2
        assert problem.column >= 1
        assert "\n" not in str(problem)


@given(st.dictionaries(printable.filter(bool), st.integers(0, 9), min_size=1, max_size=4), st.data())
def test_a_repeated_key_is_always_found(mapping: dict[str, int], data: st.DataObject) -> None:
    again = data.draw(st.sampled_from(sorted(mapping)))
    lines = [f"{json.dumps(key, ensure_ascii=False)}: {value}\n" for key, value in mapping.items()]
    read = strict_yaml.parse("".join(lines) + f"{json.dumps(again, ensure_ascii=False)}: 0\n")
    assert [(p.line, p.column) for p in read.problems] == [(len(lines) + 1, 1)]
