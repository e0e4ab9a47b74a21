"""Loading a blueprint: every mistake at once, each at its place, with the nearest known name."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from foundry_engine import blueprint, typed_yaml
from foundry_engine.errors import InvalidSetting
from tests import courtesy


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return courtesy.copy(tmp_path / "courtesy")


def mistakes(folder: Path) -> list[str]:
    with pytest.raises(InvalidSetting) as raised:
        blueprint.load(folder)
    return raised.value.message.splitlines()


def test_what_is_declared_is_typed_and_frozen(folder: Path) -> None:
    loaded = blueprint.load(folder)
    assert (loaded.name, loaded.tasks, loaded.declaration.languages) == ("courtesy", ["tone"], ["zh", "en"])
    assert loaded.constitutions["tone"].label_names == ["Polite", "Rude"]
    assert loaded.corpus("tone") == folder / "corpus" / "tone.jsonl"
    with pytest.raises(ValidationError, match="frozen"):
        loaded.declaration.seed = 2  # type: ignore[misc]


# file, text to replace, what stands there instead (§ marks the place), message
MISTAKES = [
    ("blueprint", "seed: 7", "§sed: 7", "unknown key 'sed'; did you mean 'seed'?"),
    ("blueprint", "seed: 7", "seed: §-1", "greater than or equal to 0"),
    ("blueprint", "seed: 7", "seed: §7.0", "valid integer"),
    ("blueprint", "seed: 7", 'seed: §"7"', "valid integer"),
    ("blueprint", "seed: 7", "seed: §1e400", "valid integer"),
    ("blueprint", "name: courtesy", "name: §cour-tesy", "should match pattern"),
    ("blueprint", "name: courtesy", "name: §12", 'a text was expected; put it in quotes: "12"'),
    ("blueprint", "name: courtesy", "name: §true", 'a text was expected; put it in quotes: "true"'),
    ("blueprint", "languages: [zh, en]", "languages: [zh, §eng]", "'eng' is not allowed here; did you mean 'en'?"),
    ("blueprint", "languages: [zh, en]", "languages: §[]", "at least 1 item"),
    ("blueprint", "cells_per_label: 10", "§cells_per_lable: 10", "did you mean 'cells_per_label'?"),
    ("blueprint", "samples_per_cell: 2", "samples_per_cell: §0", "greater than or equal to 1"),
    ("blueprint", "trap_share: 0.2", "trap_share: §1.5", "less than or equal to 1"),
    ("blueprint", "trap_share: 0.2", "trap_share: §.nan", "got nan"),
    ("blueprint", "max_length: 60", "max_length: 60\n  min_length: §61", "min_length is above max_length"),
    ("blueprint", "provider: offline", "provider: §ofline", "no provider 'ofline'; did you mean 'offline'?"),
    ("blueprint", "scripted: {replies:", "scripted: {§replys:", "unknown key 'replys'; did you mean 'replies'?"),
    ("blueprint", "scripted: {replies:", "§scriptd: {replies:", "no provider 'scriptd'; did you mean 'scripted'?"),
    ("blueprint", "max_rounds: 2", "max_rounds: 2\n  second_pass: {votes: §0}", "greater than or equal to 1"),
    ("blueprint", "max_rounds: 2", "max_rounds: 2\n  second_pass: {§vote: 3}", "did you mean 'votes'?"),
    (
        "blueprint",
        "max_rounds: 2",
        "max_rounds: 2\n  second_pass: {provider: §gemni}",
        "no provider 'gemni'; did you mean 'gemini'?",
    ),
    (
        "blueprint",
        "max_rounds: 2",
        "max_rounds: 2\n  second_pass: {provider: gemini, settings: {model: m, §temprature: 0}}",
        "unknown key 'temprature'; did you mean 'temperature'?",
    ),
    ("blueprint", "max_rounds: 2", "max_rounds: 2\n  token_budget: §0", "greater than 0"),
    (
        "constitution",
        "abstain:",
        "near_misses:\n  x: {of: §Rood, label: Polite, topic: {en: t, zh: t}}\nabstain:",
        "label 'Rood' is not declared",
    ),
    (
        "constitution",
        "abstain:",
        "near_misses:\n  x: {of: Rude, label: §Rude, topic: {en: t, zh: t}}\nabstain:",
        "label 'Rude' is no near miss of itself",
    ),
    (
        "constitution",
        'pair: bring_zh, texts: ["请',
        'near: §x, pair: bring_zh, texts: ["请',
        "near miss 'x' is not declared",
    ),
    ("constitution", "- [Polite, Rude]", "- [Polite, §Polite]", "label 'Polite' twice: a pair is two labels"),
    ("blueprint", "provider: offline", "pool: [{provider: §ofline}]", "no provider 'ofline'; did you mean 'offline'?"),
    ("blueprint", "provider: offline", "pool: [{provider: offline, §wieght: 2}]", "unknown key 'wieght'"),
    ("blueprint", "provider: offline", "pool: [{provider: offline, weight: §0}]", "greater than 0"),
    ("blueprint", "provider: offline", "pool: [{provider: offline, rpm: §fast}]", "valid number"),
    ("blueprint", "provider: offline", "pool: [§{provider: gemini}]", "key 'model' is missing"),
    ("blueprint", "provider: offline", "pool: [{provider: gemini, settings: §{}}]", "key 'model' is missing"),
    (
        "blueprint",
        "provider: offline",
        "pool: [{provider: gemini, settings: {model: m, §temprature: 1}}]",
        "unknown key 'temprature'; did you mean 'temperature'?",
    ),
    (
        "blueprint",
        "provider: offline",
        "pool: [{provider: offline, price: {input: §-1, output: 1}}]",
        "greater than or",
    ),
    (
        "blueprint",
        "provider: offline",
        "provider: offline\n  §pool: [{provider: offline}]",
        "provider and pool exclude each other",
    ),
    ("blueprint", "provider: offline", "provider: offline\n  budget: §0", "greater than 0"),
    ("blueprint", "families, balance]", "families, balance, §normalise]", "operator 'normalise' again"),
    ("blueprint", "exact_duplicates, ", "§exact_dups, ", "no operator 'exact_dups'"),
    ("blueprint", "[normalise,", "[§normalize,", "no operator 'normalize'; did you mean 'normalise'?"),
    (
        "blueprint",
        "trainer: tfidf_linear",
        "trainer: §tfidf_liner",
        "no trainer 'tfidf_liner'; did you mean 'tfidf_linear'?",
    ),
    (
        "blueprint",
        "{tone: [letters]}",
        "{§tune: [letters]}",
        "task 'tune' is not in this blueprint; did you mean 'tone'?",
    ),
    ("blueprint", "calibration: 0.2", "calibration: 0.85\n    test: 0.5", "calibration and test leave nothing"),
    ("blueprint", "label: Rude, at", "label: §Rud, at", "label 'Rud' is not declared; did you mean 'Rude'?"),
    (
        "blueprint",
        "      - {measure: recall, label: Rude",
        "      - §{measure: recall",
        "a floor for recall names a label",
    ),
    ("blueprint", "measure: recall", "measure: §f1", "'f1' is not allowed here"),
    ("blueprint", "tasks: [tone]", "tasks: [tone, §tone]", "task 'tone' again"),
    ("blueprint", "title: {en: Courtesy, zh: 礼貌}", "title: §{en: Courtesy}", "key 'zh' is missing"),
    ("blueprint", "    tone:\n", "    §tones:\n", "task 'tones' is not in this blueprint; did you mean 'tone'?"),
    ("constitution", "task: tone", "task: §tune", "task 'tune' in the file of task 'tone'"),
    ("constitution", "abstain:\n  Rude", "abstain:\n  §Rudee", "label 'Rudee' is not declared; did you mean 'Rude'?"),
    ("constitution", "max_error: 0.1", "max_error: §0", "greater than 0"),
    ("constitution", "confidence: 0.9}", "confidence: §1}", "less than 1"),
    ("constitution", "- [Polite, Rude]", "- [Polite, §Rood]", "label 'Rood' is not declared"),
    ("constitution", "- [Polite, Rude]", "- §[Polite]", "at least 2 items"),
    (
        "constitution",
        'very much genius", label: Rude',
        'very much genius", label: §Rute',
        "label 'Rute' is not declared",
    ),
    ("constitution", "insult: {label: Rude", "insult: {label: §rude", "did you mean 'Rude'?"),
    (
        "constitution",
        "en_kind: {label: Polite",
        "en_kind: {label: §Polit",
        "label 'Polit' is not declared; did you mean 'Polite'",
    ),
    (
        "constitution",
        "en_ask: {label: Polite, language: en",
        "en_ask: {label: Polite, language: §fr",
        "'fr' is not allowed here",
    ),
    (
        "constitution",
        '"the {thing} please, {who}"',
        '§"the {thingy} please"',
        "slot '{thingy}' has no bank in grammar.banks.en",
    ),
    ("constitution", '"the {thing} please, {who}"', '§"the ({thing}|x please"', "brackets that do not close"),
    (
        "constitution",
        "zh_kind: {label: Polite, language: zh, trap: blunt",
        "zh_kind: {label: Polite, language: zh, trap: §blnt",
        "trap 'blnt' is not declared",
    ),
    (
        "constitution",
        "en_ask: {label: Polite, language: en, axes: {place: shop}",
        "en_ask: {label: Polite, language: en, axes: {place: §shpo}",
        "axis 'place' has no value 'shpo'",
    ),
    (
        "constitution",
        '"salt please", label: Polite, trap: blunt',
        '"salt please", label: Polite, trap: §blind',
        "trap 'blind' is not declared",
    ),
    ("constitution", "麻烦借过一下", "§SALT   please", "boundary case 'SALT   please' again"),
    ("constitution", "name: Rude", "name: §Polite", "label 'Polite' again"),
    (
        "constitution",
        "word: [idiot]",
        "word: [§salt please]",
        "a reflex may not contain a whole boundary case ('salt please')",
    ),
    (
        "constitution",
        "word: [idiot]",
        "word: [idiot, §pass the salt please now]",
        "may not contain a whole boundary case",
    ),
    ("constitution", "start: [滚]", "start: [§您可真是大忙人啊！]", "may not contain a whole boundary case"),
    (
        "constitution",
        "word: [idiot], start: [滚]",
        'word: [§"\\u200b"]',
        "nothing is left of this literal after normalizing",
    ),
    (
        "constitution",
        "insult: {label: Rude, word: [idiot], start: [滚]}",
        "insult: §{label: Rude}",
        "a group without a literal",
    ),
    ("constitution", "shop: 2", "shop: §-2", "greater than or equal to 0"),
    ("constitution", "shop: 2", "shop: §.inf", "finite number"),
    ("constitution", "sarcasm: {en: polite", "§9sarcasm: {en: polite", "key '9sarcasm': string should match pattern"),
    ("constitution", "negations: [never]", "negations: [§12]", 'a text was expected; put it in quotes: "12"'),
    ("constitution", "prompt:\n  system", "prompt:\n  §sytem", "unknown key 'sytem'; did you mean 'system'?"),
]


@pytest.mark.parametrize(("file", "old", "new", "message"), MISTAKES)
def test_a_mistake_is_named_at_its_place(folder: Path, file: str, old: str, new: str, message: str) -> None:
    place = courtesy.edit(folder, file, old, new)
    found = mistakes(folder)
    if "§" not in new:
        assert any(message in line for line in found), found
        return
    assert any(line.startswith(f"{place}: ") and message in line for line in found), (place, found)


def test_mistakes_in_two_files_come_together_and_in_order(folder: Path) -> None:
    first = courtesy.edit(folder, "blueprint", "seed: 7", "§seeed: 7")
    second = courtesy.edit(folder, "blueprint", "max_rounds: 2", "max_rounds: §200")
    third = courtesy.edit(folder, "constitution", "insult: {label: Rude", "insult: {label: §Rud")
    fourth = courtesy.edit(folder, "constitution", "negations: [never]", "negations: [never]\n§patern: {}")
    found = mistakes(folder)
    assert [line.split(": ")[0] for line in found] == [first, second, third, fourth]
    assert "did you mean 'patterns'?" in found[3]
    courtesy.edit(folder, "constitution", "\npatern: {}", "")
    found = mistakes(folder)
    assert [line.split(": ")[0] for line in found] == [first, second, third]


def test_structural_mistakes_hide_no_other_file(folder: Path) -> None:
    twice = courtesy.edit(folder, "blueprint", "seed: 7", "seed: 7\n§seed: 8")
    tagged = courtesy.edit(folder, "constitution", "negations: [never]", "negations: [§!!str never]")
    assert [line.split(": ")[0] for line in mistakes(folder)] == [twice, tagged]


def test_a_missing_constitution_names_the_file_and_the_nearest(folder: Path) -> None:
    place = courtesy.edit(folder, "blueprint", "tasks: [tone]", "tasks: [§tonne]")
    found = mistakes(folder)
    expected = folder / "constitutions" / "tonne.yaml"
    assert f"{place}: no constitution: expected {expected}; did you mean 'tone'? (known: tone)" in found


@pytest.mark.parametrize("data", ["", "just words\n", "- a\n- b\n", "7\n"])
@pytest.mark.parametrize("file", sorted(courtesy.FILES))
def test_a_file_of_another_shape_is_one_mistake(folder: Path, file: str, data: str) -> None:
    path = folder / courtesy.FILES[file]
    path.write_text(data, "utf-8")
    assert [line for line in mistakes(folder) if line.startswith(f"{path}:1:1: ")]


def test_an_empty_folder_says_how_to_start(tmp_path: Path) -> None:
    (line,) = mistakes(tmp_path)
    assert line.startswith(f"{tmp_path / 'blueprint.yaml'}: no such file.") and "`new`" in line


def test_a_flood_of_mistakes_is_cut(folder: Path) -> None:
    courtesy.edit(folder, "blueprint", "seed: 7", "\n".join(f"wrong_{i}: 1" for i in range(80)))
    found = mistakes(folder)
    assert len(found) == typed_yaml.MAX_PROBLEMS + 1
    assert found[-1] == "… and 30 more"


def test_facts_of_the_error_are_there_for_programs(folder: Path) -> None:
    courtesy.edit(folder, "blueprint", "seed: 7", "seeds: 7")
    with pytest.raises(InvalidSetting) as raised:
        blueprint.load(folder)
    (problem,) = raised.value.facts["problems"]  # type: ignore[misc]
    assert (problem.line, problem.column) == (6, 1)


@pytest.mark.parametrize("tasks", ["[../../etc/passwd]", "['a/b']", "['']", "[tone, ..]"])
def test_a_task_name_is_never_a_path(folder: Path, tasks: str) -> None:
    courtesy.edit(folder, "blueprint", "tasks: [tone]", f"tasks: {tasks}")
    assert any("should match pattern" in line for line in mistakes(folder))


# what is wrong by its type in a file, and what else is wrong in it
BESIDE = [
    ("seed: 7", "seed: one", "trainer: tfidf_linear", "trainer: tfidf_liner", "no trainer"),
    ("seed: 7", "seed: one", "label: Rude, at", "label: Rud, at", "label 'Rud'"),
    (
        "samples_per_cell: 2",
        "samples_per_cell: two",
        "scripted: {replies:",
        "scripted: {replys:",
        "unknown key 'replys'",
    ),
    ("name: courtesy", "nam: courtesy", "[normalise,", "[normalize,", "no operator"),
    ("seed: 7", "seed: 7\nseed: 8", "trainer: tfidf_linear", "trainer: tfidf_liner", "no trainer"),
]


@pytest.mark.parametrize(("a", "b", "c", "d", "said"), BESIDE)
def test_a_wrong_type_hides_no_other_mistake(folder: Path, a: str, b: str, c: str, d: str, said: str) -> None:
    path = folder / "blueprint.yaml"
    path.write_text(path.read_text("utf-8").replace(a, b, 1).replace(c, d, 1), "utf-8")
    assert any(said in line for line in mistakes(folder))


def test_what_hangs_on_a_wrong_part_is_not_called_wrong(folder: Path) -> None:
    path = folder / "constitutions" / "tone.yaml"
    text = path.read_text("utf-8")
    path.write_text(text.replace("labels:\n", "labels:\n  - {name: Third, definition: 5}\n", 1), "utf-8")
    assert len(mistakes(folder)) == 1


def test_a_task_name_too_long_for_a_file_is_a_mistake(folder: Path) -> None:
    path = folder / "blueprint.yaml"
    path.write_text(path.read_text("utf-8").replace("[tone]", f"[tone, {'a' * 5000}]"), "utf-8")
    assert len(mistakes(folder)) == 1


def test_a_key_written_where_its_variable_belongs_is_never_shown(tmp_path: Path) -> None:
    secret = "sk-SECRET-1234"
    where = courtesy.copy(tmp_path) / "blueprint.yaml"
    document = yaml.safe_load(where.read_text("utf-8"))
    mine = {"model": "m", "base_url": "http://127.0.0.1:9/v1", "keys": secret}
    document["generate"] = {"provider": "openai_compatible", "settings": {"openai_compatible": mine}}
    where.write_text(yaml.safe_dump(document, sort_keys=False), "utf-8")
    with pytest.raises(InvalidSetting, match="'keys' names an environment variable, not a key") as raised:
        blueprint.load(tmp_path)
    assert secret not in f"{raised.value.message} {raised.value.facts}"
