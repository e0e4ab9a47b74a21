"""What sources that are files have in common: a path that can be read, or a message that says why not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from foundry_engine.errors import DataError
from foundry_engine.streaming.uris import Uri


def input_path(uri: Uri) -> Path:
    """The file; raises ``DataError`` when there is none."""
    if not uri.path.is_file():
        raise DataError(f"{uri.path}: no such file, which {uri.text} was to be read from. Check the path.")
    return uri.path


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Errors of reading as ones that say what to do."""
    try:
        yield
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}. Check the path and its permissions.") from error
