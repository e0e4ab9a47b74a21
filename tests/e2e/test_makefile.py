"""The verbs: each is one rule, and ``make test`` reaches the other runtimes."""

from __future__ import annotations

import re
import subprocess

from tests.conftest import ROOT

MAKEFILE = (ROOT / "Makefile").read_text("utf-8")


def test_make_test_tests_the_runtimes_too() -> None:
    done = subprocess.run(["make", "-n", "test"], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert "sh scripts/test_runtimes.sh\n" in done.stdout
    assert "-m pytest " in done.stdout


def test_every_verb_has_exactly_one_rule_and_one_line_of_help() -> None:
    (phony,) = re.findall(r"^\.PHONY:(.*)$", MAKEFILE, re.MULTILINE)
    verbs = phony.split()
    assert len(verbs) == len(set(verbs)) > 10
    rules = re.findall(r"^([a-z-]+):(?!=)(.*)$", MAKEFILE, re.MULTILINE)
    assert sorted(name for name, _ in rules) == sorted(verbs)
    assert [name for name, rest in rules if " ## " not in rest] == []


def test_the_numbers_the_help_tells_are_the_defaults() -> None:
    for verb, shown in re.findall(r"^([a-z]+):.*## .*?N=(\d+)", MAKEFILE, re.MULTILINE):
        recipe = re.search(rf"^{verb}:.*\n\t(.*)$", MAKEFILE, re.MULTILINE)
        assert recipe is not None and f"$(or $(N),{shown})" in recipe[1], verb


def test_contributing_tells_every_verb() -> None:
    told = set(re.findall(r"^\| `make ([a-z-]+)` \|", (ROOT / "CONTRIBUTING.md").read_text("utf-8"), re.MULTILINE))
    verbs = set(re.findall(r"^([a-z-]+):.* ## ", MAKEFILE, re.MULTILINE)) - {"help"}
    assert told == verbs
