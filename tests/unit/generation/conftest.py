"""The author as a provider, for plans and prompts of one that reads."""

from __future__ import annotations

import pytest

from tests.courtesy.author import Author


@pytest.fixture(autouse=True)
def author(monkeypatch: pytest.MonkeyPatch) -> Author:
    return Author().install(monkeypatch)
