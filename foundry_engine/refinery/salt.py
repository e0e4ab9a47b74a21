"""The key under which sensitive values are hashed and replaced."""

from __future__ import annotations

import hashlib
from pathlib import Path

from foundry_engine.settings import load_environment

VARIABLE = "FOUNDRY_SALT"
"""A secret of the environment or of ``.env``: without it hashes of short numbers can be guessed by trying all."""


def dataset_salt(seed: int) -> bytes:
    """The key for a dataset: the secret, if there is one, and the seed."""
    secret = load_environment(Path.cwd()).get(VARIABLE, "")
    return hashlib.sha256(f"{secret}\x1f{seed}".encode()).digest()


def salt_fingerprint() -> str:
    """What may be written of the secret: enough to see that it is another one."""
    return hashlib.sha256(b"fingerprint\x1f" + dataset_salt(0)).hexdigest()[:8]
