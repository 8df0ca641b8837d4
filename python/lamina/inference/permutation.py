"""Permutation importance: how much worse a model predicts when a column is shuffled."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina import _check
from lamina._arrays import as_numbers
from lamina._calls import answering_calls
from lamina._columns import Columns
from lamina._named_columns import Table
from lamina._predicting import is_network
from lamina.inference.scoring import scorer_of

Array = NDArray[Any]

WHO = "permutation_importance"


class PermutationImportance(Columns):
    """The falls of the score, as a table with the columns ``input``, ``importance`` and ``std``.

    Attributes
    ----------
    inputs : list of str
        Names of columns, or of groups of them.
    importances : ndarray of shape (inputs, repeats)
    importances_mean, importances_std : ndarray of shape (inputs,)
        scikit-learn's names of the columns.
    score : float
        The score without shuffling.
    """

    def __init__(self, inputs: Sequence[str], importances: Array, score: float) -> None:
        self.inputs, self.importances, self.score = list(inputs), importances, score
        self.importances_mean: Array = importances.mean(axis=1)
        self.importances_std: Array = importances.std(axis=1)
        super().__init__(
            {"input": self.inputs, "importance": self.importances_mean, "std": self.importances_std}
        )


@answering_calls
def permutation_importance(
    model: Any,
    x: Any,
    y: Any,
    scoring: str | Callable[[Any, Any, Any], float] | None = None,
    *,
    n_repeats: int = 5,
    groups: Mapping[str, Sequence[int | str]] | None = None,
    sample_weight: Any = None,
    random_state: int = 0,
    names: Sequence[str] | None = None,
) -> PermutationImportance:
    """Return how much the score falls when the values of a column are shuffled among the rows.

    Parameters
    ----------
    model : Model, fit of lamina.nnet, or fitted estimator
    x : array_like of shape (rows, inputs), a frame or a dict of columns
        Preferably rows on which the model has not been trained.
    y : array_like of shape (rows,) or (rows, outputs)
    scoring : str or callable, optional
        "r2", "neg_mean_squared_error", "neg_mean_absolute_error", "accuracy", "neg_log_loss", any
        other name of scikit-learn's scorers for an estimator, or a function of the model, a table
        and targets; larger is better.  By default the negative loss of a compiled lamina model, the
        score of an estimator, and R squared or the accuracy of other objects.
    n_repeats : int, default 5
    groups : dict of str to sequence of int or str, optional
        Columns to shuffle together, by the name of the group, such as the indicators of one
        factor.  By default each column is shuffled by itself.
    sample_weight : array_like of shape (rows,), optional
    random_state : int, default 0
        The same number gives scikit-learn's permutations.
    names : sequence of str, optional
        The names of the columns.

    Returns
    -------
    PermutationImportance

    Notes
    -----
    L. Breiman, Machine Learning 45 (2001) 5-32.  A column may have little importance by itself if
    others carry the same information: shuffle them as a group.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina.inference import permutation_importance
    >>> x = np.random.default_rng(0).normal(size=(100, 2))
    >>> found = permutation_importance(lambda x: x[:, 0], x, x[:, 0], "neg_mean_squared_error")
    >>> found["importance"].round(1)
    array([1.7, 0. ])
    """
    table = Table(WHO, x, names)
    repeats = _check.integer(WHO, "n_repeats", n_repeats)
    _check_targets(model, y, table.rows)
    together = _together(table, groups)
    weights = None if sample_weight is None else as_numbers(WHO, "sample_weight", sample_weight)
    if weights is not None and len(np.atleast_1d(weights)) != table.rows:
        raise ValueError(
            f"{WHO}: sample_weight must have shape ({table.rows},), one weight per row; got "
            f"{weights.shape}"
        )
    score = scorer_of(WHO, model, scoring, y, sample_weight)
    first = _check.integer(WHO, "random_state", random_state, 0)
    if first >= 2**32:
        raise ValueError(f"{WHO}: random_state must be in [0, 2**32); got {first}")
    seed = np.random.RandomState(first).randint(np.iinfo(np.int32).max + 1)
    baseline = score(table.data)
    falls = np.empty((len(together), repeats))
    for place, columns in enumerate(together.values()):
        random = np.random.RandomState(seed)
        order = np.arange(table.rows)
        values = {column: table.column(column) for column in columns}
        for repeat in range(repeats):
            random.shuffle(order)
            values = {column: before[order] for column, before in values.items()}
            falls[place, repeat] = baseline - score(table.replaced(values))
    return PermutationImportance(list(together), falls, baseline)


def _check_targets(model: Any, y: Any, rows: int) -> None:
    several = is_network(model) and len(model.output_names) > 1
    parts = list(y.values()) if isinstance(y, Mapping) else y
    for each in parts if several and isinstance(parts, (list, tuple)) else [parts]:
        if np.ndim(each) == 0:
            raise TypeError(f"{WHO}: y must hold a target for each row of x; got {y!r:.80}")
        if len(np.asarray(each)) != rows:
            raise ValueError(
                f"{WHO}: x and y must have the same number of rows; got {rows} and "
                f"{len(np.asarray(each))}"
            )


def _together(table: Table, groups: Any) -> dict[str, list[int]]:
    if groups is None:
        return {name: [i] for i, name in enumerate(table.names)}
    if not isinstance(groups, Mapping):
        raise TypeError(f"{WHO}: groups must be a dict of names and columns; got {groups!r}")
    return {str(name): table.places(columns) for name, columns in groups.items()}
