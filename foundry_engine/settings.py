"""Secrets and switches from the environment or a ``.env`` file; never from a blueprint, never printed."""

from __future__ import annotations

import os
from pathlib import Path

from dotenv import dotenv_values
from pydantic import SecretStr

from foundry_engine.errors import InvalidSetting


def load_environment(root: Path) -> dict[str, str]:
    """``.env`` in the project's root, overruled by the real environment."""
    path = root / ".env"
    try:
        values = {key: value for key, value in dotenv_values(path).items() if value is not None}
    except UnicodeDecodeError as error:
        raise InvalidSetting(f"{path}: not UTF-8 (byte {error.start}); one NAME=value a line.") from error
    except OSError as error:
        raise InvalidSetting(f"{path}: cannot be read: {error.strerror}. Check its permissions.") from error
    return {**values, **os.environ}


def secret_list(environment: dict[str, str], name: str) -> list[SecretStr]:
    """A comma-separated secret, in order, without blanks and repeats.

    >>> [s.get_secret_value() for s in secret_list({"K": " a, b,,a"}, "K")]
    ['a', 'b']
    """
    parts = [part.strip() for part in environment.get(name, "").split(",")]
    return [SecretStr(part) for part in dict.fromkeys(parts) if part]
