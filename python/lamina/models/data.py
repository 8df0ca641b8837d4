"""From what users pass to what the engine binds: x, y and weights, checked and converted once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina import _check
from lamina._check import Array, Shape
from lamina.losses import BinaryCrossentropy, CategoricalCrossentropy, Loss


@dataclass
class Data:
    """Arrays in the order of the training graph's inputs: x, y and, if any, one weight a row."""

    x: Array
    y: Array
    weight: Array | None

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.x)

    @property
    def arrays(self) -> list[Array]:
        """What ``Execution.bind`` takes."""
        return [self.x, self.y] if self.weight is None else [self.x, self.y, self.weight]


def shaped_input(who: str, x: object, shape: Shape | None, *, empty: bool = False) -> Array:
    """Return ``x`` as a numeric array of rows of ``shape``; nothing is converted yet.

    A vector is a column where the model takes one number a row, or takes any shape yet.
    """
    array = _check.numeric(who, "x", x)
    if array.ndim == 0:
        raise ValueError(f"{who}: x must have an axis of rows; got a single number")
    if array.ndim == 1 and shape in (None, (1,)):
        array = array[:, None]
    if shape is not None and array.shape[1:] != shape:
        raise ValueError(
            f"{who}: x has shape {array.shape}; the model needs {_check.show_shape(shape)}"
            f"{_hint(array.shape, shape)}"
        )
    if len(array) == 0 and not empty:
        raise ValueError(f"{who}: x must have at least one row; got shape {array.shape}")
    if 0 in array.shape[1:]:
        raise ValueError(f"{who}: x must have columns; got shape {array.shape}")
    return array


def _hint(got: Shape, needed: Shape) -> str:
    if got == needed:
        return "; one row is x[None]"
    if len(got) > 1 and int(np.prod(got[1:])) == int(np.prod(needed)):
        return f"; x.reshape{(-1, *needed)} or a layers.Reshape would fit"
    return ""


def converted_input(who: str, x: object, array: Array, dtype: str) -> Array:
    """Return the shaped input in the model's dtype, finite.  ``x`` may know column names."""
    source = x if hasattr(x, "columns") and np.ndim(array) == 2 else array
    return _check.floats(who, "x", source, dtype)


def target(who: str, y: object, rows: int, loss: Loss, output: Shape, dtype: str) -> Array:
    """Return ``y`` as the loss's target."""
    array = _check.numeric(who, "y", y)
    if array.ndim == 0:
        raise ValueError(f"{who}: y must have an axis of rows; got a single number")
    if len(array) != rows:
        raise ValueError(f"{who}: x and y must have as many rows; got {rows} and {len(array)}")
    fitted = loss.check_target(array, output)
    if loss.target_dtype == "int32":
        return np.require(fitted, np.int32, ["C", "A"])
    return _check.floats(who, "y", fitted, dtype)


def labels(loss: Loss, y: Array) -> Array | None:
    """Return one class number a row for the losses of classes, None for all others."""
    if loss.target_dtype == "int32" and y.ndim == 1:
        return y.astype(np.int64)
    if isinstance(loss, CategoricalCrossentropy) and y.ndim == 2:
        return np.asarray(y.argmax(axis=1), dtype=np.int64)
    if isinstance(loss, BinaryCrossentropy) and y[:1].size == 1:
        flat = y.reshape(-1)
        if np.isin(flat, (0, 1)).all():
            return flat.astype(np.int64)
    return None


def row_weights(
    who: str,
    sample_weight: object,
    class_weight: object,
    y: Array,
    loss: Loss,
    output: Shape,
    dtype: str,
    trained: Array | None = None,
) -> Array | None:
    """Return sample weights times class weights, one for each row (or position), or None.

    Class weights are for training: given the rows ``trained``, they are counted over these and
    change these alone.
    """
    if sample_weight is None and class_weight is None:
        return None
    positions = output[:-1]
    weight: Array = np.ones(len(y))
    if sample_weight is not None:
        weight = _check.floats(who, "sample_weight", sample_weight, "float64")
        if weight.shape == (len(y), 1):
            weight = weight[:, 0]
        if weight.shape not in ((len(y),), (len(y), *positions)):
            raise ValueError(
                f"{who}: sample_weight must have shape ({len(y)},), one weight a row; "
                f"got {weight.shape}"
            )
    if class_weight is not None:
        factors = _class_weights(who, class_weight, labels(loss, y), y, loss, output, trained)
        weight = weight * factors.reshape(-1, *[1] * (weight.ndim - 1))
    if (weight < 0).any():
        row = int(np.argwhere(weight < 0)[0][0])
        raise ValueError(f"{who}: sample_weight must be >= 0; got {weight.min()} (row {row})")
    if not (weight if trained is None else weight[trained]).any():
        raise ValueError(f"{who}: sample_weight must not be 0 for every row that is trained on")
    spread = weight.reshape(*weight.shape, *[1] * (1 + len(positions) - weight.ndim))
    whole: Array = np.require(np.broadcast_to(spread, (len(y), *positions)), dtype, ["C", "A"])
    return whole


def _class_weights(
    who: str,
    weights: object,
    classes: Array | None,
    y: Array,
    loss: Loss,
    output: Shape,
    trained: Array | None,
) -> Array:
    if classes is None:
        raise ValueError(
            f"{who}: class_weight needs one class a row; loss {loss.name} with y of shape "
            f"{y.shape} has none (use sample_weight)"
        )
    count = 2 if isinstance(loss, BinaryCrossentropy) else output[-1]
    factors = np.ones(count)
    if isinstance(weights, str) and weights == "balanced":
        sizes = np.bincount(classes if trained is None else classes[trained], minlength=count)
        present = sizes > 0
        factors[present] = sizes.sum() / (present.sum() * sizes[present])
    elif isinstance(weights, Mapping):
        for label, value in weights.items():
            index = _check.integer(who, "class_weight's label", label, 0)
            if index >= count:
                raise ValueError(
                    f"{who}: class_weight's labels must be in [0, {count}); got {label}"
                )
            factors[index] = _check.number(who, f"class_weight[{label}]", value, 0.0)
    else:
        raise TypeError(
            f"{who}: class_weight must be a dict of label to weight or 'balanced'; got {weights!r}"
        )
    if trained is None:
        return factors[classes]
    result = np.ones(len(classes))
    result[trained] = factors[classes[trained]]
    return result


def prepare(
    who: str,
    model: Any,
    x: object,
    y: object,
    sample_weight: object = None,
    class_weight: object = None,
) -> Data:
    """Return checked data for a compiled model, built or not; the model is not changed."""
    array = shaped_input(who, x, model.row_shape)
    output = model.output_row_shape(array.shape[1:])
    loss = model.compiled(who).loss
    if not model.built:  # refuse metrics that do not fit before there are weights
        model.compiled(who).resolve(output)
    goal = target(who, y, len(array), loss, output, model.dtype)
    weight = row_weights(who, sample_weight, class_weight, goal, loss, output, model.dtype)
    return Data(converted_input(who, x, array, model.dtype), goal, weight)


def batch_rows(who: str, name: str, value: object, rows: int, default: int | None = None) -> int:
    """Return a batch size of at most ``rows``; None stands for ``default``, or for all rows."""
    if value is None:
        return min(rows if default is None else default, rows)
    return min(_check.integer(who, name, value), rows)
