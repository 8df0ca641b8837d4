"""Labels as users pass them: of nullable types, missing ones, and those of several types."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina._check import Array
from lamina._strings import is_missing


def plain_labels(y: Any, what: str = "label") -> Any:
    """Return bools and integers of pandas' nullable types as NumPy's if none is missing.

    scikit-learn would convert them to floats, and labels True and False would become 1.0 and 0.0.

    Raises
    ------
    ValueError
        If an object is missing: None, NaN or pandas.NA; ``what`` says what targets are.
    """
    found = first_missing(y)
    if found is not None:
        row, value = found
        shown = "NaN" if isinstance(value, float) else value
        raise ValueError(f"Input y contains {shown}, first in row {row}: a {what} is missing")
    dtype = getattr(y, "dtype", None)
    kind = None if isinstance(dtype, np.dtype) else getattr(dtype, "kind", None)
    plain = {"b": bool, "i": np.int64, "u": np.uint64}.get(str(kind))
    if plain is not None and hasattr(y, "isna") and not y.isna().any():
        return y.to_numpy(dtype=plain)
    return y


def first_missing(y: Any) -> tuple[int, Any] | None:
    """Return the first row without a label, and what it holds; None if each row has one.

    NaN in an array, or a column, of plain floats does not count.
    """
    if isinstance(y, (list, tuple)):
        lacks = any(is_missing(label) for label in y)
    elif hasattr(y, "isna"):
        dtypes = [y.dtype] if hasattr(y, "dtype") else list(y.dtypes)
        plain = all(str(dtype).startswith("float") for dtype in dtypes)
        lacks = not plain and bool(np.any(np.asarray(y.isna())))
    else:
        lacks = getattr(getattr(y, "dtype", None), "kind", "") == "O"
    if not lacks:
        return None
    for row, labels in enumerate(np.asarray(y, dtype=object).tolist()):
        for label in labels if isinstance(labels, list) else [labels]:
            if is_missing(label):
                return row, label
    return None


def check_labels(y: Array) -> None:
    """Refuse labels that cannot be sorted: missing ones, and strings among other objects.

    Raises
    ------
    ValueError
        If a label is None.
    TypeError
        If some labels are strings and others are not.
    """
    if y.dtype != object:
        return
    if None in set(y.ravel().tolist()):
        row = next(i for i, labels in enumerate(y) if None in np.ravel(labels).tolist())
        raise ValueError(f"Input y contains None, first in row {row}: a label is missing")
    for column in y.reshape(len(y), -1).T:
        kinds = sorted(
            {"str" if isinstance(label, str) else type(label).__name__ for label in column}
        )
        if "str" in kinds and len(kinds) > 1:
            raise TypeError(
                f"y must hold labels that are all strings or all numbers; got {' and '.join(kinds)}"
                f": y.astype(str) makes all of them strings"
            )
