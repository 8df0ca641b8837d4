"""Rows, weights and seeds as scikit-learn's users give them, checked as its estimators check."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from lamina._check import Array
from lamina.sklearn._scikit import (
    check_random_state,
    check_sample_weight,
    compute_sample_weight,
    issparse,
    validate_data,
)

DENSE = 1 << 24  # numbers of a sparse matrix that are made dense at a time


def check_fit(
    estimator: Any,
    X: Any,
    y: Any,
    *,
    reset: bool = True,
    numbers: bool = False,
    axes: bool = True,
) -> tuple[Any, Array]:
    """Return the data of a fit as arrays; sparse rows stay sparse.

    Sets ``n_features_in_`` and ``feature_names_in_``, or compares with them.

    Parameters
    ----------
    estimator : BaseEstimator
    X : array_like, sparse matrix or table of shape (rows, columns) or (rows, ...)
        Tables of pandas and polars may have columns of bools and of nullable types.
    y : array_like of shape (rows,) or (rows, outputs)
    reset : bool, default True
        Whether this is a first fit; otherwise columns are compared with those of the first.
    numbers : bool, default False
        Whether `y` must hold numbers.
    axes : bool, default True
        Whether rows may have more than one axis, as images and series have.

    Raises
    ------
    ValueError, TypeError
        With scikit-learn's messages.
    """
    X, y = validate_data(
        estimator,
        X,
        plain_labels(y),
        reset=reset,
        accept_sparse="csr",
        allow_nd=axes,
        multi_output=True,
        y_numeric=numbers,
    )
    return X, np.asarray(y.toarray() if issparse(y) else y)


def check_rows(estimator: Any, X: Any, *, axes: bool = True) -> Any:
    """Return the rows to predict for as an array; sparse rows stay sparse."""
    return validate_data(estimator, X, reset=False, accept_sparse="csr", allow_nd=axes)


def plain_labels(y: Any) -> Any:
    """Return bools and integers of pandas' nullable types as NumPy's, where none is missing.

    scikit-learn would make floats of them, and labels True and False would turn into 1.0 and 0.0.
    """
    dtype = getattr(y, "dtype", None)
    kind = None if isinstance(dtype, np.dtype) else getattr(dtype, "kind", None)
    plain = {"b": bool, "i": np.int64, "u": np.uint64}.get(str(kind))
    if plain is not None and hasattr(y, "isna") and not y.isna().any():
        return y.to_numpy(dtype=plain)
    return y


def dense(X: Any) -> Array:
    """Return rows as an array that is not sparse."""
    return np.asarray(X.toarray() if issparse(X) else X)


def dense_chunks(X: Any) -> Iterator[Array]:
    """Yield the rows in order, sparse ones in parts of which each takes little memory."""
    if not issparse(X) or X.shape[0] == 0:
        yield dense(X)
        return
    rows = max(DENSE // max(X.shape[1], 1), 1)
    for start in range(0, X.shape[0], rows):
        yield dense(X[start : start + rows])


def row_weights(X: Any, y: Any, sample_weight: Any, class_weight: Any = None) -> Array | None:
    """Return the weight of each row, of mean 1; None where all are equal.

    Weights of rows and of classes are multiplied.  A mean of 1 keeps the learning rate's meaning
    whatever the weights add up to: a row of weight 2 counts as the row twice.

    Raises
    ------
    ValueError
        For weights that are negative, all 0, or of another number of rows; for classes that are
        not there.
    """
    if sample_weight is None and class_weight is None:
        return None
    weights = np.ones(X.shape[0])
    if sample_weight is not None:
        weights = np.asarray(
            check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
        )
    if class_weight is not None:
        weights = weights * compute_sample_weight(class_weight, y)
    total = weights.sum()
    if not total > 0:
        raise ValueError("Sample weights must contain at least one that is not zero; all are 0")
    return np.asarray(weights * (len(weights) / total))


def counted(X: Any, y: Array, weights: Array | None) -> tuple[Any, Array, Array | None]:
    """Return the rows whose weight is not 0: the others are as if they were not there."""
    if weights is None or weights.all():
        return X, y, weights
    kept = np.flatnonzero(weights)
    weights = weights[kept]
    return X[kept], y[kept], weights * (len(weights) / weights.sum())


def drawn_seed(random_state: Any) -> int:
    """Return a model's seed: the same for an int, the next draw of a RandomState or of NumPy's."""
    return int(check_random_state(random_state).randint(np.iinfo(np.int32).max))
