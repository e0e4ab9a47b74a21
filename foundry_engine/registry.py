"""Components found by name: the file's name is the component's name.

``find("providers", "offline")`` imports ``foundry_engine/providers/offline.py``; a name that is no file is looked up in
the entry-point group ``foundry.providers``, the same door for packages outside. A component that fails to import
raises with its cause.
"""

from __future__ import annotations

import difflib
import pkgutil
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType

from foundry_engine.errors import UnknownComponent

KINDS: dict[str, tuple[str, str]] = {
    "providers": ("foundry_engine.providers", ""),
    "operators": ("foundry_engine.refinery.operators", ""),
    "trainers": ("foundry_engine.trainers", "_trainer"),
    "uris": ("foundry_engine.streaming.schemes", ""),
}
"""Kind of component: the package its files are in, and how their names end."""


MAX_LISTED = 30
"""At most this many known names are listed."""


def names(kind: str) -> list[str]:
    """Names of all components of a kind, own and from entry points, sorted."""
    return sorted(_own(kind) | _outside(kind).keys())


def find(kind: str, name: str) -> ModuleType:
    """The module of a component; an own file before an entry point of the same name.

    Raises ``UnknownComponent``, which lists the known names and the nearest one.
    """
    package, suffix = KINDS[kind]
    if name in _own(kind):
        return import_module(f"{package}.{name}{suffix}")
    if name in _outside(kind):
        component: ModuleType = _outside(kind)[name].load()
        return component
    raise UnknownComponent(f"no {kind.removesuffix('s')} '{name}'; {suggest(name, names(kind))}", kind=kind, name=name)


def _own(kind: str) -> set[str]:
    package, suffix = KINDS[kind]
    modules = pkgutil.iter_modules(import_module(package).__path__)
    return {m.name.removesuffix(suffix) for m in modules if m.name.endswith(suffix) and not m.name.startswith("_")}


@cache
def _outside(kind: str) -> dict[str, EntryPoint]:
    """Entry points of a kind by name; looked up once, because every look-up reads all installed packages."""
    return {point.name: point for point in entry_points(group=f"foundry.{kind}")}


def suggest(name: str, known: list[str]) -> str:
    """``did you mean 'x'? (known: …)`` for an unknown name.

    >>> suggest("ofline", ["gemini", "offline"])
    "did you mean 'offline'? (known: gemini, offline)"
    """
    spelled = {other.lower(): other for other in reversed(known)}
    nearest = difflib.get_close_matches(name.lower(), list(spelled), n=1, cutoff=0.6)
    more = f" and {len(known) - MAX_LISTED} more" if len(known) > MAX_LISTED else ""
    listed = f"known: {', '.join(known[:MAX_LISTED]) or 'none'}{more}"
    return f"did you mean '{name if name in known else spelled[nearest[0]]}'? ({listed})" if nearest else listed
