"""Find secrets and personal data in a text and replace them; usable alone, standard library only.

>>> from foundry_engine.scanning import redact, scan
>>> [(f.kind, f.rule) for f in scan("有事打138-0013-8000随时都在")]
[('mobile', 'prefix')]
>>> clean, findings = redact("写信到zhang.san@163.com谢谢", salt=b"my secret")
>>> clean.endswith("@example.com谢谢"), scan(clean)
(True, [])
"""

from foundry_engine.scanning.findings import PII_KINDS, SECRET_KINDS, Finding
from foundry_engine.scanning.redaction import Evidence, evidence, redact
from foundry_engine.scanning.scanner import scan
from foundry_engine.scanning.toxicity import toxic_terms

__all__ = ["PII_KINDS", "SECRET_KINDS", "Evidence", "Finding", "evidence", "redact", "scan", "toxic_terms"]
