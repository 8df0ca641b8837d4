"""Losses for classes.

If the last step of the model is a sigmoid or softmax, these losses are computed from its inputs, so
that they are exact even for extreme values; ``from_logits=True`` says that the model has no such
step.
As in Keras, probabilities of any other origin are kept at least 1e-7 away from 0 and 1 before the
logarithm is taken, and those of several classes are first divided by their sum.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lamina._check import cast, integer, number, numeric
from lamina.losses.base import REDUCTION, Loss, check_real_target, fit_shape, raise_at_first

MOST_AXES = 8


class _Crossentropy(Loss):
    """Settings that the cross-entropies share."""

    def _init_logits(self, from_logits: bool, axis: int) -> None:
        who = type(self).__name__
        if not isinstance(from_logits, (bool, np.bool_)):
            raise TypeError(f"{who}: from_logits must be True or False; got {from_logits!r}")
        self.axis = integer(who, "axis", axis, -MOST_AXES)
        if axis == 0:
            raise ValueError(f"{who}: axis must not be 0, that of the rows")
        self.from_logits = bool(from_logits)

    @property
    def by_kernel(self) -> bool:
        """Whether a kernel computes it, which requires the last axis."""
        return self.axis == -1

    def _init_smoothing(self, label_smoothing: float) -> None:
        self.label_smoothing = number(
            type(self).__name__, "label_smoothing", label_smoothing, low=0.0, high=1.0
        )


class BinaryCrossentropy(_Crossentropy):
    """``mean_c -y_c log p_c - (1 - y_c) log(1 - p_c)`` over the last axis, y in [0, 1].

    Targets may have noise of less than 0.5 around 0 and 1, such as that which steadies the training
    of a discriminator (Salimans et al. 2016, https://arxiv.org/abs/1606.03498); others are refused.
    For targets outside [0, 1] the formula has no lower bound.  Probabilities are then, as in Keras,
    kept at least 1e-7 away from 0 and 1, with a gradient of zero beyond, also if they come from a
    sigmoid; logits, with ``from_logits=True``, are not bounded.

    Parameters
    ----------
    from_logits : bool, default False
        Whether predictions are log-odds rather than probabilities.
    label_smoothing : float, default 0.0
        In [0, 1]; targets become ``y * (1 - s) + s / 2``.
    axis : int, default -1
        The axis of the outputs.
    reduction : str, default "sum_over_batch_size"
        How rows are combined; see `Loss`.
    name : str, default "binary_crossentropy"
        Name in reports.
    dtype : {"float32", "float64"}, optional
        Accepted for compatibility with Keras; the loss has the dtype of the predictions.

    Examples
    --------
    >>> from lamina import losses
    >>> round(losses.BinaryCrossentropy(from_logits=True)([[1], [0]], [[0.0], [0.0]]), 6)
    0.693147
    """

    kind = "binary_crossentropy"

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = REDUCTION,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        self._init_logits(from_logits, axis)
        self._init_smoothing(label_smoothing)
        self._init(reduction, name, dtype)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss of each position."""
        from lamina.losses import functions

        return functions.binary_crossentropy(
            y_true, y_pred, self.from_logits, self.label_smoothing, self.axis
        )

    @property
    def parameter(self) -> float:
        """The label smoothing."""
        return self.label_smoothing

    def check_target(self, y: ArrayLike, prediction_shape: tuple[int, ...]) -> NDArray[np.generic]:
        """Return `y` in the target's shape; its values must lie in [0, 1], but for their noise."""
        shape = tuple(prediction_shape)
        return check_real_target(self.name, y, shape, low=0.0, high=1.0, noise=0.5)


class CategoricalCrossentropy(_Crossentropy):
    """``-sum_c y_c log p_c`` over the last axis, y one-hot or class probabilities.

    Parameters
    ----------
    from_logits : bool, default False
        Whether predictions are those before the softmax.
    label_smoothing : float, default 0.0
        In [0, 1]; targets become ``y * (1 - s) + s / classes``.
    axis : int, default -1
        The axis of the classes.
    reduction : str, default "sum_over_batch_size"
        How rows are combined; see `Loss`.
    name : str, default "categorical_crossentropy"
        Name in reports.
    dtype : {"float32", "float64"}, optional
        Accepted for compatibility with Keras; the loss has the dtype of the predictions.

    Examples
    --------
    >>> from lamina import losses
    >>> round(losses.CategoricalCrossentropy()([[0, 1]], [[0.5, 0.5]]), 6)
    0.693147
    """

    kind = "categorical_crossentropy"

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = REDUCTION,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        self._init_logits(from_logits, axis)
        self._init_smoothing(label_smoothing)
        self._init(reduction, name, dtype)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss of each position."""
        from lamina.losses import functions

        return functions.categorical_crossentropy(
            y_true, y_pred, self.from_logits, self.label_smoothing, self.axis
        )

    @property
    def parameter(self) -> float:
        """The label smoothing."""
        return self.label_smoothing

    def check_target(self, y: ArrayLike, prediction_shape: tuple[int, ...]) -> NDArray[np.generic]:
        """Return `y`, one row of class probabilities per position; values must lie in [0, 1]."""
        hint = (
            "; integer labels need sparse_categorical_crossentropy or utils.to_categorical(y)"
            if np.ndim(y) == len(prediction_shape)
            else ""
        )
        return check_real_target(
            self.name, y, tuple(prediction_shape), low=0.0, high=1.0, hint=hint
        )


class SparseCategoricalCrossentropy(_Crossentropy):
    """``-log p_y`` over the last axis, y an integer label from 0 to classes - 1.

    Parameters
    ----------
    from_logits : bool, default False
        Whether predictions are those before the softmax.
    ignore_class : int, optional
        Rows, or positions, with this label are left out, both of the sum and of the number by which
        it is divided.  It may lie outside the classes, such as -1.
    reduction : str, default "sum_over_batch_size"
        How rows are combined; see `Loss`.
    axis : int, default -1
        The axis of the classes.
    name : str, default "sparse_categorical_crossentropy"
        Name in reports.
    dtype : {"float32", "float64"}, optional
        Accepted for compatibility with Keras; the loss has the dtype of the predictions.

    Examples
    --------
    >>> from lamina import losses
    >>> round(losses.SparseCategoricalCrossentropy()([1], [[0.5, 0.5]]), 6)
    0.693147
    """

    kind = "sparse_categorical_crossentropy"
    target_dtype = "int32"

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = REDUCTION,
        axis: int = -1,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        self._init_logits(from_logits, axis)
        self.ignore_class = ignore_class
        if ignore_class is not None:
            integer(type(self).__name__, "ignore_class", ignore_class, -(2**31))
        self._init(reduction, name, dtype)

    @property
    def by_call(self) -> bool:
        """Whether it is recorded by ``call``: the kernel only takes labels of classes."""
        return super().by_call or self.ignore_class is not None

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss of each position."""
        from lamina.losses import functions

        return functions.sparse_categorical_crossentropy(
            y_true, y_pred, self.from_logits, self.ignore_class, self.axis
        )

    def _row(self, prediction_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return a prediction's shape, that of a row, with the classes last."""
        shape = list(prediction_shape)
        place = self.axis - 1 if self.axis > 0 else self.axis + len(shape)
        if not 0 <= place < len(shape):
            raise ValueError(
                f"{self.name}: axis {self.axis} is neither that of the rows nor one of {shape}"
            )
        shape.append(shape.pop(place))
        return tuple(shape)

    def target_shape(self, prediction_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the prediction's shape without the classes: one label per position."""
        return self._row(prediction_shape)[:-1] if prediction_shape else ()

    def check_target(self, y: ArrayLike, prediction_shape: tuple[int, ...]) -> NDArray[np.int32]:
        """Return the labels as int32; each must be an integer in [0, classes), or ignored."""
        shape = self._row(tuple(prediction_shape)) if prediction_shape else ()
        if self.ignore_class is None:
            return check_labels(self.name, y, shape)
        array = numeric(self.name, "y", y)
        ignored = array == self.ignore_class
        labels = check_labels(self.name, np.where(ignored, 0, array), shape)
        return np.where(ignored.reshape(labels.shape), np.int32(self.ignore_class), labels)


def check_labels(who: str, y: ArrayLike, prediction_shape: tuple[int, ...]) -> NDArray[np.int32]:
    """Return integer labels as int32 of shape (rows, *prediction_shape[:-1])."""
    if not prediction_shape:
        raise ValueError(f"{who}: the prediction must have a last axis of classes; got one number")
    classes = prediction_shape[-1]
    array = numeric(who, "y", y)
    hint = ""
    if array.shape[1:] == prediction_shape and classes > 1:
        hint = "; one-hot rows need categorical_crossentropy"
    array = fit_shape(who, array, prediction_shape[:-1], hint)
    if array.dtype.kind == "f":
        # NaN is not an integer either; floats such as 3.0 are accepted, as CSV readers return them.
        raise_at_first(who, "y", array != np.floor(array), array, "integer labels")
    rule = f"integer labels in [0, {classes})"
    bad = (array < 0) | (array >= classes)
    raise_at_first(who, "y", bad, array, rule, _coding(array, classes) if bad.any() else "")
    return cast(array, np.int32)


def _coding(labels: NDArray[np.generic], classes: int) -> str:
    """Return a guess of how labels outside [0, classes) are coded, for error messages."""
    low, high = int(labels.min()), int(labels.max())
    if low == 1 and high == classes and classes > 1:
        return "; y - 1 counts the classes from 0"
    if low == -1 and high == 1 and not (labels == 0).any():
        return "; (y + 1) / 2 is coded 0 and 1"
    if low == -1 and high == classes - 2 and len(np.unique(labels)) == classes:
        return "; y + 1 counts the classes from 0"
    if low == -1 and high < classes:
        ignoring = "losses.SparseCategoricalCrossentropy(ignore_class=-1)"
        return f"; {ignoring} leaves out what is labelled -1"
    if low >= 0 and classes == 1:
        return "; one unit goes with sigmoid and binary_crossentropy, softmax needs one per class"
    few = labels.size > classes >= len(np.unique(labels))
    if low >= 0 and high < 1000 and not few:
        return f"; labels up to {high} need {high + 1} units"
    return "; numpy.unique(y, return_inverse=True)[1] numbers the classes from 0"
