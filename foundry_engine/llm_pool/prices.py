"""What models cost, from a dated file: the shipped one, one's own over it, or a price declared in the pool."""

from __future__ import annotations

from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from foundry_engine import strict_yaml
from foundry_engine.errors import InvalidSetting
from foundry_engine.pool_settings import Price

SHIPPED = Path(__file__).with_name("prices.yaml")


def read_prices(own: Path | None = None) -> dict[str, Price]:
    """Model: price. Raises ``InvalidSetting`` with the place of every mistake in one's own file."""
    prices = _read(SHIPPED)
    return {**prices, **_read(own)} if own is not None else prices


def _read(path: Path) -> dict[str, Price]:
    document = strict_yaml.read(path)
    problems = list(document.problems)
    found: dict[str, Price] = {}
    if problems and document.data is None:
        raise InvalidSetting("\n".join(map(str, problems)), problems=problems)
    try:
        found = TypeAdapter(dict[str, Price]).validate_python(document.data)
    except ValidationError as error:
        problems += [document.problem(wrong["loc"], str(wrong["msg"]).lower()) for wrong in error.errors()]
    if problems:
        raise InvalidSetting("\n".join(str(problem) for problem in sorted(set(problems))), problems=problems)
    return found
