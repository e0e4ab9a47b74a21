"""Plain pictures as inline SVG: bars, a heat map, a curve. No script, no font, no network."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

INK, SOFT, LINE, FILL, GOOD, BAD = "#1f2933", "#616e7c", "#cbd2d9", "#3e7cb1", "#2f855a", "#c05621"


def bars(rows: Sequence[tuple[str, float, str]], width: int = 640) -> str:
    """Horizontal bars: name, value, and the text at the bar's end. Values are drawn against the largest."""
    if not rows:
        return ""
    top = max(value for _, value, _ in rows) or 1
    height = 26 * len(rows) + 8
    label, room = 190, width - 190 - 110
    parts = []
    for i, (name, value, note) in enumerate(rows):
        y = 26 * i + 6
        length = max(1.0, room * value / top) if value else 0
        parts.append(f'<text x="{label - 8}" y="{y + 13}" text-anchor="end">{escape(name)}</text>')
        parts.append(f'<rect x="{label}" y="{y}" width="{length:.1f}" height="18" fill="{FILL}" rx="2"/>')
        parts.append(f'<text x="{label + length + 6:.1f}" y="{y + 13}" fill="{SOFT}">{escape(note)}</text>')
    return _svg(width, height, parts, "bars")


def pairs(rows: Sequence[tuple[str, int, int]], names: tuple[str, str], width: int = 640) -> str:
    """Two bars a row, such as before and after: name, first value, second value."""
    top = max((max(first, second) for _, first, second in rows), default=0) or 1
    label, room = 190, width - 190 - 110
    parts = [f'<text x="{label}" y="13" fill="{LINE}">■</text><text x="{label + 16}" y="13">{escape(names[0])}</text>']
    parts.append(f'<text x="{label + 150}" y="13" fill="{FILL}">■</text>')
    parts.append(f'<text x="{label + 166}" y="13">{escape(names[1])}</text>')
    for i, (name, first, second) in enumerate(rows):
        y = 34 * i + 24
        parts.append(f'<text x="{label - 8}" y="{y + 19}" text-anchor="end">{escape(name)}</text>')
        for value, color, down in ((first, LINE, 0), (second, FILL, 14)):
            length = max(1.0, room * value / top) if value else 0
            parts.append(f'<rect x="{label}" y="{y + down}" width="{length:.1f}" height="12" fill="{color}" rx="2"/>')
            end = f'x="{label + length + 6:.1f}" y="{y + down + 11}" fill="{SOFT}" font-size="11"'
            parts.append(f"<text {end}>{value:,}</text>")
    return _svg(width, 34 * len(rows) + 30, parts, "pairs of bars")


def histogram(bins: Sequence[tuple[str, int]], mark: float | None = None, width: int = 640, height: int = 220) -> str:
    """Upright bars, one a bin; ``mark`` draws a line after so many bins."""
    if not bins:
        return ""
    top = max(value for _, value in bins) or 1
    left, bottom, step = 10, 40, min(72.0, (width - 20) / len(bins))
    room = height - bottom - 24
    parts = []
    for i, (name, value) in enumerate(bins):
        x, tall = left + step * i, max(1.0, room * value / top) if value else 0
        y, middle = height - bottom - tall, left + step * (i + 0.5)
        parts.append(f'<rect x="{x + 1:.1f}" y="{y:.1f}" width="{step - 2:.1f}" height="{tall:.1f}" fill="{FILL}"/>')
        note = f'text-anchor="middle" font-size="11" fill="{SOFT}"'
        if value:
            parts.append(f'<text x="{middle:.1f}" y="{y - 4:.1f}" {note}>{value:,}</text>')
        parts.append(f'<text x="{middle:.1f}" y="{height - bottom + 16}" {note}>{escape(name)}</text>')
    if mark is not None:
        x = left + step * mark
        line = f'x1="{x:.1f}" x2="{x:.1f}" y1="8" y2="{height - bottom}"'
        parts.append(f'<line {line} stroke="{BAD}" stroke-width="2" stroke-dasharray="5 4"/>')
    return _svg(width, height, parts, "histogram")


def heat_map(labels: Sequence[str], counts: Sequence[Sequence[int]], axis: str = "answer / 判断") -> str:
    """A confusion matrix: rows are true labels, columns answers; shade is the share of the row."""
    cell, left, top = 96, 130, 46
    size = len(labels)
    parts = [f'<text x="{left + cell * size / 2}" y="14" text-anchor="middle" fill="{SOFT}">{escape(axis)}</text>']
    for i, name in enumerate(labels):
        parts.append(f'<text x="{left + cell * i + cell / 2}" y="36" text-anchor="middle">{escape(name)}</text>')
        parts.append(
            f'<text x="{left - 10}" y="{top + cell * i + cell / 2 + 5}" text-anchor="end">{escape(name)}</text>'
        )
    for i, row in enumerate(counts):
        total = sum(row) or 1
        for j, count in enumerate(row):
            part = count / total
            x, y = left + cell * j, top + cell * i
            color = GOOD if i == j else BAD
            parts.append(
                f'<rect x="{x}" y="{y}" width="{cell - 4}" height="{cell - 4}" fill="{color}" '
                f'fill-opacity="{0.08 + 0.52 * part:.2f}" rx="4"/>'
            )
            center = f'x="{x + cell / 2 - 2}" text-anchor="middle"'
            parts.append(f'<text {center} y="{y + cell / 2 - 2}" font-size="18">{count}</text>')
            parts.append(f'<text {center} y="{y + cell / 2 + 18}">{part:.1%}</text>')
    return _svg(left + cell * size + 10, top + cell * size + 6, parts, "confusion")


def curves(series: Sequence[tuple[str, Sequence[tuple[float, float]]]], width: int = 640, height: int = 300) -> str:
    """Accuracy against coverage: one line a series, coverage from right (all) to left (few)."""
    drawn = [(name, points) for name, points in series if points]
    if not drawn:
        return ""
    low = min(y for _, points in drawn for _, y in points)
    floor = max(0.0, int(low * 20) / 20)
    left, right, top, bottom = 56, 150, 12, 40
    colors = (FILL, BAD, GOOD, "#805ad5", "#b7791f", INK)

    def place(x: float, y: float) -> tuple[float, float]:
        return left + x * (width - left - right), top + (1 - (y - floor) / (1 - floor or 1)) * (height - top - bottom)

    parts = []
    for i in range(5):
        value = floor + (1 - floor) * i / 4
        _, y = place(0, value)
        parts.append(f'<line x1="{left}" x2="{width - right}" y1="{y:.1f}" y2="{y:.1f}" stroke="{LINE}"/>')
        parts.append(f'<text x="{left - 8}" y="{y + 4:.1f}" text-anchor="end" fill="{SOFT}">{value:.1%}</text>')
    for part in (0, 0.25, 0.5, 0.75, 1):
        x, _ = place(part, floor)
        parts.append(
            f'<text x="{x:.1f}" y="{height - bottom + 18}" text-anchor="middle" fill="{SOFT}">{part:.0%}</text>'
        )
    middle = left + (width - left - right) / 2
    parts.append(f'<text x="{middle}" y="{height - 4}" text-anchor="middle" fill="{SOFT}">coverage / 覆盖率</text>')
    for i, (name, points) in enumerate(drawn):
        line = " ".join("{:.1f},{:.1f}".format(*place(x, y)) for x, y in points)
        color = colors[i % len(colors)]
        parts.append(f'<polyline points="{line}" fill="none" stroke="{color}" stroke-width="2"/>')
        parts.append(f'<text x="{width - right + 10}" y="{top + 14 + 18 * i}" fill="{color}">{escape(name)}</text>')
    return _svg(width, height, parts, "accuracy against coverage")


def _svg(width: float, height: float, parts: Sequence[str], title: str) -> str:
    body = "".join(parts)
    return (
        f'<svg viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" role="img" aria-label="{escape(title)}" '
        f'font-family="inherit" font-size="13" fill="{INK}">{body}</svg>'
    )
