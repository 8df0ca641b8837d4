"""The base of all losses: checks of the target, recording, and evaluation on plain arrays."""

# ruff: noqa: ARG002 - a method that subclasses define names its arguments

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lamina import _check
from lamina._answers import is_own
from lamina._calls import answering_calls
from lamina._check import cast, numeric
from lamina._names import snake_case
from lamina._settings import Configurable
from lamina._tensors import dispatch
from lamina.losses import called

if TYPE_CHECKING:
    from lamina._tensors import Tensor
    from lamina.layers.base.node import SymbolicTensor

REDUCTION = "sum_over_batch_size"
REDUCTIONS = (REDUCTION, "mean", "sum", "mean_with_sample_weight", "none", None)


class Loss(Configurable):
    """Base of all losses, including user-defined ones.

    A subclass defines ``call(self, y_true, y_pred)``, written with ``lamina.ops``, which returns
    one value for each row, or for each position of a row, or a single number.

    Parameters
    ----------
    name : str, optional
        Shown in errors and tables; by default the class name in snake case.
    reduction : {"sum_over_batch_size", "mean", "sum", "mean_with_sample_weight", "none", None}
        How the values are combined: the sum of weight times value divided by the number of values
        (the default, also "mean"), the sum, or the sum divided by the sum of the weights; see
        `lamina.losses`.  "none" and None leave the values uncombined, which cannot be used for
        training.
    dtype : {"float32", "float64"}, optional
        Accepted for compatibility with Keras; the loss has the dtype of the predictions.

    Attributes
    ----------
    name : str
        Keras's name, shown in errors and tables.
    target_dtype : {"float", "int32"}
        The dtype of the target in the graph.
    from_logits : bool
        Whether predictions are those before the sigmoid or softmax.

    Examples
    --------
    >>> from lamina import losses, ops
    >>> class Fourth(losses.Loss):
    ...     def call(self, y_true, y_pred):
    ...         return ops.mean((y_true - y_pred) ** 4, axis=-1)
    >>> Fourth()([[0.0], [1.0]], [[1.0], [3.0]])
    8.5
    """

    _plumbing: ClassVar[str] = (
        "by_call by_kernel calls check_target free_target graph_reduction kind parameter record "
        "target_dtype target_shape term weighs"
    )
    kind: ClassVar[str] = ""
    target_dtype: ClassVar[str] = "float"
    calls: ClassVar[bool] = False  # whether `call` records it; found per class, as the next
    free_target: ClassVar[bool] = False  # whether targets may differ in shape from predictions
    weighs: ClassVar[bool] = False  # whether it has its own `__call__`, which takes weights
    name: str = ""
    from_logits: bool = False
    reduction: str | None = REDUCTION
    dtype: str | None = None

    def __init_subclass__(cls, **options: Any) -> None:
        """Determine how the class is written: with ``call``, or for a kernel."""
        super().__init_subclass__(**options)
        if not cls.name and not is_own(cls):
            cls.name = snake_case(cls.__name__)
        own = ("call", "__call__", "record", "kind")
        writer = next((base for base in cls.__mro__ if any(n in vars(base) for n in own)), Loss)
        cls.weighs = "__call__" in vars(writer) and not is_own(writer)
        cls.calls = cls.weighs or (
            "call" in vars(writer) and not any(n in vars(writer) for n in own[2:])
        )
        if cls.calls and not is_own(writer):
            cls.free_target = True

    def __init__(
        self, name: str | None = None, reduction: str | None = REDUCTION, dtype: Any = None
    ) -> None:
        self._init(reduction, name, dtype)

    def _init(self, reduction: str | None, name: str | None, dtype: Any = None) -> None:
        who = type(self).__name__
        self.dtype = None if dtype is None else _check.dtype(who, dtype)
        if reduction not in REDUCTIONS:
            known = ", ".join(map(repr, REDUCTIONS))
            raise ValueError(f"{who}: reduction must be one of {known}; got {reduction!r}")
        if name is not None and not isinstance(name, str):
            raise TypeError(f"{who}: name must be a string; got {name!r}")
        self.reduction = reduction
        self.name = name or self.kind or type(self).name

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss of each row, or position of a row; to be overridden by subclasses.

        Parameters
        ----------
        y_true : Tensor of shape (rows, ...)
            Targets, as floats.
        y_pred : Tensor of shape (rows, ...)
            Predictions.
        """
        raise TypeError(f"{type(self).__name__}: a subclass of Loss must define call()")

    def target_shape(self, prediction_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the target's shape for that of a prediction, both without the axis of rows."""
        return tuple(prediction_shape)

    def check_target(self, y: ArrayLike, prediction_shape: tuple[int, ...]) -> NDArray[Any]:
        """Return `y` in the target's shape, or raise an error that names the row that does not fit.

        A missing or additional last axis of size 1 is corrected; the dtype is kept.

        Parameters
        ----------
        y : array_like of shape (rows, ...)
            Targets, real and finite.
        prediction_shape : tuple of int
            Shape of one row's prediction.

        Returns
        -------
        ndarray of shape (rows, *target_shape)

        Raises
        ------
        TypeError
            If `y` does not hold real numbers.
        ValueError
            If its shape does not fit or a value is NaN, infinite or outside the loss's range.
        """
        if self.free_target:
            return check_free_target(self.name, y)
        return check_real_target(self.name, y, self.target_shape(prediction_shape))

    @property
    def parameter(self) -> float:
        """The kernel's parameter: Huber's delta, or the label smoothing."""
        return 0.0

    @property
    def by_kernel(self) -> bool:
        """Whether the loss, with its settings, is computed by a kernel."""
        return bool(self.kind)

    @property
    def by_call(self) -> bool:
        """Whether it is recorded by ``call``, as no kernel supports it or its settings."""
        return self.calls or (bool(self.kind) and not self.by_kernel)

    @property
    def graph_reduction(self) -> str:
        """The graph's name for the reduction of the values that ``term`` returns."""
        return "mean" if self.weighs else called.ON_GRAPH.get(self.reduction, "mean")

    def record(self, graph: Any, prediction: Any, target: Any) -> Any:
        """Record the loss on a graph under construction; return the tensor of its values."""
        if not self.by_kernel:
            return called.recorded(self, graph, prediction, target).value
        return graph.loss(
            self.kind, prediction, target, self.parameter, self.from_logits, name=self.name
        )

    def term(
        self, graph: Any, prediction: Any, target: Any, weight: Any = None, mask: Any = None
    ) -> tuple[Any, Any, Any]:
        """Record the loss of a model's output; return values, weights and mask that fit them."""
        if not self.by_call and self.reduction not in called.SEVERAL:
            return self.record(graph, prediction, target), weight, mask
        return called.term(self, graph, prediction, target, weight, mask)

    @overload
    def __call__(
        self, y_true: Any, y_pred: Tensor | SymbolicTensor, sample_weight: Any = None
    ) -> Any: ...
    @overload
    def __call__(
        self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> float: ...
    @answering_calls
    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Return the loss as one number: a float for arrays, a tensor for tensors.

        Parameters
        ----------
        y_true : array_like of shape (rows, *target_shape)
            Targets.
        y_pred : array_like of shape (rows, ...)
            Predictions; float32 is computed in float32, everything else in float64.
        sample_weight : array_like of shape (rows,), optional
            Weight of each row, or in the shape of the losses one for each position of a row; axes
            of size 1 are broadcast.

        Returns
        -------
        float
            For tensors a tensor without axes; with the reduction "none", one value per row.
        """
        if dispatch.on_tensors(y_true, y_pred, sample_weight):
            return called.reduced(self, y_true, y_pred, sample_weight)
        if self.by_call or self.reduction not in called.MEANS:
            return called.at_once(self, y_true, y_pred, sample_weight)
        prediction = real_array(self.name, "y_pred", y_pred)
        shape = prediction.shape[1:]
        target = self.check_target(y_true, shape)
        check_rows(self.name, target, prediction)
        if sample_weight is None:
            return _evaluate(self, target, prediction, None)
        weight = check_weight(self.name, sample_weight)
        if weight.shape not in (target.shape[:1], (*target.shape[:1], 1)):
            return called.at_once(self, y_true, y_pred, weight)
        return _evaluate(self, target, prediction, weight.reshape(-1))


def _evaluate(
    loss: Loss, target: NDArray[Any], prediction: NDArray[Any], weight: NDArray[Any] | None
) -> float:
    from lamina import _core

    dtype = prediction.dtype.name
    graph = _core.Graph(dtype)
    target = cast(target, "int32" if loss.target_dtype == "int32" else dtype)
    arrays = [prediction, target]
    p = graph.input(prediction.shape[1:], name="y_pred")
    t = graph.input(target.shape[1:], name="y_true", dtype=loss.target_dtype)
    w = None
    if weight is not None:
        arrays.append(cast(weight, dtype))
        w = graph.input((), name="sample_weight")  # one per row, for all its positions
    graph.add_loss(loss.record(graph, p, t), w)
    graph.build()
    execution = _core.Execution(graph, prediction.shape[0], False)
    execution.bind(arrays)
    return float(execution.test(None, 0, prediction.shape[0]))


def real_array(who: str, name: str, values: ArrayLike) -> NDArray[Any]:
    """Return a C-contiguous float32 or float64 array with at least one row."""
    array = numeric(who, name, values)
    if array.ndim == 0 or array.shape[0] == 0:
        raise ValueError(f"{who}: {name} must have at least one row; got shape {array.shape}")
    return cast(array, "float32" if array.dtype == np.float32 else "float64")


def check_rows(who: str, target: NDArray[Any], prediction: NDArray[Any]) -> None:
    """Raise unless targets and predictions have the same number of rows."""
    if target.shape[0] != prediction.shape[0]:
        raise ValueError(
            f"{who}: y_true and y_pred must have the same number of rows; "
            f"got {target.shape[0]} and {prediction.shape[0]}"
        )


def check_weight(who: str, weight: ArrayLike) -> NDArray[Any]:
    """Return finite float64 weights."""
    array = cast(numeric(who, "sample_weight", weight), np.float64)
    raise_at_first(who, "sample_weight", ~np.isfinite(array), array, "finite")
    return array


def fit_shape(who: str, y: NDArray[Any], shape: tuple[int, ...], hint: str = "") -> NDArray[Any]:
    """Return `y` with rows of `shape`, adding or dropping a last axis of size 1."""
    if y.ndim >= 1:
        if y.shape[1:] == shape:
            return y
        if y.shape[1:] == (*shape, 1) or (*y.shape[1:], 1) == shape:
            return y.reshape(y.shape[0], *shape)
    if not hint and len(shape) > max(1, y.ndim - 1) and y.shape[1:] in ((), shape[-1:], (1,)):
        hint = (
            f"; the model predicts at {shape[:-1]} positions of a row: a Flatten, global "
            f"pooling, or return_sequences=False in the last recurrent layer reduces them to one"
        )
    needed = ", ".join(["rows", *map(str, shape)])
    raise ValueError(
        f"{who}: y must have shape ({needed}{',' if not shape else ''}) to match the prediction; "
        f"got {y.shape}{hint}"
    )


def raise_at_first(
    who: str, name: str, bad: NDArray[Any], values: NDArray[Any], rule: str, hint: str = ""
) -> None:
    """Raise ValueError for the first True in `bad`, naming row, column and value."""
    if not bad.any():
        return
    place = np.unravel_index(int(np.argmax(bad)), bad.shape)
    column = f", column {', '.join(str(int(i)) for i in place[1:])}" if len(place) > 1 else ""
    raise ValueError(
        f"{who}: {name} must be {rule}; got {values[place].item()} in row {int(place[0])}{column}"
        f"{hint}"
    )


def _coding(y: NDArray[Any]) -> str:
    """Return a guess of how values outside [0, 1] are coded, for error messages."""
    if y.size == len(y) and (y == np.floor(y)).all():
        codes = np.unique(y)
        if codes.tolist() == [-1, 1]:
            return "; (y + 1) / 2 is coded 0 and 1"
        if codes.tolist() == [1, 2]:
            return "; y - 1 is coded 0 and 1"
        if 2 < len(codes) <= 1000 and codes[0] in (0, 1):
            return (
                "; more than two classes need as many units, softmax and "
                "sparse_categorical_crossentropy"
            )
    return "; y / 255 is in the range" if y.min() >= 0 and 1 < y.max() <= 255 else ""


def check_free_target(who: str, y: ArrayLike) -> NDArray[Any]:
    """Return targets in their own shape, which must be finite; integers become int32."""
    array = numeric(who, "y", y)
    if array.dtype.kind == "f":
        raise_at_first(who, "y", ~np.isfinite(array), array, "finite")
        return array
    raise_at_first(who, "y", (array < -(2**31)) | (array >= 2**31), array, "within int32")
    return cast(array, np.int32)


def check_real_target(
    who: str,
    y: ArrayLike,
    shape: tuple[int, ...],
    *,
    low: float = -np.inf,
    high: float = np.inf,
    noise: float = 0.0,
    hint: str = "",
) -> NDArray[Any]:
    """Return real targets in `shape`, finite, and by less than `noise` outside [low, high]."""
    array = numeric(who, "y", y)
    array = fit_shape(who, array, shape, hint)
    if array.dtype.kind == "f":
        raise_at_first(who, "y", ~np.isfinite(array), array, "finite")
    if np.isfinite(low) or np.isfinite(high):
        rule = f"in [{low:g}, {high:g}]{hint}"
        bad = (array < low) | (array > high)
        if noise and bad.any():
            bad = (array <= low - noise) | (array >= high + noise)
            rule = f"in [{low:g}, {high:g}], with noise of less than {noise:g}{hint}"
        raise_at_first(who, "y", bad, array, rule, _coding(array) if bad.any() else "")
    return array
