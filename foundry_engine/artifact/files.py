"""Where a task's four files stand."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


def tasks_in(folder: Path) -> list[str]:
    """The tasks that have a preprocessor in a folder."""
    suffix = "_preprocessor.bin"
    return sorted(path.name.removesuffix(suffix) for path in folder.glob(f"*{suffix}"))


@dataclass(frozen=True, slots=True)
class ArtifactFiles:
    """The four files of one task in ``models/`` or ``4_artifacts/``."""

    folder: Path
    task: str

    @property
    def classifier(self) -> Path:
        """The ONNX graph."""
        return self.folder / f"{self.task}_classifier.onnx"

    @property
    def preprocessor(self) -> Path:
        """All else needed to answer, Protobuf."""
        return self.folder / f"{self.task}_preprocessor.bin"

    @property
    def manifest(self) -> Path:
        """Checksums, versions, scores, certificate."""
        return self.folder / f"{self.task}_manifest.json"

    @property
    def parity(self) -> Path:
        """Cases with every intermediate value."""
        return self.folder / f"{self.task}_parity.jsonl"

    def all(self) -> list[Path]:
        """The files in the order they are promoted: the ``.bin``, which names the others' checksums, comes last."""
        return [self.parity, self.manifest, self.classifier, self.preprocessor]
