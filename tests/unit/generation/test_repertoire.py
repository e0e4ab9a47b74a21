"""What prompts show: far apart, in turn, and never a boundary case."""

from __future__ import annotations

from random import Random

from foundry_engine.constitution import Constitution
from foundry_engine.generation.plan import Cell, make_plan
from foundry_engine.generation.repertoire import Repertoire
from tests import courtesy

GROUP = ("Polite", "en")
NEAR = ["please pass me the salt", "please pass me the salt now", "please pass me the salts"]
FAR = ["could we sit by the window", "thank you for waiting", "would you mind if I left early"]


def cells() -> list[Cell]:
    return [c for c in make_plan(courtesy.declared(), courtesy.TASK) if c.group == GROUP]


def filled(*texts: str, law: Constitution | None = None) -> Repertoire:
    repertoire = Repertoire(law or courtesy.law())
    for text in texts:
        repertoire.add_corpus(text, GROUP)
    return repertoire


def test_examples_are_far_apart() -> None:
    for seed in range(20):
        shown = filled(*NEAR, *FAR).examples(GROUP, 4, Random(seed))
        assert len(set(shown)) == 4
        assert sum(text in NEAR for text in shown) == 1


def test_examples_take_turns() -> None:
    texts = [
        f"please bring the {a} {b}" for a in ("red", "old", "big", "new") for b in ("chair", "lamp", "plate", "cup")
    ]
    repertoire, shown = filled(*texts), list[str]()
    for round_ in range(8):
        shown += repertoire.examples(GROUP, 2, Random(round_))
    assert len(set(shown)) == 16


def test_examples_are_the_label_and_the_language_asked_for() -> None:
    repertoire = filled(*FAR)
    assert repertoire.examples(("Rude", "en"), 3, Random(0)) == ()
    assert repertoire.examples(("Polite", "zh"), 3, Random(0)) == ()
    assert repertoire.examples(GROUP, 0, Random(0)) == ()


def test_boundary_cases_and_what_is_close_to_them_are_not_shown() -> None:
    law = courtesy.law()
    cell = cells()[0]
    cases = [case.text for case in law.boundary_cases if case.label == "Polite"]
    repertoire = filled(*cases, "Salt, please!", "salt please")
    for text in ("salt please?", "the salt please"):
        repertoire.add(text, cell, cell.attributes)
        repertoire.add_repeated(text, GROUP)
    assert repertoire.examples(GROUP, 4, Random(1)) == ("the salt please",) or not repertoire.examples(
        GROUP, 4, Random(1)
    )
    assert not {"salt please?", "Salt, please!", "salt please"} & set(repertoire.avoid(cell, (), 9))


def test_to_avoid_come_the_cells_own_then_what_is_repeated_then_the_likest() -> None:
    first, second, third = cells()[:3]
    repertoire = Repertoire(courtesy.law())
    shop, home = (("place", "shop"),), (("place", "home"),)
    for text, cell, row in (("own old", first, shop), ("other home", second, home), ("other shop", third, shop)):
        repertoire.add(text, cell, row)
    repertoire.add("own new", first, shop)
    for _ in range(2):
        repertoire.add_repeated("again and again", GROUP)
    repertoire.add_repeated("once again", GROUP)
    assert repertoire.avoid(first, shop, 9) == (
        "own new",
        "own old",
        "again and again",
        "once again",
        "other shop",
        "other home",
    )
    assert repertoire.avoid(first, shop, 1) == ("own new",)
    assert repertoire.avoid(first, shop, 0) == ()
