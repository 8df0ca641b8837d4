"""Intersection over union: pixels truly and predicted of a class, relative to either of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lamina import ops
from lamina._check import integer, number
from lamina.losses._shapes import same_rank
from lamina.losses.base import check_free_target
from lamina.metrics.direction import UP
from lamina.metrics.recorded import RecordedMetric, Sums, ratio


class IoU(RecordedMetric):
    """``TP / (TP + FP + FN)``, averaged over those of the given classes that occur.

    Parameters
    ----------
    num_classes : int
        Number of classes; values outside are ignored.
    target_class_ids : sequence of int
        The classes that are included.
    name : str, default "iou"
        Key in the history; if that is in use, "iou_1" and so on.
    dtype : str, optional
        Accepted for compatibility with Keras; results are computed in float64.
    ignore_class : int, optional
        Pixels whose true class is this one are ignored.
    sparse_y_true, sparse_y_pred : bool, default True
        Whether targets, or predictions, are classes rather than one number per class.
    axis : int, default -1
        The axis of the classes, if there is one number for each class.

    Examples
    --------
    >>> from lamina import metrics
    >>> round(metrics.IoU(2, [0])([0, 0, 1, 1], [0, 1, 0, 1]), 6)
    0.333333
    """

    direction = UP
    threshold: float | None = None
    sparse_y_true: bool = True
    sparse_y_pred: bool = True

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: str | None = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        super().__init__(name, dtype)
        who = type(self).__name__
        self.num_classes = integer(who, "num_classes", num_classes)
        self.target_class_ids = [
            integer(who, "target_class_ids", c, 0) for c in np.asarray(target_class_ids).tolist()
        ]
        if max(self.target_class_ids, default=-1) >= self.num_classes:
            raise ValueError(
                f"{who}: target_class_ids must be in [0, {self.num_classes}); "
                f"got {max(self.target_class_ids)}"
            )
        self.ignore_class = ignore_class
        self.sparse_y_true, self.sparse_y_pred = bool(sparse_y_true), bool(sparse_y_pred)
        self.axis = axis

    def takes(self, shape: tuple[int, ...], dtype: str, prediction_shape: tuple[int, ...]) -> bool:  # noqa: ARG002
        """Return whether a graph's targets, with a row's shape and dtype, are supported."""
        return True  # `sums` checks them

    def check_target(self, y: ArrayLike, prediction_shape: tuple[int, ...]) -> NDArray[Any]:  # noqa: ARG002
        """Return `y` unchanged: its shape depends on whether it contains classes."""
        return check_free_target(self.name, y)

    def _fitted(self, y_true: Any, y_pred: Any) -> Any:  # noqa: ARG002
        return y_true

    def _positions(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        each = self.sparse_y_pred and self.threshold is None  # then every pixel is a position
        return shape if each else super()._positions(shape)

    def _classes(self, values: Any, sparse: bool) -> Any:
        return ops.cast(values if sparse else ops.argmax(values, axis=self.axis), "int32")

    def sums(self, y_true: Any, y_pred: Any) -> Sums:
        """Return the entry of the confusion matrix for each pixel."""
        if self.threshold is not None:
            y_pred = ops.cast(y_pred >= self.threshold, "int32")
        true, said = same_rank(
            self._classes(y_true, self.sparse_y_true), self._classes(y_pred, self.sparse_y_pred)
        )
        if true.shape[1:] != said.shape[1:]:
            raise ValueError(
                f"{self.name}: targets and predictions must have the same number of pixels; got "
                f"{true.shape[1:]} and {said.shape[1:]} per row"
            )
        if self.threshold is None:
            true, said = ops.expand_dims(true, -1), ops.expand_dims(said, -1)
        known = ops.logical_and(true >= 0, true < self.num_classes)
        known = ops.logical_and(known, ops.logical_and(said >= 0, said < self.num_classes))
        if self.ignore_class is not None:
            known = ops.logical_and(known, ops.not_equal(true, self.ignore_class))
        places = ops.where(known, true * self.num_classes + said, -1)
        return Sums(
            ops.ones_like(ops.cast(places, "float32")), places, self.num_classes * self.num_classes
        )

    def value(self, state: NDArray[np.float64]) -> Any:
        """Return the mean over the classes that occur."""
        matrix = state.reshape(self.num_classes, self.num_classes)
        both = np.diag(matrix)
        either = matrix.sum(axis=0) + matrix.sum(axis=1) - both
        chosen = np.array(self.target_class_ids, dtype=int)
        shares = ratio(both, either)[chosen]
        return ratio(shares.sum(), np.count_nonzero(either[chosen] > 1e-9))


class BinaryIoU(IoU):
    """``TP / (TP + FP + FN)`` for two classes, with predicted probabilities of class 1.

    Parameters
    ----------
    target_class_ids : sequence of int, default (0, 1)
        The classes that are included.
    threshold : float, default 0.5
        Predictions of at least this value count as 1.
    name : str, default "binary_io_u"
        Key in the history; if that is in use, "binary_io_u_1" and so on.
    dtype : str, optional
        Accepted for compatibility with Keras; results are computed in float64.

    Examples
    --------
    >>> from lamina import metrics
    >>> round(metrics.BinaryIoU(threshold=0.3)([0, 1, 0, 1], [0.1, 0.2, 0.4, 0.7]), 6)
    0.333333
    """

    def __init__(
        self,
        target_class_ids: Sequence[int] = (0, 1),
        threshold: float = 0.5,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(2, target_class_ids, name, dtype)
        self.threshold = number("BinaryIoU", "threshold", threshold)


class MeanIoU(IoU):
    """``TP / (TP + FP + FN)``, averaged over all classes that occur.

    Parameters
    ----------
    num_classes : int
        Number of classes; values outside are ignored.
    name : str, default "mean_io_u"
        Key in the history; if that is in use, "mean_io_u_1" and so on.
    dtype : str, optional
        Accepted for compatibility with Keras; results are computed in float64.
    ignore_class : int, optional
        Pixels whose true class is this one are ignored.
    sparse_y_true, sparse_y_pred : bool, default True
        Whether targets, or predictions, are classes rather than one number per class.
    axis : int, default -1
        The axis of the classes, where they are not.

    Examples
    --------
    >>> from lamina import metrics
    >>> metrics.MeanIoU(num_classes=2)([0, 0, 1, 1], [0, 1, 1, 1]).__round__(4)
    0.5833
    """

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: str | None = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        classes = range(integer(type(self).__name__, "num_classes", num_classes))
        super().__init__(
            num_classes, classes, name, dtype, ignore_class, sparse_y_true, sparse_y_pred, axis
        )


class OneHotIoU(IoU):
    """`IoU` with one-hot targets, and predictions of one number per class.

    Parameters
    ----------
    num_classes : int
        Number of classes.
    target_class_ids : sequence of int
        The classes that are included.
    name : str, default "one_hot_io_u"
        Key in the history; if that is in use, "one_hot_io_u_1" and so on.
    dtype : str, optional
        Accepted for compatibility with Keras; results are computed in float64.
    ignore_class : int, optional
        Pixels whose true class is this one are ignored.
    sparse_y_pred : bool, default False
        Whether predictions are classes.
    axis : int, default -1
        The axis of the classes.

    Examples
    --------
    >>> from lamina import metrics
    >>> metrics.OneHotIoU(num_classes=2, target_class_ids=[1])(
    ...     [[1, 0], [0, 1], [0, 1]], [[0.9, 0.1], [0.6, 0.4], [0.2, 0.8]]
    ... )
    0.5
    """

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: str | None = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(
            num_classes, target_class_ids, name, dtype, ignore_class, False, sparse_y_pred, axis
        )


class OneHotMeanIoU(MeanIoU):
    """`MeanIoU` with one-hot targets, and predictions of one number per class.

    Parameters
    ----------
    num_classes : int
        Number of classes.
    name : str, default "one_hot_mean_io_u"
        Key in the history; if that is in use, "one_hot_mean_io_u_1" and so on.
    dtype : str, optional
        Accepted for compatibility with Keras; results are computed in float64.
    ignore_class : int, optional
        Pixels whose true class is this one are ignored.
    sparse_y_pred : bool, default False
        Whether predictions are classes.
    axis : int, default -1
        The axis of the classes.

    Examples
    --------
    >>> from lamina import metrics
    >>> metrics.OneHotMeanIoU(num_classes=2)(
    ...     [[1, 0], [0, 1], [0, 1]], [[0.9, 0.1], [0.6, 0.4], [0.2, 0.8]]
    ... )
    0.5
    """

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: str | None = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, name, dtype, ignore_class, False, sparse_y_pred, axis)
