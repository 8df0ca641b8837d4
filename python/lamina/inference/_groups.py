"""Rows by group: each row's label as a number."""

from __future__ import annotations

import contextlib
from collections.abc import Hashable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina._strings import refuse_missing

Array = NDArray[Any]


def grouped(who: str, what: str, given: Any, rows: int) -> tuple[list[Any], Array]:
    """Return the different labels, sorted if they can be, and the place of each row's among them.

    Raises
    ------
    ValueError
        If there is not one label for each row, or one is missing.
    TypeError
        If a label is not hashable, such as a list.
    """
    labels = np.asarray(given)
    if labels.shape not in ((rows,), (rows, 1)):
        raise ValueError(
            f"{who}: {what} must have a label for each of {rows} rows; got shape {labels.shape}"
        )
    listed = labels.reshape(-1).tolist()
    refuse_missing(who, f"{what} must have a label", listed)
    for row, label in enumerate(listed):
        if not isinstance(label, Hashable):
            raise TypeError(
                f"{who}: {what} must be numbers, text or other hashable labels; row {row} has "
                f"{label!r}"
            )
    different = list(dict.fromkeys(listed))
    with contextlib.suppress(TypeError):  # labels of several types keep the order of the rows
        different.sort()
    place = {label: i for i, label in enumerate(different)}
    return different, np.array([place[label] for label in listed], np.intp)
