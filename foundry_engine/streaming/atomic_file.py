"""A file that is there whole or not at all: written beside, synced, renamed, its folder synced."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from foundry_engine.errors import FoundryError
from foundry_engine.folders import unwritable
from foundry_engine.streaming.failpoints import reach


@contextmanager
def atomic_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write to that takes the place of ``path`` when the block ends well; else ``path`` stays as it was.

    Raises ``FoundryError`` when it cannot be written, as on a full disk.
    """
    beside = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("wb", buffering=1 << 18) as file:
            reach("export.opened")
            yield file
            reach("export.written")
            file.flush()
            os.fsync(file.fileno())
        reach("export.synced")
        beside.replace(path)
        reach("export.renamed")
        sync_folder(path.parent)
    except OSError as error:
        raise _full(path, error) from error
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _full(path: Path, error: OSError) -> FoundryError:
    """The usual message, and that nothing is lost."""
    return FoundryError(f"{unwritable(path, error).message} Nothing is lost: run the same again to write it.")
