r"""Print, kind by kind, what the scanner finds against patterns as they are usually written, and how fast both are.

Run with ``make bench-scanning``. The peer is a regular expression a kind with ``\\b`` around it.
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from foundry_engine.scanning import redact, scan  # noqa: E402
from tests.sensitive.cases import KINDS, Case, negatives, positives  # noqa: E402

COUNT, SEED = 400, 20261121
USUAL = {
    "cn_id": r"\b[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx]\b",
    "mobile": r"\b1[3-9]\d{9}\b",
    "bank_card": r"\b\d{15,19}\b",
    "uscc": r"\b[0-9A-HJ-NPQRTUWXY]{18}\b",
    "plate": r"\b[\u4e00-\u9fa5][A-Z][A-Z0-9]{5,6}\b",
    "email": r"\b[\w.+-]+@[\w-]+\.[\w.-]+\b",
    "ip": r"\b(?:\d{1,3}\.){3}\d{1,3}\b",
    "aws_access_key": r"\bAKIA[0-9A-Z]{16}\b",
    "google_api_key": r"\bAIza[0-9A-Za-z_-]{35}\b",
    "github_token": r"\bghp_[0-9A-Za-z]{36}\b",
    "openai_key": r"\bsk-[0-9A-Za-z]{48}\b",
    "private_key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
}
PEER = {kind: re.compile(pattern) for kind, pattern in USUAL.items()}


def touched(case: Case, spans: list[tuple[int, int]]) -> bool:
    """Whether something was found where the value was planted."""
    return any(start < case.end and end > case.start for start, end in spans)


def ours(text: str) -> list[tuple[int, int]]:
    """Spans of the scanner's findings."""
    return [(finding.start, finding.end) for finding in scan(text)]


def theirs(text: str) -> list[tuple[int, int]]:
    """Spans of the peer's hits."""
    return [match.span() for pattern in PEER.values() for match in pattern.finditer(text)]


def rate(find: Callable[[str], object], texts: list[str]) -> float:
    """Texts a second."""
    begin = time.perf_counter()
    for text in texts:
        find(text)
    return len(texts) / (time.perf_counter() - begin)


def main() -> None:
    """The table, then false alarms, then speed."""
    print(f"{'kind':24}{'recall':>8}{'as kind':>9}{'left':>6}{'peer':>8}")
    texts = []
    for kind in KINDS:
        cases = list(positives(kind, COUNT, SEED))
        texts += [case.text for case in cases]
        hit = sum(touched(case, ours(case.text)) for case in cases) / COUNT
        named = sum(any(f.kind == kind for f in scan(case.text)) for case in cases) / COUNT
        left = sum(bool(scan(redact(case.text, b"bench")[0])) for case in cases)
        peer = sum(touched(case, theirs(case.text)) for case in cases) / COUNT
        print(f"{kind:24}{hit:8.4f}{named:9.4f}{left:6d}{peer:8.4f}")
    clean = [case.text for case in negatives(8_000, SEED)]
    for name, find in (("scanner", ours), ("peer", theirs)):
        alarms = sum(bool(find(text)) for text in clean) / len(clean)
        speed, idle = rate(find, texts), rate(find, clean)
        print(f"{name:9} false alarms {alarms:7.3%}   {speed:9,.0f} texts/s with findings, {idle:9,.0f} without")


if __name__ == "__main__":
    main()
