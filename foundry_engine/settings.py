"""Secrets and switches from the environment or a ``.env`` file; never from a blueprint, never printed."""

from __future__ import annotations

import os
from pathlib import Path

from dotenv import dotenv_values
from pydantic import SecretStr


def load_environment(root: Path) -> dict[str, str]:
    """``.env`` in the project's root, overruled by the real environment."""
    values = {key: value for key, value in dotenv_values(root / ".env").items() if value is not None}
    return {**values, **os.environ}


def secret_list(environment: dict[str, str], name: str) -> list[SecretStr]:
    """A comma-separated secret, in order, without blanks and repeats.

    >>> [s.get_secret_value() for s in secret_list({"K": " a, b,,a"}, "K")]
    ['a', 'b']
    """
    parts = [part.strip() for part in environment.get(name, "").split(",")]
    return [SecretStr(part) for part in dict.fromkeys(parts) if part]
