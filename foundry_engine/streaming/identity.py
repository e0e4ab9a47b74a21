"""Which version of an operator this is: what it says of itself, or a hash of its source."""

from __future__ import annotations

import functools
import hashlib
import inspect
import textwrap
from types import CodeType
from typing import Any

from foundry_engine.streaming.operators import Operator


def identity(operator: Operator) -> str:
    """``version:…`` or ``source:<hash>``; the same in every process, whatever values closures and attributes hold.

    >>> class Once(Operator):
    ...     version = "3"
    >>> identity(Once())
    'version:3'
    """
    if operator.version is not None:
        return f"version:{operator.version}"
    return "source:" + hashlib.sha256(_source(operator.source()).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _source(thing: Any) -> str:
    while isinstance(thing, functools.partial):
        thing = thing.func
    thing = inspect.unwrap(thing)
    if inspect.isclass(thing):
        own = [
            base for base in thing.__mro__ if not base.__module__.startswith("foundry_engine.") and base is not object
        ]
        return "\n".join(_text(base) for base in own) or thing.__qualname__
    if not inspect.isroutine(thing):
        return _text(type(thing))
    return _text(thing)


def _text(thing: Any) -> str:
    try:
        return textwrap.dedent(inspect.getsource(thing))
    except (OSError, TypeError):  # typed at a prompt, or built in
        code = getattr(thing, "__code__", None)
        return _compiled(code) if code else f"{thing.__module__}:{thing.__qualname__}"


def _compiled(code: CodeType) -> str:
    consts = [_compiled(c) if isinstance(c, CodeType) else repr(c) for c in code.co_consts]
    return repr((code.co_code, consts, code.co_names, code.co_varnames))
