"""Labels as users pass them: of nullable types, missing ones, and those of several types."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina._check import Array


def plain_labels(y: Any) -> Any:
    """Return bools and integers of pandas' nullable types as NumPy's if none is missing.

    scikit-learn would convert them to floats, and labels True and False would become 1.0 and 0.0.
    """
    dtype = getattr(y, "dtype", None)
    kind = None if isinstance(dtype, np.dtype) else getattr(dtype, "kind", None)
    plain = {"b": bool, "i": np.int64, "u": np.uint64}.get(str(kind))
    if plain is not None and hasattr(y, "isna") and not y.isna().any():
        return y.to_numpy(dtype=plain)
    return y


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
