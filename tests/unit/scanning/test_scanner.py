"""What the scanner must reach, kind by kind: see tests/sensitive for what it is measured on."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
from collections import Counter
from functools import cache

import pytest

import foundry_engine.scanning
from foundry_engine.scanning import PII_KINDS, SECRET_KINDS, Finding, redact, scan
from tests.sensitive.cases import KINDS, Case, negatives, positives

COUNT, SEED = 200, 20261121
LEAST_RECALL, MOST_ALARMS = 0.97, 0.01
REPORTED_AS = {"deepseek_key": "openai_key"}
"""Keys of the same shape by several issuers have one kind."""


@cache
def cases(kind: str) -> list[Case]:
    return list(positives(kind, COUNT, SEED))


def is_found(case: Case, findings: list[Finding]) -> bool:
    """Its kind, nine tenths of its span, and not much else."""
    end = case.end
    if case.kind == "url_credentials":
        end = case.start + case.text[case.start : end].rindex("@") + 1
    return any(
        f.kind == REPORTED_AS.get(case.kind, case.kind)
        and min(f.end, end) - max(f.start, case.start) >= 0.9 * (end - case.start)
        and f.end - f.start <= 1.1 * (end - case.start) + 4
        for f in findings
    )


@pytest.mark.parametrize("kind", KINDS)
def test_recall_of_each_kind_alone_in_each_form(kind: str) -> None:
    found: Counter[tuple[str, bool]] = Counter()
    for case in cases(kind):
        found[case.form, is_found(case, scan(case.text))] += 1
    for form in {form for form, _ in found}:
        assert found[form, True] / (found[form, True] + found[form, False]) >= LEAST_RECALL, (form, found)


@pytest.mark.parametrize("kind", KINDS)
def test_a_second_scan_of_redacted_text_finds_nothing_and_the_value_is_gone(kind: str) -> None:
    for case in cases(kind):
        clean, findings = redact(case.text, b"salt")
        assert scan(clean) == [], case.text
        for f in findings:
            assert case.text[f.start : f.end] not in clean


def test_false_alarms() -> None:
    fixed = list(negatives(3_000, SEED))
    alarms = [(case.sort, case.text, found) for case in fixed if (found := scan(case.text))]
    assert len(fixed) == 3_000
    assert len(alarms) / len(fixed) <= MOST_ALARMS, alarms
    most = Counter(sort for sort, _, _ in alarms).most_common(1)
    of = Counter(case.sort for case in fixed)
    assert not most or most[0][1] / of[most[0][0]] <= 0.05, "no sort of look-alike carries the alarms"


ONE_BY_ONE = [
    ("一三八零零一三八零零零打给我", [("mobile", 0, 11)]),
    ("我的\u200b138\u200b0013\u200b8000", [("mobile", 3, 16)]),
    ("tel13800138000", [("mobile", 3, 14)]),
    ("a13800138000b7", []),
    ("订单13800138000", []),
    ("13800138000元", []),
    ("13800138000元旦见", [("mobile", 0, 11)]),
    ("身份证110105491231002", [("cn_id", 3, 18)]),
    ("编号110105491231002", []),
    ("税号91350100M000100Y43", [("uscc", 2, 20)]),
    ("91350100M000100Y44", []),
    ("Visa 4111 1111 1111 1111", [("bank_card", 5, 24)]),
    ("4111 1111 1111 1112", []),
    ("wx: 4006381333931", []),
    ("ssh 10.1.2.3", [("ip", 4, 12)]),
    ("升级到10.1.2.3", []),
    ("1.2.3.4", []),
    ("ping 1.2.3.4", [("ip", 5, 12)]),
    ("ip：2408:8000::1", [("ip", 3, 15)]),
    ("192.0.2.7 2001:db8::7 a@example.org", []),
    ("00:11:22:33:44:55:66:77", []),
    ("logo@2x.png", []),
    ("password=Abc123!x&next=/", [("assignment", 9, 17)]),
    ("密码是824613", [("assignment", 3, 9)]),
    ("token=version-name", []),
    ("http://user:${PASSWORD}@host", []),
    ("-----BEGIN RSA PRIVATE KEY-----", []),
    ("-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA7bq98x2", [("private_key", 0, 55)]),
]


@pytest.mark.parametrize(("text", "expected"), ONE_BY_ONE, ids=[text[:24] for text, _ in ONE_BY_ONE])
def test_one_by_one(text: str, expected: list[tuple[str, int, int]]) -> None:
    assert [(f.kind, f.start, f.end) for f in scan(text)] == expected


def test_findings_are_limited_to_kinds_without_changing_what_wins() -> None:
    text = "git clone https://bob:s3cr3tpw@git.corp.cn/x"
    assert [f.kind for f in scan(text)] == ["url_credentials"]
    assert scan(text, ["email"]) == [], "the password and host are no mailbox, whoever asks"


def test_every_kind_is_in_one_table() -> None:
    assert not set(SECRET_KINDS) & set(PII_KINDS)
    assert set(KINDS) - set(REPORTED_AS) <= {*SECRET_KINDS, *PII_KINDS}


HOSTILE = [
    "1",
    "1 ",
    "1-",
    "a@",
    "a@a.",
    "@",
    "1:",
    "a:",
    "::",
    "password",
    "password=",
    "secret ",
    "sk-",
    "eyJ",
    "_",
    "：",
]
HOSTILE += [
    "eyJaaaaaaaaa.",
    "-----BEGIN PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY-----aaaaaaaaaaaaaaaaaaaaaaaaa ",
    "．",
]
HOSTILE += [
    "http://a:",
    "://",
    "6222 ",
    "4111 1111 1111 1111 ",
    "京A1",
    "京A12345",
    "１",
    "\u200b",
    "1\u200b",
    "零",
    "86",
    "+86",
]
HOSTILE += [
    "13800138000 ",
    "订单号1",
    "=",
    '"',
    "(",
    "护照A1234567",
    "2001:db8:",
    "1.1.1.1 ",
    "x.",
    "DE12 3456 ",
    "token:a1b2c3d4 ",
]


@pytest.mark.parametrize("unit", HOSTILE)
def test_long_and_hostile_texts_end(unit: str) -> None:
    """What is quadratic never ends here; what is linear takes a fraction of a second."""
    text = (unit * 200_000)[:200_000]
    for finding in scan(text):
        assert 0 <= finding.start < finding.end <= len(text)


def test_the_examples_in_the_docstrings_hold() -> None:
    names = [
        module.name for module in pkgutil.walk_packages(foundry_engine.scanning.__path__, "foundry_engine.scanning.")
    ]
    for name in ["foundry_engine.scanning", *names]:
        assert doctest.testmod(importlib.import_module(name)).failed == 0, name
