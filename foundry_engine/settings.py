"""Secrets and switches from the environment or a ``.env`` file; never from a blueprint, never printed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr

from foundry_engine.errors import InvalidSetting, MissingSetting


def load_environment(root: Path) -> dict[str, str]:
    """``.env`` in the project's root, overruled by the real environment."""
    from dotenv import dotenv_values

    path = root / ".env"
    try:
        values = {key: value for key, value in dotenv_values(path).items() if value is not None}
    except UnicodeDecodeError as error:
        raise InvalidSetting(f"{path}: not UTF-8 (byte {error.start}); one NAME=value a line.") from error
    except OSError as error:
        raise InvalidSetting(f"{path}: cannot be read: {error.strerror}. Check its permissions.") from error
    return {**values, **os.environ}


def secret_list(environment: Mapping[str, str], name: str) -> list[SecretStr]:
    """A comma-separated secret, in order, without blanks and repeats.

    >>> [s.get_secret_value() for s in secret_list({"K": " a, b,,a"}, "K")]
    ['a', 'b']
    """
    parts = [part.strip() for part in environment.get(name, "").split(",")]
    return [SecretStr(part) for part in dict.fromkeys(parts) if part]


def one_key(environment: Mapping[str, str], name: str, provider: str) -> SecretStr:
    """The one key of a provider object, fit for an HTTP header; many keys are many objects, which the pool makes.

    Raises ``MissingSetting`` without a key, ``InvalidSetting`` for several or for one no service gives out.
    """
    found = secret_list(environment, name)
    if not found:
        raise MissingSetting(
            f"provider '{provider}' needs {name}: put {name}=key1,key2 into .env or the environment, "
            "or generate with --provider offline"
        )
    for number, secret in enumerate(found, start=1):
        if not all("!" <= char <= "~" for char in secret.get_secret_value()):
            raise InvalidSetting(
                f"key {number} in {name} holds a blank or a character no key has. Write {name}=key1,key2."
            )
    if len(found) > 1:
        raise InvalidSetting(f"{name} holds {len(found)} keys and a provider takes one; llm_pool takes turns with many")
    return found[0]
