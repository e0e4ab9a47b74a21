"""Tags rows whose label looks wrong to a model that has seen none of their relatives; never gives another label.

Confident learning (Northcutt, Jiang and Chuang, "Confident Learning", JAIR 2021) by cleanlab over family folds: with
random folds a row's own copies vouch for its label. Suspects are removed only when a model trained without them does
no worse on held-out families; on small hard data it does worse, and then they are only listed.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Annotated, Any

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field

from foundry_engine.constitution import Constitution
from foundry_engine.errors import MissingDependency
from foundry_engine.refinery import decide

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from foundry_engine.refinery.label_folds import LabelFolds

SCOPE = "dataset"
EVIDENCE = pa.struct([("macro_f1", pa.float64()), ("macro_f1_without_suspects", pa.float64())])
SUSPECT = pa.struct([("suggested", pa.string()), ("score", pa.float64()), ("evidence", EVIDENCE)])
FEWEST = 10
"""Labels with fewer rows are not judged: too little to learn them from."""


class Settings(BaseModel):
    """``folds`` of families; fits take at most ``max_rows`` rows; below ``min_rows`` nobody is suspected.

    Without ``prune`` suspects are listed and stay, and so they do when they are more than ``most`` of the rows: then it
    is the model that does not understand, not the labels that are wrong.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    folds: Annotated[int, Field(ge=3, le=20)] = 4
    min_rows: Annotated[int, Field(ge=20)] = 100
    max_rows: Annotated[int, Field(ge=100)] = 10_000
    most: Annotated[float, Field(gt=0, le=1)] = 0.3
    prune: bool = True


def apply(table: pa.Table, settings: Settings, constitution: Constitution) -> pa.Table:
    """Adds ``label_suspect`` (suggested label, the given label's probability, scores of the gate) and ``label_error``.

    ``label_error`` is the suggested label where the suspect may be removed, else null.
    """
    suspects: list[dict[str, Any] | None] = [None] * table.num_rows
    rows = _judged(table)
    pruned = False
    if len(rows) >= settings.min_rows:
        found, pruned = _suspects(table.take(pa.array(rows)), settings)
        for row, suspect in zip(rows, found, strict=True):
            suspects[row] = suspect
    errors = [suspect["suggested"] if pruned and suspect else None for suspect in suspects]
    table = table.append_column("label_suspect", pa.array(suspects, SUSPECT))
    return table.append_column("label_error", pa.array(errors, pa.string()))


def _judged(table: pa.Table) -> list[int]:
    """Rows that stay so far and are trained on, of labels with rows enough; in the order of their ids."""
    reasons = decide.removal_reasons(table)
    labels, withheld, ids = (table[name].to_pylist() for name in ("label", "withheld", "id"))
    rows = [row for row, reason in enumerate(reasons) if not reason and not withheld[row]]
    counts: dict[str, int] = {}
    for row in rows:
        counts[labels[row]] = counts.get(labels[row], 0) + 1
    known = {label for label, count in counts.items() if count >= FEWEST}
    return sorted((row for row in rows if labels[row] in known), key=ids.__getitem__) if len(known) > 1 else []


def _suspects(table: pa.Table, settings: Settings) -> tuple[list[dict[str, Any] | None], bool]:
    """For each row the suspicion, or none; and whether a model without the suspects does no worse."""
    import numpy as np

    from foundry_engine.refinery.hashed_ngrams import hashed_ngrams
    from foundry_engine.refinery.label_folds import LabelFolds, family_folds

    given, families = table["label"].to_pylist(), table["family"].to_pylist()
    names = sorted(set(given))
    y = np.array([names.index(label) for label in given])
    folds = min(settings.folds, len(set(families)))
    if folds < 3:
        return [None] * len(given), False
    judged = LabelFolds(
        hashed_ngrams(table["normalized"].to_pylist()), y, family_folds(families, given, folds), settings.max_rows
    )
    probabilities = judged.probabilities()
    answer, flagged = probabilities.argmax(axis=1), _flagged(y, probabilities)
    evidence = {
        "macro_f1": round(judged.macro_f1(answer), 4),
        "macro_f1_without_suspects": round(judged.macro_f1(_answers_without(judged)), 4),
    }
    found = [
        {"suggested": names[answer[row]], "score": float(probabilities[row, y[row]]), "evidence": evidence}
        if flagged[row]
        else None
        for row in range(len(y))
    ]
    helps = evidence["macro_f1_without_suspects"] >= evidence["macro_f1"]
    return found, settings.prune and helps and bool(flagged.mean() <= settings.most)


def _answers_without(judged: LabelFolds) -> npt.NDArray[np.int64]:
    """Answers for every fold by a model fitted without the suspects of the other folds.

    The suspects are told by those other folds alone: told with the held-out rows' labels they would flatter the answer.
    A model that has seen neither of two folds judges each of them for the other.
    """
    import numpy as np

    folds = range(judged.folds)
    inner = {fold: np.zeros((len(judged.y), judged.labels)) for fold in folds}
    for one, other in combinations(folds, 2):
        training = ~np.isin(judged.fold, (one, other))
        inner[one][judged.fold == other] = judged.judged(other, training)
        inner[other][judged.fold == one] = judged.judged(one, training)
    answer = np.zeros(len(judged.y), dtype=np.int64)
    for fold in folds:
        training = judged.fold != fold
        training[training] = ~_flagged(judged.y[training], inner[fold][training])
        answer[judged.fold == fold] = judged.judged(fold, training).argmax(axis=1)
    return answer


def _flagged(y: npt.NDArray[np.int64], probabilities: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Rows that confident learning takes for wrongly labelled; labels that do not occur are left out of its count."""
    import numpy as np

    try:
        from cleanlab.filter import find_label_issues
    except ImportError as error:
        raise MissingDependency(
            "operator 'label_errors' needs cleanlab: pip install 'micro-model-foundry[clean]'"
        ) from error
    present, own = np.unique(y, return_inverse=True)
    shown = probabilities[:, present]
    shown = shown / np.maximum(shown.sum(axis=1, keepdims=True), 1e-9)
    if len(present) < 2:
        return np.zeros(len(y), dtype=bool)
    found = find_label_issues(own, shown, n_jobs=1) & (shown.argmax(axis=1) != own)
    return np.asarray(found, dtype=bool)
