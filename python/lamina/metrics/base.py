"""The base of all metrics, and of those that run as kernels."""

# ruff: noqa: ARG002 - a method that subclasses define names its arguments

from __future__ import annotations

from math import prod
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lamina._answers import is_own
from lamina._check import Array, cast, numeric
from lamina._names import snake_case
from lamina._settings import Configurable
from lamina.losses.base import check_real_target, check_rows, raise_at_first, real_array
from lamina.metrics.variables import MetricVariables
from lamina.metrics.watched import while_recorded


class Metric(MetricVariables, Configurable):
    """Base of all metrics, including user-defined ones.

    A subclass defines ``update_state`` and ``result``; `fit` and `evaluate` call it with the
    model's output after each batch.  Its sums are kept in variables, made by ``add_variable`` in
    the constructor, which ``reset_state`` resets; a metric with other state must also define
    ``reset_state``.  Arrays may be processed with ``lamina.ops`` or NumPy.

    Parameters
    ----------
    name : str, optional
        Key in the history; by default the class's ``name``, or the class name in snake case.
    dtype : str, optional
        Accepted for compatibility with Keras; results are computed in float64.

    Attributes
    ----------
    direction : {"up", "down", None}
        Whether larger or smaller values are better, for callbacks such as `EarlyStopping`.  With
        None, the default of user-defined metrics, they recognise well-known names such as "f1" or
        "mae".

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import metrics, ops
    >>> class Within(metrics.Metric):
    ...     direction = "up"
    ...     def __init__(self, limit=1.0, **options):
    ...         super().__init__(**options)
    ...         self.limit = limit
    ...         self.hits = self.add_variable(name="hits")
    ...         self.rows = self.add_variable(name="rows")
    ...     def update_state(self, y_true, y_pred, sample_weight=None):
    ...         near = ops.absolute(y_true - y_pred) <= self.limit
    ...         self.hits.assign_add(ops.sum(ops.cast(near, "float32")))
    ...         self.rows.assign_add(len(y_true))
    ...     def result(self):
    ...         return self.hits / self.rows
    >>> float(Within()(np.array([1.0, 2.0]), np.array([1.5, 4.0])))
    0.5
    """

    name: str = "metric"
    direction: str | None = None
    _in_python: ClassVar[bool] = False  # whether a user's class accumulates in Python

    def __init_subclass__(cls, **options: Any) -> None:
        """Name a class without a name, and let recorded steps call it."""
        super().__init_subclass__(**options)
        if not is_own(cls) and {"update_state", "result"} & vars(cls).keys():
            cls._in_python = True
        while_recorded(cls)
        if cls.name == "metric":
            cls.name = snake_case(cls.__name__)

    def __init__(self, name: str | None = None, dtype: str | None = None) -> None:
        if name is not None and not isinstance(name, str):
            raise TypeError(f"{type(self).__name__}: name must be a string; got {name!r}")
        self.name = name or self.default_name()
        self._own_name = None if name else self.name  # to which compile may add a number
        self._dtype = None if dtype is None else _type_of_numbers(type(self).__name__, dtype)

    @property
    def dtype(self) -> str:
        """The constructor's argument; by default "float64", in which sums are accumulated."""
        return self.__dict__.get("_dtype") or "float64"

    @classmethod
    def default_name(cls) -> str:
        """Return the default name."""
        return cls.name

    def reset_state(self) -> None:
        """Forget all rows seen: reset the variables."""
        self._reset_variables()

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any | None = None) -> None:
        """Add rows.

        Parameters
        ----------
        y_true : array_like of shape (rows, ...)
            Targets.
        y_pred : array_like of shape (rows, ...)
            Predictions.
        sample_weight : array_like of shape (rows,), optional
            Weight of each row.
        """
        raise TypeError(f"{type(self).__name__}: a metric must define update_state()")

    def result(self) -> float:
        """Return the metric over all rows seen since the last reset."""
        raise TypeError(f"{type(self).__name__}: a metric must define result()")

    def __call__(self, *rows: Any, **named: Any) -> float:
        """Add rows, as in ``update_state``; return the metric over all rows since the last reset.

        Arguments are ``y_true, y_pred, sample_weight=None`` for most metrics and ``values,
        sample_weight=None`` for means.
        """
        self.update_state(*rows, **named)
        return self.result()


_NOT_NUMPYS = ("bfloat16", "mixed_bfloat16", "mixed_float16")


def _type_of_numbers(who: str, dtype: Any) -> str:
    """Return the name of a numeric type, or that of one of Keras's policies."""
    name = getattr(dtype, "name", None) or getattr(dtype, "__name__", None) or str(dtype)
    try:
        known = name in _NOT_NUMPYS or np.dtype(name).kind in "biuf"
    except TypeError:
        known = False
    if not known:
        raise ValueError(
            f"{who}: dtype must be the name of a type of numbers, such as 'float32'; got {dtype!r}"
        )
    return str(name)


class KernelMetric(Metric):
    """A metric that is accumulated by a kernel: none of it runs in Python during a fit.

    Attributes
    ----------
    target_dtype : {"float", "int32"}
        The dtype of the target in the graph.
    """

    _plumbing: ClassVar[str] = (
        "check_target default_name hold kind parameter record takes target_dtype target_shape value"
    )
    kind: ClassVar[str]
    target_dtype: ClassVar[str] = "float"

    def __init__(self, name: str | None = None, dtype: str | None = None) -> None:
        super().__init__(name, dtype)
        self._state: NDArray[np.float64] | None = None
        self._cols = 0

    @classmethod
    def default_name(cls) -> str:
        """Return the default name."""
        return cls.kind

    @property
    def parameter(self) -> float:
        """The kernel's parameter: the threshold."""
        return 0.0

    def target_shape(self, prediction_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the target's shape for that of a prediction, both without the axis of rows."""
        return tuple(prediction_shape)

    def check_target(self, y: ArrayLike, prediction_shape: tuple[int, ...]) -> NDArray[Any]:
        """Return `y` in the target's shape, or raise an error that names the wrong row."""
        return check_real_target(self.name, y, self.target_shape(prediction_shape))

    def takes(self, shape: tuple[int, ...], dtype: str, prediction_shape: tuple[int, ...]) -> bool:
        """Return whether a graph's targets, with a row's shape and dtype, are supported."""
        wanted = "int32" if self.target_dtype == "int32" else "float"
        return dtype == wanted and prod(shape) == prod(self.target_shape(prediction_shape))

    def record(self, graph: Any, prediction: Any, target: Any, weight: Any | None = None) -> int:
        """Record the metric on a graph under construction; return its index there."""
        return int(
            graph.add_metric(self.kind, prediction, target, weight, parameter=self.parameter)
        )

    def reset_state(self) -> None:
        """Forget all rows seen."""
        self._state = None

    def _positions(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape of weights with one for each position, including the axis of rows."""
        return shape[:-1] if len(shape) > 1 else shape

    def _weights(self, weight: ArrayLike, shape: tuple[int, ...]) -> Array:
        array = numeric(self.name, "sample_weight", weight)
        positions = self._positions(shape)
        if array.ndim == 0:
            array = np.full(shape[:1], array)
        if array.shape in ((shape[0], 1), (*positions, 1)):
            array = array[..., 0]
        if array.shape not in (shape[:1], positions):
            raise ValueError(
                f"{self.name}: sample_weight must have shape {shape[:1]}, one weight per row, or "
                f"{positions}; got {array.shape}"
            )
        raise_at_first(self.name, "sample_weight", ~np.isfinite(array), array, "finite")
        return array

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
        from lamina import _core

        prediction = real_array(self.name, "y_pred", y_pred)
        target = self.check_target(y_true, prediction.shape[1:])
        check_rows(self.name, target, prediction)
        weight = None
        if sample_weight is not None:
            weight = self._weights(sample_weight, prediction.shape)
        if prediction.ndim == 1:  # one number per row is a row with one column
            prediction = prediction[:, np.newaxis]
            target = target if self.target_dtype == "int32" else target[:, np.newaxis]
        cols = prediction.shape[-1]
        if self._state is None:
            self._state, self._cols = _core.kernels.metric_state(self.kind, cols), cols
        elif self._cols not in (0, cols):
            raise ValueError(
                f"{self.name}: y_pred must have the same number of columns as before, "
                f"{self._cols}; got {cols}"
            )
        dtype = prediction.dtype
        if self.target_dtype != "int32":
            target = cast(target, dtype)
        if weight is not None:
            spread = weight.reshape(*weight.shape, *[1] * (prediction.ndim - 1 - weight.ndim))
            weight = cast(np.broadcast_to(spread, prediction.shape[:-1]), dtype)
        _core.kernels.metric_update(
            self.kind, self._state, target, prediction, weight, self.parameter
        )

    def hold(self, state: NDArray[np.float64]) -> None:
        """Take over a graph's sums for the rows seen since the last reset."""
        self._state, self._cols = np.array(state), 0

    def result(self, state: NDArray[np.float64] | None = None) -> float:
        """Return the metric over all rows seen, or for a graph's accumulated `state`."""
        state = self._state if state is None else state
        return 0.0 if state is None else float(self.value(np.asarray(state)))

    def value(self, state: NDArray[np.float64]) -> float:
        """Return the metric for the kernel's sums, {sum of w * value, sum of w}."""
        total, weights = float(state[0]), float(state[1])  # whose division does not warn
        return total / weights if weights else 0.0
