"""Which encoding a text file is in: UTF-8, GB18030 or UTF-16, told by its bytes."""

from __future__ import annotations

from pathlib import Path

from foundry_engine.errors import DataError

SAMPLE_BYTES = 16_000_000
"""How much of a file is looked at."""
COMMON_SHARE = 0.8
"""Least share of the characters of a GB18030 text that are in GB 2312, its everyday part."""


def encoding_of(path: Path) -> str:
    """``utf-8``, ``gb18030`` or ``utf-16``; the odd broken line is no reason to doubt the rest.

    Raises ``DataError`` for bytes that are mostly none of them.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(SAMPLE_BYTES)
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}. Check the path and its permissions.") from error
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    if raw.count(0) > len(raw) // 4:
        raise DataError(
            f"{path}: a quarter of its bytes are NUL: not a text, or UTF-16 without a mark. "
            "If it is UTF-16, name it: `encoding: utf-16-le`."
        )
    lines = [line for line in raw.split(b"\n") if not line.isascii()]
    utf8 = sum(_decodes(line, "utf-8") for line in lines)
    if 2 * utf8 >= len(lines):
        return "utf-8"
    if 2 * sum(_is_gb18030(line) for line in lines) > len(lines):
        return "gb18030"
    line, byte = _first_broken(raw)
    raise DataError(
        f"{path}:{line}: neither UTF-8 nor GB18030 (byte 0x{byte:02X}), like most of its lines. "
        "Name the encoding of the input: `encoding: utf-16-le`, `latin-1`, …; or save the file as UTF-8."
    )


def _decodes(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _is_gb18030(line: bytes) -> bool:
    if not _decodes(line, "gb18030"):
        return False
    foreign = [char for char in line.decode("gb18030") if char >= "\x80"]
    common = sum(1 for char in foreign if _encodes(char))
    return common >= COMMON_SHARE * len(foreign)


def _encodes(char: str) -> bool:
    try:
        char.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True


def _first_broken(raw: bytes) -> tuple[int, int]:
    """Line and value of the first byte that is not UTF-8; only asked when there is one."""
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as error:
        return raw.count(b"\n", 0, error.start) + 1, raw[error.start]
    return 1, raw[0]
