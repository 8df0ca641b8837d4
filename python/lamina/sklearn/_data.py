"""Rows, weights and seeds as users of scikit-learn pass them, checked as in its estimators."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Number
from typing import Any

import numpy as np

from lamina import _check
from lamina._arrays import as_numbers, column_names, is_array
from lamina._check import Array
from lamina._label_values import plain_labels
from lamina._scikit import (
    check_array,
    check_consistent_length,
    check_random_state,
    check_sample_weight,
    check_y,
    compute_sample_weight,
    issparse,
    safe_indexing,
    validate_data,
)


class Rows:
    """The rows of a fit: as numbers, and in their original form, which some models read.

    Models of named columns read tables, models of texts read texts; others read only numbers.

    Parameters
    ----------
    numbers : ndarray or sparse matrix, optional
    given : table, or ndarray of str of shape (rows, columns), optional
    refusal : Exception, optional
        The reason why there are no numbers.
    """

    def __init__(self, numbers: Any, given: Any, refusal: Exception | None = None) -> None:
        self.numbers, self.given, self.refusal = numbers, given, refusal

    @property
    def shown(self) -> Any:
        """The rows as passed to a function that builds a model."""
        return self.numbers if self.given is None else self.given

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape, as of an array."""
        return tuple(self.shown.shape)

    @property
    def dtype(self) -> Any:
        """The dtype of the numbers; object if there are none."""
        return np.dtype(object) if self.numbers is None else self.numbers.dtype

    def take(self, kept: Array) -> Rows:
        """Return some of the rows."""
        numbers = None if self.numbers is None else self.numbers[kept]
        given = None if self.given is None else safe_indexing(self.given, kept)
        return Rows(numbers, given, self.refusal)

    def read_by(self, model: Any) -> Any:
        """Return the rows in the form that a model reads; raise if there are no numbers for it."""
        if self.given is not None and reads_as_given(model, self.given):
            return self.given
        if self.refusal is not None:
            raise self.refusal
        return by_input(model, self.numbers)


def reads_as_given(model: Any, given: Any) -> bool:
    """Return whether a model has inputs for named columns of a table, or for strings."""
    inputs, columns = inputs_of(model), column_names(given)
    if any(each.dtype == "string" for each in inputs):
        return True
    return len(inputs) > 1 and columns is not None and set(model.input_names) <= set(columns)


def by_input(model: Any, X: Any) -> Any:
    """Return the columns for each of several inputs, in order; for one input, ``X``."""
    widths = [each.shape[1] for each in inputs_of(model) if len(each.shape) == 2]
    if len(widths) < 2 or X.ndim != 2 or None in widths or sum(widths) != X.shape[1]:
        return X
    ends = np.cumsum(widths).tolist()
    return [X[:, end - width : end] for width, end in zip(widths, ends, strict=True)]


def inputs_of(model: Any) -> list[Any]:
    """Return the inputs of a model; none if it learns them only when it is built."""
    try:
        return list(model.inputs)
    except (TypeError, ValueError):
        return []


def check_fit(
    estimator: Any, X: Any, y: Any, *, reset: bool = True, numbers: bool = False
) -> tuple[Rows, Array]:
    """Return the data of a fit.

    Sets ``n_features_in_`` and ``feature_names_in_``, or compares with them.

    Parameters
    ----------
    estimator : BaseEstimator
    X : array_like, sparse matrix or table of shape (rows, columns) or (rows, ...), or list of str
        Tables of pandas and polars may have columns of bools and of nullable types, and, for models
        of named columns, of any type.
    y : array_like of shape (rows,) or (rows, outputs)
    reset : bool, default True
        Whether this is a first fit; otherwise columns are compared with those of the first fit.
    numbers : bool, default False
        Whether `y` must hold numbers.

    Raises
    ------
    ValueError, TypeError
        With scikit-learn's messages.
    """
    y = plain_labels(y, "number" if numbers else "label")
    _refuse_several(estimator, X, y)
    of_x: dict[str, Any] = {"accept_sparse": "csr", "allow_nd": True}
    of_y: dict[str, Any] = {"multi_output": True, "y_numeric": numbers}
    if numbers and len(getattr(y, "shape", ())) > 2:  # images, or series, as targets
        of_y = {"validate_separately": (of_x, {"allow_nd": True})}
        of_x = {}
    given = as_given(X)
    columns = None if reset or not _reads_any_length(estimator) else estimator.n_features_in_
    try:
        array, y = validate_data(
            estimator, X, y, reset=reset or columns is not None, **of_x, **of_y
        )
        if columns is not None:  # those of the first fit
            estimator.n_features_in_ = columns
        check_consistent_length(array, y)
    except (TypeError, ValueError) as error:
        if given is None or y is None:
            raise
        validate_data(estimator, X, y, reset=reset, skip_check_array=True)
        check_any_rows(estimator, given)
        check_consistent_length(X, y)
        return Rows(None, given, error), plain_target(check_y(y, estimator=estimator, **of_y))
    return Rows(array, given), plain_target(y)


def check_rows(estimator: Any, X: Any) -> Any:
    """Return the rows for a prediction as an array of numbers; sparse rows stay sparse."""
    _refuse_several(estimator, X)
    if _reads_any_length(estimator):
        return check_array(X, accept_sparse="csr", allow_nd=True, estimator=estimator)
    return validate_data(estimator, X, reset=False, accept_sparse="csr", allow_nd=True)


def _reads_any_length(estimator: Any) -> bool:
    """Return whether rows may be longer or shorter than those of the fit, as series may be."""
    shape = getattr(estimator, "_row_shape", ())
    return None in shape and not hasattr(estimator, "feature_names_in_")


def _refuse_several(estimator: Any, X: Any, y: Any = None) -> None:
    """Refuse an array for each input: scikit-learn's tools take rows from one."""
    several = isinstance(X, Mapping) and not issparse(X)  # one sparse format is a dict
    if isinstance(X, (list, tuple)) and X and all(is_array(each) for each in X):
        every = [np.shape(each) for each in X]
        rows = len(y) if hasattr(y, "__len__") else -1
        several = len(X) != rows and all(s[:1] == (rows,) for s in every)
        if y is None:  # arrays of one shape may be rows
            several = len(set(every)) > 1 and len({s[:1] for s in every}) == 1
    if several:
        raise TypeError(
            f"{type(estimator).__name__}: X must be one array or table, from which rows can be "
            f"taken; got {type(X).__name__} of {len(X)}. Put the columns of all inputs side by "
            f"side, as in numpy.column_stack: a model of several inputs takes them in order, or, "
            f"from a table, by name"
        )


def check_given_rows(estimator: Any, X: Any) -> Any:
    """Return the rows for a prediction in their original form: a table, or texts."""
    given = as_given(X)
    if given is None:
        raise TypeError(
            f"{type(estimator).__name__}: X must be a table with the columns of the fit, or texts, "
            f"as in the fit; got {type(X).__name__}"
        )
    validate_data(estimator, X, reset=False, skip_check_array=True)
    check_any_rows(estimator, given)
    return given


def check_any_rows(estimator: Any, given: Any) -> None:
    """Refuse a table, or texts, without rows, in scikit-learn's words."""
    if not given.shape[0]:
        raise ValueError(
            f"Found array with 0 sample(s) (shape={tuple(given.shape)}) while a minimum of 1 is "
            f"required by {type(estimator).__name__}."
        )


def as_given(X: Any) -> Any:
    """Return a table, or an array of strings for texts; None for numbers."""
    axes = len(getattr(X, "shape", (0,)))
    if issparse(X) or axes not in (1, 2):
        return None
    if axes == 2 and column_names(X) is not None:
        return X
    if not _holds_text(X):
        return None
    texts = np.asarray(X, dtype=object)
    return texts.reshape(len(texts), -1)


def _holds_text(X: Any) -> bool:
    if isinstance(X, np.ndarray):
        return X.size > 0 and isinstance(X.flat[0], str)
    ordered = isinstance(X, (list, tuple)) or hasattr(X, "shape")
    if not ordered or not hasattr(X, "__getitem__") or not len(X):
        return False
    return isinstance(X.iloc[0] if hasattr(X, "iloc") else X[0], str)


def plain_target(y: Any) -> Array:
    """Return a target that is not a sparse matrix."""
    return np.asarray(y.toarray() if issparse(y) else y)


def row_weights(who: str, y: Array, sample_weight: Any, class_weight: Any = None) -> Array | None:
    """Return the weight of each row, times that of its class; None for no weights.

    Raises
    ------
    ValueError
        For weights that are negative, all 0, or of another number of rows; for classes that do not
        occur.
    """
    if sample_weight is None and class_weight is None:
        return None
    weights = np.ones(len(y))
    if sample_weight is not None:
        weights = np.asarray(
            check_sample_weight(
                plain_weights(who, sample_weight), y, dtype=np.float64, ensure_non_negative=True
            )
        )
        refuse_zeros(who, "sample_weight", weights)
    if class_weight is not None:
        weights = weights * class_weights(who, class_weight, y)
        refuse_zeros(who, "class_weight", weights)
    return np.asarray(weights)


def plain_weights(who: str, sample_weight: Any) -> Any:
    """Return weights that are not one number as an array of numbers."""
    if sample_weight is None or isinstance(sample_weight, Number):
        return sample_weight
    return as_numbers(who, "sample_weight", sample_weight)


def refuse_zeros(who: str, name: str, weights: Array) -> None:
    """Refuse weights that are all 0; ``name`` is the argument after which they are."""
    if not weights.any():
        raise ValueError(
            f"{who}: {name} must leave at least one row a weight above 0; all weights are 0"
        )


def class_weights(who: str, class_weight: Any, y: Array) -> Array:
    """Return the weight of each row's class, or the product over several columns of labels.

    Raises
    ------
    ValueError, TypeError
        For weights that are not finite numbers >= 0; for classes that have none.
    """
    balanced = isinstance(class_weight, str) and class_weight == "balanced"
    if not balanced and not isinstance(class_weight, (Mapping, list, tuple)):
        raise TypeError(
            f"{who}: class_weight must be a dict of class to weight, 'balanced' or, for several "
            f"columns of labels, a list of these; got {class_weight!r}"
        )
    for each in class_weight if isinstance(class_weight, (list, tuple)) else [class_weight]:
        for label, weight in each.items() if isinstance(each, Mapping) else ():
            _check.number(who, f"class_weight[{label!r}]", weight, 0.0)
    return np.asarray(compute_sample_weight(class_weight, y))


def counted(X: Rows, y: Array, weights: Array | None) -> tuple[Rows, Array, Array | None]:
    """Return the rows whose weight is not 0, and weights of mean 1.

    The other rows are ignored, and a row of weight 2 counts like two copies of the row.  A mean of
    1 keeps the meaning of the learning rate, regardless of the sum of the weights.
    """
    if weights is None:
        return X, y, None
    if not weights.all():
        kept = np.flatnonzero(weights)
        X, y, weights = X.take(kept), y[kept], weights[kept]
    return X, y, weights / weights.mean()


def drawn_seed(random_state: Any) -> int:
    """Return a model's seed: the same for an int, the next draw of a RandomState or of NumPy's."""
    return int(check_random_state(random_state).randint(np.iinfo(np.int32).max))
