"""Redacted text: same shape, same surrogate for the same value, nothing of the value left."""

from __future__ import annotations

from dataclasses import asdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foundry_engine.scanning import evidence, redact, scan
from foundry_engine.scanning.findings import PII_KINDS, SECRET_KINDS
from foundry_engine.scanning.surrogates import MAKERS
from tests.sensitive.cases import KINDS, positives

SALT = b"a secret"
MADE_OF_LENGTH = {"email", "ip", "url_credentials"}
"""Their surrogates keep the form and not the length."""


def shape(text: str) -> str:
    return "".join("9" if c.isdigit() else "a" if c.isalpha() else c for c in text)


@pytest.mark.parametrize("kind", [kind for kind in PII_KINDS if kind not in MADE_OF_LENGTH])
def test_a_surrogate_has_the_shape_of_the_value(kind: str) -> None:
    for case in positives(kind, 60, 5):
        clean, _ = redact(case.text, SALT)
        assert shape(clean) == shape(case.text)


def test_one_value_in_all_its_forms_becomes_one_surrogate() -> None:
    forms = [
        "13800138000",
        "138-0013-8000",
        "138 0013 8000",
        "+86 138 0013 8000",
        "１３８００１３８０００",
        "8613800138000",
    ]
    digits = {"".join(c for c in redact(form, SALT)[0].translate(WIDE) if c.isdigit())[-11:] for form in forms}
    assert len(digits) == 1 and digits.pop().startswith("12")
    assert redact("１３８００１３８０００", SALT)[0].startswith("１２"), "full-width stays full-width"


WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}


def test_another_salt_makes_others() -> None:
    made = {redact("13800138000", bytes([n]))[0] for n in range(20)}
    assert len(made) == 20


def test_secrets_say_what_they_are_examples_of() -> None:
    key = "AKIA" + "Q7" * 8
    assert redact(f"key {key}", SALT)[0].startswith("key AKIAEXAMPLE")
    assert redact("postgres://bob:hunter2hunter2@db:5432/x", SALT)[0].endswith("@db:5432/x")
    assert "-----BEGIN PRIVATE KEY-----\nEXAMPLE" in redact(f"-----BEGIN PRIVATE KEY-----\n{'Ab1' * 20}\n", SALT)[0]


def test_evidence_holds_no_value() -> None:
    for kind in KINDS:
        for case in positives(kind, 5, 9):
            value = case.text[case.start : case.end]
            for item in evidence(case.text, scan(case.text), SALT):
                assert value not in str(asdict(item)) and len(item.hash) == 16


def test_equal_values_have_equal_hashes_and_other_salts_have_others() -> None:
    texts = ["打13800138000", "call +86 138-0013-8000"]
    hashes = [evidence(text, scan(text), SALT)[0].hash for text in texts]
    assert hashes[0] == hashes[1] != evidence(texts[0], scan(texts[0]), b"other")[0].hash


def test_every_kind_can_be_replaced() -> None:
    assert set(MAKERS) <= {*SECRET_KINDS, *PII_KINDS} and set(PII_KINDS) <= set(MAKERS)


planted = st.sampled_from([case.text for kind in KINDS for case in positives(kind, 4, 3)])
pieces = st.one_of(st.text(max_size=20), planted, st.sampled_from(["1", "@", "密码", "：", "EXAMPLE", " ", "\u200b"]))


@settings(max_examples=150, deadline=None)
@given(st.lists(pieces, max_size=6))
def test_any_text_is_clean_after_redaction(parts: list[str]) -> None:
    text = "".join(parts)
    clean, findings = redact(text, SALT)
    assert scan(clean) == []
    assert findings or clean == text
    assert redact(clean, SALT) == (clean, [])
    assert [(f.start, f.end) for f in findings] == sorted((f.start, f.end) for f in findings)
