"""YAML as declared data: the 1.2 core schema, every mistake with its place, nothing surprising accepted.

PyYAML's loaders follow YAML 1.1 (``no`` is false, ``012`` is ten, duplicate keys win silently), while editors follow
YAML 1.2. This reader keeps PyYAML's parser and replaces what it makes of the nodes: scalars by the 1.2 core schema
(https://yaml.org/spec/1.2.2/#103-core-schema); duplicate keys, tags, anchors, aliases, several documents, more than
``MAX_DEPTH`` levels and more than ``MAX_BYTES`` bytes are refused.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml

MAX_BYTES = 1_000_000
MAX_DEPTH = 50
MAX_DIGITS = 32
"""A longer plain scalar is a text: no setting needs such a number, and Python will not print one."""

Key = str | int
Path_ = tuple[Key, ...]


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake at a place; ``line`` and ``column`` start at 1."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


@dataclass
class Document:
    """A parsed file: its data, and where each key and value stands."""

    file: str
    data: object = None
    keys: dict[Path_, tuple[int, int]] = field(default_factory=dict)
    values: dict[Path_, tuple[int, int]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def problem(self, path: Path_, message: str, at_key: bool = False) -> Problem:
        """A problem at a path; an unknown path falls back to the nearest parent that is in the file."""
        table = self.keys if at_key and path in self.keys else self.values
        while path and path not in table:
            path = path[:-1]
        line, column = table.get(path, (1, 1))
        return Problem(self.file, line, column, message)

    def without(self, cut: Collection[Path_]) -> Document:
        """The document less the values at these paths; what is left keeps its places."""
        left = Document(self.file)

        def copied(data: object, old: Path_, new: Path_) -> object:
            left.values[new] = self.values[old]
            if old in self.keys:
                left.keys[new] = self.keys[old]
            if isinstance(data, dict):
                return {k: copied(v, (*old, k), (*new, k)) for k, v in data.items() if (*old, k) not in cut}
            if isinstance(data, list):
                kept = [i for i in range(len(data)) if (*old, i) not in cut]
                return [copied(data[i], (*old, i), (*new, j)) for j, i in enumerate(kept)]
            return data

        left.data = copied(self.data, (), ())
        return left


def read(path: Path) -> Document:
    """Parse a file; unreadable bytes and all structural mistakes become problems, never exceptions."""
    document = Document(str(path))
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        document.problems.append(Problem(document.file, 1, 1, f"cannot be read: {error.strerror}"))
        return document
    if len(raw) > MAX_BYTES:
        message = f"{max(size, len(raw)):,} bytes, at most {MAX_BYTES:,} are read"
        document.problems.append(Problem(document.file, 1, 1, message))
        return document
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        place = _place_of(raw, error.start)
        document.problems.append(Problem(document.file, *place, f"not UTF-8 (byte 0x{raw[error.start]:02X})"))
        return document
    return parse(text, str(path))


def parse(text: str, file: str = "<text>") -> Document:
    """Parse a text as one YAML document."""
    document = Document(file)
    try:
        if _events_are_plain(text, document):
            node = yaml.compose(text, yaml.CSafeLoader)
            if node is not None:
                document.data = _build(node, (), document)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        document.problems.append(Problem(file, line, column, f"not YAML: {error.problem or error.context}"))
    except yaml.reader.ReaderError as error:  # its position counts bytes
        place = _place_of(text.encode("utf-8"), error.position)
        what = f"{error.reason} (U+{int(error.character):04X})"
        document.problems.append(Problem(file, *place, f"not YAML: {what}"))
    return document


def _place_of(raw: bytes, position: int) -> tuple[int, int]:
    """Line and column, in characters and from 1, of a byte of a UTF-8 text."""
    before = raw[:position].removeprefix(b"\xef\xbb\xbf")
    return before.count(b"\n") + 1, len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1


def _events_are_plain(text: str, document: Document) -> bool:
    """Look at the flat event stream first: a too deep or exploding document is never composed."""
    depth = documents = 0
    found = len(document.problems)

    def refuse(event: yaml.Event, message: str) -> None:
        mark = event.start_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        document.problems.append(Problem(document.file, line, column, message))

    for event in yaml.parse(text, yaml.CSafeLoader):
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                refuse(event, "a second document: one file holds one")
        if isinstance(event, yaml.AliasEvent):
            refuse(event, f"alias *{event.anchor}: write the value out")
        elif isinstance(event, yaml.NodeEvent) and event.anchor:
            refuse(event, f"anchor &{event.anchor}: anchors are not read")
        tag = getattr(event, "tag", None)
        if tag:
            refuse(event, f"tag {tag}: tags are not read")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                refuse(event, f"more than {MAX_DEPTH} levels deep")
                return False
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    return len(document.problems) == found


def _build(node: yaml.Node, path: Path_, document: Document) -> object:
    document.values[path] = (node.start_mark.line + 1, node.start_mark.column + 1)
    if isinstance(node, yaml.ScalarNode):
        return node.value if node.style else scalar(node.value)  # plain style is "" or None
    if isinstance(node, yaml.SequenceNode):
        return [_build(child, (*path, i), document) for i, child in enumerate(node.value)]
    built: dict[str, object] = {}
    for key_node, value_node in node.value:
        place = (key_node.start_mark.line + 1, key_node.start_mark.column + 1)
        if not isinstance(key_node, yaml.ScalarNode):
            document.problems.append(Problem(document.file, *place, "a key must be a plain word"))
            continue
        key = key_node.value
        child = (*path, key)
        if key in built:
            first = document.keys[child][0]
            document.problems.append(Problem(document.file, *place, f"key '{key}' again (first on line {first})"))
            continue
        document.keys[child] = place
        built[key] = _build(value_node, child, document)
    return built


def scalar(text: str) -> object:
    """A plain scalar by the YAML 1.2 core schema.

    >>> [scalar(t) for t in ("no", "012", "0o14", "1e3", "true", "~", "12:30")]
    ['no', 12, 12, 1000.0, True, None, '12:30']
    """
    if text in ("", "~", "null", "Null", "NULL"):
        return None
    if text in ("true", "True", "TRUE", "false", "False", "FALSE"):
        return text[0] in "tT"
    body = text[1:] if text[0] in "+-" else text
    if len(body) > MAX_DIGITS:
        return text
    if body and all(c in "0123456789" for c in body):
        return int(text)
    if text[:2] == "0o" and text[2:] and all(c in "01234567" for c in text[2:]):
        return int(text[2:], 8)
    if text[:2] == "0x" and text[2:] and all(c in "0123456789abcdefABCDEF" for c in text[2:]):
        return int(text[2:], 16)
    if body in (".inf", ".Inf", ".INF"):
        return float(text.replace(".", "", 1))
    if text in (".nan", ".NaN", ".NAN"):
        return float("nan")
    return _float(text, body)


def _float(text: str, body: str) -> object:
    mantissa, mark, exponent = body.lower().partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = "0123456789"
    exponent_ok = not mark or (exponent.lstrip("+-").isascii() and exponent.lstrip("+-").isdigit())
    if whole + fraction and all(c in digits for c in whole + fraction) and exponent_ok:
        try:
            return float(text)
        except ValueError:
            return text
    return text


def walk(data: object, path: Path_ = ()) -> Iterator[tuple[Path_, object]]:
    """Every value with its path, parents first."""
    yield path, data
    if isinstance(data, dict):
        for key, value in data.items():
            yield from walk(value, (*path, key))
    elif isinstance(data, list):
        for i, value in enumerate(data):
            yield from walk(value, (*path, i))
