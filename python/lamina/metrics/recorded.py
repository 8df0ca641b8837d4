"""Metrics written with ``lamina.ops``, recorded on a model's graph and run by it."""

# ruff: noqa: ARG002 - a method that subclasses define names its arguments

from __future__ import annotations

from contextlib import nullcontext
from math import prod
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lamina import _core
from lamina._check import Array, cast, numeric
from lamina._names import snake_case
from lamina._tensors import Recording, Tensor
from lamina.losses.base import check_rows, fit_shape, raise_at_first, real_array
from lamina.metrics.base import KernelMetric

BLOCK = 1 << 14  # maximum number of rows of arrays at a time


class Sums(NamedTuple):
    """The contributions of a batch; see ``RecordedMetric.sums``."""

    amounts: Tensor
    places: Tensor | None
    size: int


class RecordedMetric(KernelMetric):
    """Base of the metrics that are functions of sums over all rows.

    A subclass defines ``sums``, written with ``lamina.ops``, and ``value``.  In a fit the model's
    own graph computes the sums, on its threads and in float64, and nothing runs in Python.

    Attributes
    ----------
    target_dtype : {"float", "int32", "any"}
        The kind of targets: values of the shape of the predictions, labels without the last axis,
        or either of these.

    Examples
    --------
    The mean error, positive if predictions are too large:

    >>> from lamina import metrics, ops
    >>> class Bias(metrics.RecordedMetric):
    ...     def sums(self, y_true, y_pred):
    ...         error = ops.mean(y_pred - y_true, axis=-1)
    ...         return ops.stack([error, ops.ones_like(error)], axis=-1), None, 2
    ...     def value(self, state):
    ...         return state[0] / state[1]
    >>> Bias()([1.0, 2.0], [2.0, 2.5])
    0.75
    """

    _plumbing: ClassVar[str] = "sums fixed"

    def __init__(self, name: str | None = None, dtype: str | None = None) -> None:
        super().__init__(name, dtype)
        self._runs: dict[Any, tuple[_core.Execution, int]] = {}

    @classmethod
    def default_name(cls) -> str:
        """Return the default name."""
        return snake_case(cls.__name__)

    def sums(self, y_true: Tensor, y_pred: Tensor) -> tuple[Tensor, Tensor | None, int]:
        """Return the amounts that rows add, the indices of the sums, and the number of sums.

        Parameters
        ----------
        y_true : Tensor of shape (rows, ..., columns), or without columns
            Targets, of the dtype given by ``target_dtype``.
        y_pred : Tensor of shape (rows, ..., columns)
            Predictions.

        Returns
        -------
        amounts : Tensor of shape (rows, ..., columns)
            Each is multiplied by the weight of its row or position and added to one of the sums.
        places : Tensor of int of the same shape, or None
            Indices of the sums; None: the index of the column.  Indices outside are ignored.
        size : int
            The number of sums.
        """
        raise TypeError(f"{type(self).__name__}: a metric must define sums()")

    def value(self, state: NDArray[np.float64]) -> Any:
        """Return the metric computed from the sums."""
        raise TypeError(f"{type(self).__name__}: a metric must define value()")

    def target_shape(self, prediction_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the target's shape for that of a prediction, both without the axis of rows."""
        cut = self.target_dtype == "int32"
        return tuple(prediction_shape[:-1] if cut else prediction_shape)

    def takes(self, shape: tuple[int, ...], dtype: str, prediction_shape: tuple[int, ...]) -> bool:
        """Return whether a graph's targets, with a row's shape and dtype, are supported."""
        if self.target_dtype == "any":
            return prod(shape) in (prod(prediction_shape), prod(prediction_shape[:-1]))
        if self.target_dtype == "int32":
            return super().takes(shape, dtype, prediction_shape)
        return prod(shape) == prod(prediction_shape)

    def check_target(self, y: ArrayLike, prediction_shape: tuple[int, ...]) -> NDArray[Any]:
        """Return `y` in the target's shape, or raise an error that names the wrong row."""
        array = numeric(self.name, "y", y)
        shape = tuple(prediction_shape)
        labels = self.target_dtype == "int32" or (
            self.target_dtype == "any" and prod(array.shape[1:]) != prod(shape)
        )
        array = fit_shape(self.name, array, shape[:-1] if labels else shape)
        if array.dtype.kind == "f":
            raise_at_first(self.name, "y", ~np.isfinite(array), array, "finite")
        if labels and array.dtype.kind == "f":
            raise_at_first(self.name, "y", array != np.floor(array), array, "integer labels")
        return cast(array, "int32") if labels else array

    def record(self, graph: Any, prediction: Any, target: Any, weight: Any | None = None) -> int:
        """Record the metric on a graph under construction; return its index there."""
        from lamina import ops

        recording = Recording.of(graph)
        now = recording if Recording.current() is not recording else nullcontext()
        with now, recording.within(self.name):
            y_true, y_pred = Tensor(recording, target), Tensor(recording, prediction)
            if y_pred.ndim == 1:  # one number per row is a row with one column
                y_pred = ops.expand_dims(y_pred, -1)
            made = Sums(*self.sums(self._fitted(y_true, y_pred), y_pred))
        places = None if made.places is None else made.places.value
        return int(graph.add_sums(made.amounts.value, places, weight, made.size))

    def _fitted(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return the targets in the shape in which they are passed to `sums`."""
        from lamina import ops

        labels = self.target_dtype == "int32" or (
            self.target_dtype == "any" and y_true.dtype == "int32" and y_pred.shape[-1] > 1
        )
        wanted = y_pred.shape[1:-1] if labels else y_pred.shape[1:]
        y_true = ops.reshape(y_true, (-1, *wanted))
        return y_true if labels else ops.cast(y_true, "float32")

    def update_state(
        self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> None:
        """Add rows.

        Parameters
        ----------
        y_true : array_like of shape (rows, ...)
            Targets.
        y_pred : array_like of shape (rows, ...)
            Predictions; float32 is computed in float32, everything else in float64.
        sample_weight : array_like of shape (rows,), or one weight per position, optional

        Raises
        ------
        TypeError, ValueError
            If an argument does not hold real numbers or does not fit the others.
        """
        prediction = real_array(self.name, "y_pred", y_pred)
        target = self.check_target(y_true, prediction.shape[1:])
        check_rows(self.name, target, prediction)
        arrays = [
            prediction,
            target if target.dtype == np.int32 else cast(target, prediction.dtype),
        ]
        if sample_weight is not None:
            arrays.append(cast(self._weights(sample_weight, prediction.shape), prediction.dtype))
        state = self._sums_of(arrays)
        if self._state is not None and self._state.shape != state.shape:
            raise ValueError(
                f"{self.name}: y_pred must have the same number of columns as before; got "
                f"{prediction.shape[-1] if prediction.ndim > 1 else 1}"
            )
        self._state = state if self._state is None else self._state + state

    def _sums_of(self, arrays: list[Array]) -> NDArray[np.float64]:
        key = tuple((a.shape[1:], a.dtype.str) for a in arrays), self._settings_seen()
        rows = min(len(arrays[0]), BLOCK)
        if key not in self._runs or self._runs[key][1] < rows:
            self._runs = {key: (self._recorded(arrays, rows), rows)}
        run, _ = self._runs[key]
        run.reset()
        run.bind(arrays)
        for start in range(0, len(arrays[0]), rows):
            run.test(None, start, min(start + rows, len(arrays[0])))
        run.unbind()
        return np.array(run.metrics[0])

    def _settings_seen(self) -> int:
        from lamina._settings import version

        return version(self)

    def _recorded(self, arrays: list[Array], rows: int) -> _core.Execution:
        prediction, target, *weight = arrays
        graph = _core.Graph(prediction.dtype.name)
        recording = Recording(graph)
        p = graph.input(prediction.shape[1:], name="y_pred")
        kind = "int32" if target.dtype == np.int32 else "float"
        t = graph.input(target.shape[1:], name="y_true", dtype=kind)
        w = graph.input(weight[0].shape[1:], name="sample_weight") if weight else None
        with recording:
            self.record(graph, p, t, w)
        graph.build()
        return _core.Execution(graph, rows, False)

    def __getstate__(self) -> dict[str, Any]:
        """Return the attributes without recordings."""
        return {**self.__dict__, "_runs": {}}

    def result(self, state: NDArray[np.float64] | None = None) -> Any:
        """Return the metric over all rows seen, or for a graph's accumulated `state`."""
        state = self._state if state is None else state
        if state is None:
            return 0.0
        with np.errstate(all="ignore"):
            value = np.asarray(self.value(np.asarray(state)), np.float64)
        return float(value) if value.ndim == 0 else value


def ratio(part: Any, whole: Any) -> Any:
    """Return part / whole, and 0 where it is undefined."""
    whole = np.asarray(whole, np.float64)
    return np.where(whole != 0, part / np.where(whole != 0, whole, 1.0), 0.0)


class MeanOfFunction(RecordedMetric):
    """Base of the metrics that are weighted means of a function of targets and predictions.

    Attributes
    ----------
    function : str
        The location of the function: ``"losses:hinge"``, or ``"metrics.functions:accuracy"``.
    settings : tuple of str
        The metric's arguments that are passed to the function.
    """

    _plumbing: ClassVar[str] = "function settings"
    function: ClassVar[str]
    settings: ClassVar[tuple[str, ...]] = ()

    def _values(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return one value per position, or several, which are averaged."""
        import importlib

        room, _, name = self.function.partition(":")
        function = getattr(importlib.import_module(f"lamina.{room}"), name)
        made: Tensor = function(
            y_true, y_pred, **{name: getattr(self, name) for name in self.settings}
        )
        return made

    def sums(self, y_true: Tensor, y_pred: Tensor) -> Sums:
        """Return the values, and the same number of ones."""
        from lamina import ops

        made = self._values(y_true, y_pred)
        values = ops.cast(made, "float32")
        counts = ops.ones_like(values)
        if made.mask is not None:  # positions that the function leaves out
            counts = ops.cast(made.mask, "float32")
            values = values * counts
        if values.ndim == y_pred.ndim:
            values, counts = ops.mean(values, axis=-1), ops.mean(counts, axis=-1)
        return Sums(ops.stack([values, counts], axis=-1), None, 2)

    def value(self, state: NDArray[np.float64]) -> Any:
        """Return the mean."""
        return ratio(state[0], state[1])
