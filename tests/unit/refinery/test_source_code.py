"""What the parser sees in code."""

from __future__ import annotations

import sys

import pytest

from foundry_engine.errors import MissingDependency
from foundry_engine.refinery import source_code
from foundry_engine.refinery.source_code import GRAMMARS, language_named, read_source

CODE = [
    ("python", "class A:\n    def m(self):\n        return 1\n\nasync def f(): ...\n", ["m", "f"], ["A"]),
    ("javascript", "const f = (a) => a; class A { m() {} } function* g() {}", ["f", "m", "g"], ["A"]),
    ("typescript", "interface I { a: number } function f(a: I): void {}", ["f"], ["I"]),
    ("java", "class A { A() {} void m() {} }", ["A", "m"], ["A"]),
    ("go", "package m\n\nfunc (s *S) F() {}\n\ntype T struct{}\n", ["F"], ["T"]),
    ("rust", "fn a() -> i32 { 1 } struct S {} trait T { fn c(); }", ["a", "c"], ["S", "T"]),
    ("c", "struct s { int a; }; static int *f(void) { return 0; }", ["f"], ["s"]),
    ("cpp", "int A::f(int x) { return x; } class B { void g() {} ~B() {} };", ["f", "g", "~B"], ["B"]),
]


def test_every_grammar_is_tried() -> None:
    assert {language for language, *_ in CODE} == set(GRAMMARS)


@pytest.mark.parametrize(("language", "code", "functions", "types"), CODE)
def test_functions_and_types(language: str, code: str, functions: list[str], types: list[str]) -> None:
    seen = read_source(code, language)
    assert (seen.parses, seen.error_share) == (True, 0.0)
    assert (seen.functions, seen.types) == (functions, types)


@pytest.mark.parametrize(("language", "code"), [(language, code) for language, code, *_ in CODE])
def test_broken_code_is_seen(language: str, code: str) -> None:
    broken = read_source(code.replace("(", "((", 1), language)
    assert not broken.parses and 0 < broken.error_share <= 1


def test_shares_and_lines() -> None:
    seen = read_source("# ten chars\nx = 1\n", "python")
    assert (seen.lines, seen.comment_share, seen.names) == (3, pytest.approx(11 / 18, abs=1e-6), ["x"])
    empty = read_source("", "python")
    assert (empty.parses, empty.lines, empty.error_share) == (True, 1, 0.0)


def test_names_of_languages() -> None:
    assert [language_named(name) for name in ("PY", "c++", " js ", "cobol")] == ["python", "cpp", "javascript", None]


def test_deep_nesting_is_no_recursion() -> None:
    assert read_source("(" * 50_000, "python").parses is False


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tree_sitter_go", None)
    source_code._parser.cache_clear()
    with pytest.raises(MissingDependency, match=r"tree_sitter_go is not installed.*micro-model-foundry\[code\]"):
        read_source("package m", "go")
    source_code._parser.cache_clear()
