"""Secrets from the environment or ``.env``, never printed."""

from __future__ import annotations

from pathlib import Path

import pytest

from foundry_engine.errors import InvalidSetting
from foundry_engine.settings import load_environment, secret_list


def test_the_real_environment_overrules_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("FOUNDRY_A=file\nFOUNDRY_B='file b'\nFOUNDRY_EMPTY\n# FOUNDRY_C=no\n", "utf-8")
    monkeypatch.setenv("FOUNDRY_A", "real")
    found = load_environment(tmp_path)
    assert {k: v for k, v in found.items() if k.startswith("FOUNDRY_")} == {"FOUNDRY_A": "real", "FOUNDRY_B": "file b"}


def test_no_file_is_no_mistake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOUNDRY_A", "real")
    assert load_environment(tmp_path)["FOUNDRY_A"] == "real"


SECRETS = [
    ({}, []),
    ({"K": ""}, []),
    ({"K": " , ,"}, []),
    ({"K": "a"}, ["a"]),
    ({"K": "b, a ,b,\ta"}, ["b", "a"]),
]


@pytest.mark.parametrize(("environment", "expected"), SECRETS)
def test_a_list_of_secrets(environment: dict[str, str], expected: list[str]) -> None:
    assert [secret.get_secret_value() for secret in secret_list(environment, "K")] == expected


def test_a_secret_does_not_print() -> None:
    secrets = secret_list({"K": "sk-12345"}, "K")
    assert "12345" not in f"{secrets} {secrets[0]} {secrets!r}"


def test_a_file_in_another_encoding_says_so(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"\xff\xfeA\0=\0")
    with pytest.raises(InvalidSetting, match=r"\.env: not UTF-8"):
        load_environment(tmp_path)
