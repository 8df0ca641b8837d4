"""Labels of any kind as numbers, and numbers as labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lamina._check import Array
from lamina._label_values import check_labels
from lamina._scikit import (
    LabelEncoder,
    check_classification_targets,
    column_or_1d,
    type_of_target,
)

KINDS = ("binary", "multiclass", "multilabel-indicator", "multiclass-multioutput")


def labels_of(y: Array, classes: Any = None) -> tuple[Labels, Array]:
    """Return the description of labels, and the labels as an array with one or two axes.

    Parameters
    ----------
    y : ndarray of shape (rows,), (rows, 1) or (rows, labels)
        Strings, bools, numbers or objects; with two axes, an indicator of 0 and 1 for each label,
        or several columns of labels.
    classes : array_like, optional
        All classes, if `y` may lack some; not needed for an indicator.

    Raises
    ------
    ValueError
        If the values are not labels, or labels of a single class.
    """
    check_labels(y)
    check_classification_targets(y)
    kind = type_of_target(y)
    if y.ndim == 2 and y.shape[1] == 1:
        y = column_or_1d(y, warn=True)
    if kind == "multilabel-indicator":
        return Labels(kind, [np.arange(y.shape[1])], y.dtype), y
    if y.ndim == 2:
        columns = [y[:, i] for i in range(y.shape[1])] if classes is None else classes
        if len(columns) != y.shape[1]:
            raise ValueError(
                f"classes must hold the classes of each of {y.shape[1]} columns of y; got "
                f"{len(columns)}"
            )
        return Labels("multiclass-multioutput", [np.unique(c) for c in columns], y.dtype), y
    found = LabelEncoder().fit(y if classes is None else np.asarray(classes)).classes_
    return Labels("binary" if len(found) <= 2 else "multiclass", [found], y.dtype), y


def check_two_classes(who: str, labels: Labels, y: Array) -> None:
    """Refuse training rows that are all of one class."""
    if labels.kind in ("binary", "multiclass") and len(y) and (y == y[0]).all():
        raise ValueError(
            f"{who}: needs rows of at least 2 classes; the data contain rows of one class alone: "
            f"{y[:1].tolist()[0]!r}"
        )


class Labels:
    """The classes, and their coding as numbers.

    Parameters
    ----------
    kind : {"binary", "multiclass", "multilabel-indicator", "multiclass-multioutput"}
    classes : list of ndarray
        The sorted classes of each column of labels.
    dtype : dtype
        The dtype of the labels that were passed.

    Attributes
    ----------
    n_classes : int or list of int
        The number of classes; for an indicator, the number of labels.
    n_outputs : int or list of int
        The number of units of a network for them: 1 for two classes, otherwise one for each class
        or label.
    """

    def __init__(self, kind: str, classes: Sequence[Array], dtype: Any) -> None:
        self.kind, self.every, self.dtype = kind, list(classes), dtype
        counts = [len(each) for each in self.every]
        units = [1 if count <= 2 else count for count in counts]
        several = kind == "multiclass-multioutput"
        self.n_classes: Any = counts if several else counts[0]
        self.n_outputs: Any = units if several else units[0]
        if kind == "multilabel-indicator":
            self.n_outputs = self.n_classes

    @property
    def several(self) -> bool:
        """Whether there are several columns, each with its own classes."""
        return self.kind == "multiclass-multioutput"

    @property
    def classes(self) -> Any:
        """The value of an estimator's ``classes_``: an array, or a list of one per column."""
        return self.every if self.several else self.every[0]

    def check_classes(self, classes: Any) -> None:
        """Refuse classes that differ from those of a first fit."""
        given = classes if self.several else [classes]
        same = len(given) == len(self.every) and all(
            np.array_equal(np.unique(a), b) for a, b in zip(given, self.every, strict=True)
        )
        if not same:
            raise ValueError(
                f"`classes={classes}` is not the same as on last call to partial_fit, was: "
                f"{self.classes}"
            )

    def check_same(self, y: Array, *, all_of_them: bool) -> Array:
        """Return labels of a further fit in the form of the first; ValueError for other classes.

        ``all_of_them`` says whether all classes must occur.
        """
        check_labels(y)
        check_classification_targets(y)
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        columns = self._columns(y)
        if self.kind == "multilabel-indicator":
            return y
        for known, column in zip(self.every, columns, strict=True):
            found = np.unique(column)
            new = np.setdiff1d(found, known)
            if len(new) or (all_of_them and len(found) < len(known)):
                what = "classes as before" if all_of_them else "no classes but those of before"
                raise ValueError(
                    f"y must have {what}; `classes_` has {known.tolist()}, y has {found.tolist()}"
                )
        return y

    def _columns(self, y: Array) -> list[Array]:
        several = self.kind in ("multilabel-indicator", "multiclass-multioutput")
        wanted = (self.n_classes if self.kind == "multilabel-indicator" else len(self.every),)
        got = y.shape[1:]
        if got != (wanted if several else ()):
            shape = f"(rows, {wanted[0]})" if several else "(rows,)"
            raise ValueError(f"y must have shape {shape} as before; got {y.shape}")
        return [y[:, i] for i in range(y.shape[1])] if self.several else [y]

    def codes(self, y: Array) -> list[Array]:
        """Return labels as numbers, for each output of a network.

        Returns
        -------
        list of ndarray
            Classes numbered from 0 in the order of ``classes``, of shape (rows,), one array for
            each column; for an indicator, the indicator itself, of shape (rows, labels).

        Raises
        ------
        ValueError
            For labels that are not among the classes.
        """
        if self.kind == "multilabel-indicator":
            self._columns(y)
            return [np.asarray(y != 0, np.int64)]
        found = []
        for known, column in zip(self.every, self._columns(y), strict=True):
            if new := np.setdiff1d(column, known).tolist():
                raise ValueError(
                    f"y must have no classes but those of classes, {known.tolist()}; got {new[0]!r}"
                )
            encoder = LabelEncoder()
            encoder.classes_ = known
            found.append(np.asarray(encoder.transform(column)))
        return found

    def decided(self, probabilities: Sequence[Array]) -> Array:
        """Return the most probable labels, of shape (rows,) or (rows, columns).

        Parameters
        ----------
        probabilities : sequence of ndarray of shape (rows, classes)
            One array for each output, of shape (rows, labels) for an indicator; scores work as
            well.
        """
        if self.kind == "multilabel-indicator":
            return (probabilities[0] > 0.5).astype(self.dtype)
        found = [
            known[chances.argmax(axis=1)]
            for known, chances in zip(self.every, probabilities, strict=True)
        ]
        return np.column_stack(found) if self.several else np.asarray(found[0])
