"""Every operator the registry knows: it tags and never drops, is idempotent, and keeps to the scope it names."""

from __future__ import annotations

import inspect
from random import Random

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from foundry_engine import registry
from foundry_engine.blueprint import Refine
from tests import courtesy
from tests.tables import ON_REQUEST, ORDER, Rows, apply, before, up_to

NAMES = registry.names("operators")
LAW = courtesy.law()
TEXTS = [
    "could you pass the salt",
    "COULD you pass the salt!",
    "could you pasd the salt",
    "could you pass the salt?",
    "would you kindly bring the tea",
    "salt please",
    "salt pleas",
    "get lost",
    "请把盐递给我",
    "请把盐递给我。",
    "请把盐递给他",
    "麻烦借过一下",
    "麻烦借过下",
    "滚",
    "打13800138000找我",
    "password: Kx7-Qm2pLw9",
    "写信到zhang.san@163.com，你个傻-逼",
    "看这段：\n```python\ndef salt(:\n    return 1\n```",
    "？",
    "",
]
ROW_NUMBERS = {"neighbours"}
"""Columns that hold row numbers; they are compared through the ids they stand for."""

rows_of = st.lists(
    st.tuples(
        st.sampled_from(TEXTS),
        st.sampled_from(["Polite", "Rude"]),
        st.sampled_from(["corpus", "written", "generated", "imported"]),
        st.sampled_from(["letters", "offline", "mine"]),
        st.sampled_from(["", "", "en_ask", "zh_ask"]),
        st.sampled_from(["", "", "bring:0", "bring:1"]),
    ),
    min_size=1,
    max_size=14,
)


def table_of(drawn: list[tuple[str, ...]], order: list[int] | None = None) -> pa.Table:
    rows = Rows()
    for text, label, origin, source, mould, pair in drawn:
        rows.add(text, label, origin=origin, source=source, mould=mould, pair=pair)
    rows.samples = [rows.samples[i] for i in order or range(len(drawn))]
    return rows.table(("letters",))


def by_id(table: pa.Table) -> dict[str, dict[str, object]]:
    """Rows by their id, whatever their order; row numbers as ids."""
    ids = table["id"].to_pylist()
    found = {}
    for row in table.to_pylist():
        for name in ROW_NUMBERS & row.keys():
            row[name] = sorted((ids[n["row"]], n["similarity"]) for n in row[name])
        found[row["id"]] = row
    return found


def test_the_usual_order_holds_every_operator() -> None:
    assert sorted([*ORDER, *ON_REQUEST]) == NAMES
    assert Refine().operators == ORDER


@pytest.mark.parametrize("name", NAMES)
def test_the_face_of_an_operator(name: str) -> None:
    operator = registry.find("operators", name)
    assert operator.SCOPE in ("row", "dataset")
    assert issubclass(operator.Settings, BaseModel) and operator.Settings.model_config.get("frozen")
    operator.Settings()
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        operator.Settings.model_validate({"unheard_of": 1})
    assert list(inspect.signature(operator.apply).parameters) == ["table", "settings", "constitution"]
    assert operator.__doc__ and operator.apply.__doc__


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=20, deadline=None)
@given(drawn=rows_of)
def test_it_adds_columns_and_touches_nothing_else(name: str, drawn: list[tuple[str, ...]]) -> None:
    table = table_of(drawn)
    for other in before(name):
        table = apply(other, table, LAW)
    after = apply(name, table, LAW)
    assert after.num_rows == table.num_rows, "rows are never dropped"
    assert after.select(table.column_names).equals(table)
    assert len(after.column_names) > len(table.column_names)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=20, deadline=None)
@given(drawn=rows_of)
def test_it_is_idempotent(name: str, drawn: list[tuple[str, ...]]) -> None:
    once = up_to(name, table_of(drawn), LAW)
    added = [c for c in once.column_names if c not in before_columns(name)]
    again = apply(name, once.drop_columns(added), LAW)
    assert again.equals(once)


def before_columns(name: str) -> list[str]:
    table = table_of([("x", "Polite", "corpus", "mine", "", "")])
    for other in before(name):
        table = apply(other, table, LAW)
    return table.column_names


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=20, deadline=None)
@given(drawn=rows_of, seed=st.integers(0, 10**6))
def test_the_order_of_rows_makes_no_difference(name: str, drawn: list[tuple[str, ...]], seed: int) -> None:
    order = list(range(len(drawn)))
    Random(seed).shuffle(order)
    assert by_id(up_to(name, table_of(drawn), LAW)) == by_id(up_to(name, table_of(drawn, order), LAW))


ROW_SCOPE = [name for name in NAMES if registry.find("operators", name).SCOPE == "row"]


@pytest.mark.parametrize("name", ROW_SCOPE)
@settings(max_examples=20, deadline=None)
@given(drawn=rows_of)
def test_a_row_operator_sees_one_row_at_a_time(name: str, drawn: list[tuple[str, ...]]) -> None:
    whole = table_of(drawn)
    for other in before(name):
        whole = apply(other, whole, LAW)
    alone = [apply(name, whole.slice(n, 1), LAW) for n in range(whole.num_rows)]
    assert pa.concat_tables(alone).equals(apply(name, whole, LAW))


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_table_is_no_mistake(name: str) -> None:
    assert up_to(name, Rows().table(), LAW).num_rows == 0


def test_what_duplicates_and_twins_leave_has_none_left() -> None:
    """Removing what was tagged and tagging again finds nothing: dedup is idempotent.

    Without the guard on words, that is: in how many texts a word stands is not the same afterwards.
    """

    @settings(max_examples=40, deadline=None)
    @given(rows_of)
    def check(drawn: list[tuple[str, ...]]) -> None:
        table = up_to("typo_twins", table_of(drawn), LAW, attested=0)
        gone = zip(table["duplicate_of"].to_pylist(), table["twin_of"].to_pylist(), strict=True)
        kept = table.filter(pa.array([d is None and t is None for d, t in gone])).select(table_of(drawn).column_names)
        again = up_to("typo_twins", kept, LAW, attested=0)
        assert again["duplicate_of"].null_count == again["twin_of"].null_count == kept.num_rows

    check()
