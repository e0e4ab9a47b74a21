"""Hashes of the input's rows, a chunk at a time: a row that was edited during a run is known before it is worked on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

ROWS = 256
"""Rows of a chunk at most."""
CHARACTERS = 1_000_000
"""Characters that end a chunk."""
SIZE = 8
"""Bytes of a hash."""


def chunks(rows: Iterable[str]) -> Iterator[list[str]]:
    """The rows in chunks; where one ends follows from the rows alone."""
    chunk: list[str] = []
    characters = 0
    for text in rows:
        chunk.append(text)
        characters += len(text)
        if len(chunk) == ROWS or characters >= CHARACTERS:
            yield chunk
            chunk, characters = [], 0
    if chunk:
        yield chunk


def digest_of(chunk: list[str]) -> bytes:
    """Hash of a chunk; rows are lines, so no two chunks run into the same bytes."""
    return hashlib.blake2b("\n".join(chunk).encode("utf-8", "surrogatepass"), digest_size=SIZE).digest()


def input_digests(rows: Iterable[str]) -> bytes:
    """The hashes of all chunks, one after the other."""
    return b"".join(map(digest_of, chunks(rows)))
