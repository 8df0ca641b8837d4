"""The requests to every fit of a search, and its results."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from lamina._arrays import is_array
from lamina.model_selection.scikit import FitFailedWarning, issparse
from lamina.model_selection.scorers import Scoring
from lamina.model_selection.splits import Splits

INTERRUPTED = "interrupted"  # the message of a fit that Ctrl-C has left out


@dataclass
class Evaluated:
    """The result of one fit.

    Attributes
    ----------
    setting, seed, split : int
    test, train : dict of str to float
        Scores on the rows held out and, if requested, on the training rows.
    fit_time, score_time : float
        Seconds.
    message : str
        Why it failed; empty if it did not.
    estimator : object
        The fitted estimator, if requested.
    """

    setting: int
    seed: int
    split: int
    test: dict[str, float] = field(default_factory=dict)
    train: dict[str, float] = field(default_factory=dict)
    fit_time: float = 0.0
    score_time: float = 0.0
    message: str = ""
    estimator: Any = None


@dataclass
class Asked:
    """The requests to every fit."""

    who: str
    scoring: Scoring
    train_score: bool = False
    estimators: bool = False
    error_score: Any = np.nan
    seeds: Any = None
    n_jobs: int | None = None
    executor: Any = None
    verbose: Any = "auto"
    sample_weight: Any = None
    fit: Mapping[str, Any] = field(default_factory=dict)


class Subject(Protocol):
    """The subject of an evaluation: a network, or an estimator."""

    def labels(self, y: Any, settings: Sequence[Mapping[str, Any]]) -> Any:
        """Return the classes whose shares folds keep; None for numbers."""

    def evaluate(
        self, settings: list[dict[str, Any]], splits: Splits, x: Any, y: Any, asked: Asked
    ) -> list[Evaluated]:
        """Fit every setting on every split."""

    def refit(self, setting: dict[str, Any], x: Any, y: Any, asked: Asked) -> tuple[Any, Any]:
        """Return the model fitted to all rows, and its estimator."""


def check_failures(found: Sequence[Evaluated], asked: Asked) -> None:
    """Warn about fits that failed or were left out; raise if none is left.

    They get the error score.
    """
    without = [each for each in found if each.message]
    if not without:
        return
    names = list(next((each.test for each in found if each.test), {}))
    names = names or list(asked.scoring.scorers)
    for each in without:
        each.test = dict.fromkeys(names, asked.error_score)
        each.train = dict(each.test) if asked.train_score else {}
    failed = [each for each in without if each.message != INTERRUPTED]
    if len(failed) < len(without):
        warnings.warn(
            f"{asked.who}: interrupted; {len(without) - len(failed)} fits out of a total of "
            f"{len(found)} were left out. Their scores will be set to {asked.error_score}",
            UserWarning,
            stacklevel=3,
        )
    if failed:
        _tell_failures(failed, len(found), len(found) - len(without), asked)


def _tell_failures(failed: Sequence[Evaluated], total: int, done: int, asked: Asked) -> None:
    """Warn about fits that failed, or raise if none is done."""
    counts: dict[str, int] = {}
    for each in failed:
        counts[each.message] = counts.get(each.message, 0) + 1
    listed = "\n".join(f"{count} fits: {message}" for message, count in counts.items())
    if not done:
        raise ValueError(
            f"{asked.who}: all the {len(failed)} fits failed; error_score='raise' raises the first "
            f"error where it happens:\n{listed}"
        )
    warnings.warn(
        f"{asked.who}: {len(failed)} fits failed out of a total of {total}. Their scores will "
        f"be set to {asked.error_score}; error_score='raise' raises the first error:\n{listed}",
        FitFailedWarning,
        stacklevel=4,
    )


def check_complete(found: Sequence[Evaluated], settings: int) -> None:
    """Raise KeyboardInterrupt if an interrupt has left no setting with all its fits."""
    stopped = {each.setting for each in found if each.message == INTERRUPTED}
    if len(stopped) == settings:
        raise KeyboardInterrupt


def indexable(x: Any) -> Any:
    """Return ``x``, or a sparse matrix whose rows cannot be taken in a form whose rows can be."""
    return x.tocsr() if issparse(x) and x.format not in ("csr", "csc", "lil") else x


def taken(values: Any, rows: Any) -> Any:
    """Return some rows of an array, a table, or each array of a list or dict of inputs."""
    if values is None:
        return None
    if isinstance(values, Mapping):
        return {name: taken(each, rows) for name, each in values.items()}
    if isinstance(values, (list, tuple)) and values and all(is_array(each) for each in values):
        return [taken(each, rows) for each in values]
    if hasattr(values, "iloc"):
        return values.iloc[rows]
    return values[rows] if is_array(values) else np.asarray(values)[rows]
