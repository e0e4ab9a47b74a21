"""One self-contained HTML page: headings, paragraphs, tables and charts; opens anywhere, offline."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

STYLE = """
body { font-family: system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "WenQuanYi Micro Hei", sans-serif;
       color: #1f2933; margin: 2rem auto; max-width: 62rem; padding: 0 1.5rem; line-height: 1.5; }
h1 { font-size: 1.6rem; }
h2 { font-size: 1.2rem; margin-top: 2.2rem; border-bottom: 1px solid #cbd2d9; padding-bottom: .3rem; }
table { border-collapse: collapse; margin: .8rem 0; font-size: .92rem; }
td, th { padding: .28rem .7rem; border-bottom: 1px solid #e4e7eb; }
th { text-align: left; color: #616e7c; font-weight: 600; }
td.n { text-align: right; font-variant-numeric: tabular-nums; }
.verdict { font-size: 1.1rem; padding: .6rem 1rem; border-radius: 6px; display: inline-block; }
.pass { background: #e3f4e8; color: #22543d; } .fail { background: #fdebd9; color: #7b341e; }
.scroll { overflow-x: auto; } figure { margin: .8rem 0; }
.note { color: #616e7c; } svg { max-width: 100%; height: auto; }
code { background: #f0f2f4; padding: 0 .25rem; border-radius: 3px; }
"""


class Page:
    """A page in the making; every text is escaped."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._parts = [f"<h1>{escape(title)}</h1>"]

    def heading(self, text: str) -> None:
        """A second-level heading."""
        self._parts.append(f"<h2>{escape(text)}</h2>")

    def verdict(self, text: str, good: bool) -> None:
        """A line that stands out."""
        self._parts.append(f'<p class="verdict {"pass" if good else "fail"}">{escape(text)}</p>')

    def paragraph(self, text: str, note: bool = False) -> None:
        """A paragraph; a note is grey."""
        self._parts.append(f"<p{' class=note' if note else ''}>{escape(text)}</p>")

    def table(self, head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """A table; numbers and shares stand right."""
        cells = "".join(f"<th>{escape(name)}</th>" for name in head)
        lines = [f"<tr>{cells}</tr>"]
        for row in rows:
            lines.append("<tr>" + "".join(_cell(value) for value in row) + "</tr>")
        self._parts.append(f'<div class="scroll"><table>{"".join(lines)}</table></div>')

    def picture(self, svg: str, caption: str = "") -> None:
        """A chart made by ``charts``; its text is escaped there."""
        note = f'<figcaption class="note">{escape(caption)}</figcaption>' if caption else ""
        self._parts.append(f"<figure>{svg}{note}</figure>")

    def html(self) -> str:
        """The whole page."""
        return (
            '<!doctype html><html lang="zh"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
            f"<title>{escape(self._title)}</title><style>{STYLE}</style></head><body>{''.join(self._parts)}</body></html>\n"
        )


def shown(value: object) -> str:
    """A value as people read it: shares between 0 and 1 as percent, nothing as a dash."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.1%}" if 0 <= value <= 1 else f"{value:.3g}"
    if isinstance(value, int):
        return f"{value:,}"
    return str(value)


def _cell(value: object) -> str:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return f"<td{' class=n' if number else ''}>{escape(shown(value))}</td>"
