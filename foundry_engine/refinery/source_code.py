"""What tree-sitter sees in a piece of source code; needs the extra ``code``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

from foundry_engine.errors import MissingDependency

GRAMMARS = {
    "python": ("tree_sitter_python", "language"),
    "javascript": ("tree_sitter_javascript", "language"),
    "typescript": ("tree_sitter_typescript", "language_typescript"),
    "java": ("tree_sitter_java", "language"),
    "go": ("tree_sitter_go", "language"),
    "rust": ("tree_sitter_rust", "language"),
    "c": ("tree_sitter_c", "language"),
    "cpp": ("tree_sitter_cpp", "language"),
}
"""Language: module of its grammar and the function in it."""
ALIASES = {
    "py": "python",
    "python3": "python",
    "js": "javascript",
    "jsx": "javascript",
    "ts": "typescript",
    "golang": "go",
} | {
    "rs": "rust",
    "h": "c",
    "c++": "cpp",
    "cc": "cpp",
    "hpp": "cpp",
}
"""What people write after the three backticks."""

FUNCTIONS = frozenset(
    "function_definition function_declaration generator_function_declaration method_definition method_declaration "
    "constructor_declaration function_item function_signature_item".split()
)
TYPES = frozenset(
    "class_definition class_declaration class_specifier struct_specifier struct_item enum_item "
    "enum_specifier enum_declaration "
    "interface_declaration trait_item type_spec type_alias_declaration record_declaration".split()
)
ARROWS = frozenset(("arrow_function", "function_expression", "generator_function"))
COMMENTS = frozenset(("comment", "line_comment", "block_comment"))
IDENTIFIERS = frozenset(
    ("identifier", "field_identifier", "property_identifier", "type_identifier", "shorthand_field_identifier")
)
MAX_NAMES = 200
"""At most this many names of each sort are kept."""


@dataclass(frozen=True, slots=True)
class SourceCode:
    """One piece of code; shares are of its bytes, 0 to 1."""

    language: str
    parses: bool
    error_share: float
    comment_share: float
    lines: int
    functions: list[str]
    types: list[str]
    names: list[str]


def language_named(name: str) -> str | None:
    """The language a name stands for, or ``None``.

    >>> language_named("PY"), language_named("cobol")
    ('python', None)
    """
    name = name.strip().lower()
    name = ALIASES.get(name, name)
    return name if name in GRAMMARS else None


def read_source(code: str, language: str) -> SourceCode:
    """Parse errors, functions, types and names, in the order they stand; linear in the code.

    Raises ``MissingDependency`` when tree-sitter or the language's grammar is not installed.
    """
    data = code.encode("utf-8", "replace")
    tree = _parser(language).parse(data)
    errors = comments = 0
    functions: dict[str, None] = {}
    types: dict[str, None] = {}
    names: dict[str, None] = {}
    for node in _nodes(tree.root_node):
        if node.is_error or node.is_missing:
            errors += max(1, node.end_byte - node.start_byte)
        elif node.type in COMMENTS:
            comments += node.end_byte - node.start_byte
        elif node.type in FUNCTIONS or node.type in TYPES:
            found = functions if node.type in FUNCTIONS else types
            _keep(found, _name(node))
        elif node.type == "variable_declarator" and _is_function(node):
            _keep(functions, _name(node))
        elif node.type in IDENTIFIERS:
            _keep(names, _text(node))
    size = max(1, len(data))
    return SourceCode(
        language=language,
        parses=not tree.root_node.has_error,
        error_share=round(min(1.0, errors / size), 6),
        comment_share=round(comments / size, 6),
        lines=code.count("\n") + 1,
        functions=list(functions),
        types=list(types),
        names=list(names),
    )


@cache
def _parser(language: str) -> Any:
    module, function = GRAMMARS[language]
    try:
        tree_sitter, grammar = import_module("tree_sitter"), import_module(module)
    except ImportError as error:
        raise MissingDependency(
            f"code in {language} cannot be parsed: {error.name} is not installed. "
            "Install the extra: pip install 'micro-model-foundry[code]'"
        ) from error
    return tree_sitter.Parser(tree_sitter.Language(getattr(grammar, function)()))


def _nodes(root: Any) -> Iterator[Any]:
    """All nodes in the order they stand; what is inside an error is not looked into, it counts as one."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        if not node.is_error or node is root:
            waiting += reversed(node.children)


def _name(node: Any) -> str | None:
    """The declared name; in C and C++ it stands inside declarators."""
    while node is not None:
        named = node.child_by_field_name("name")
        if named is not None:
            return _text(named)
        if node.type in IDENTIFIERS or node.type in ("qualified_identifier", "destructor_name", "operator_name"):
            return _text(node)
        node = node.child_by_field_name("declarator")
    return None


def _is_function(declarator: Any) -> bool:
    value = declarator.child_by_field_name("value")
    return value is not None and value.type in ARROWS


def _keep(found: dict[str, None], name: str | None) -> None:
    if name and len(found) < MAX_NAMES:
        found[name] = None


def _text(node: Any) -> str:
    return str(node.text.decode("utf-8", "replace"))[:200]
