"""Users' targets and weights, checked and converted once."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from lamina import _check
from lamina._arrays import column_names, is_array, ndim_of
from lamina._check import Array, Shape
from lamina.data.unread import Mapped, unread
from lamina.losses import BinaryCrossentropy, CategoricalCrossentropy, Loss
from lamina.models.data.inputs import Port
from lamina.models.data.reading import Reading
from lamina.models.data.rows import gathered


def target(
    who: str, y: object, rows: int, loss: Loss, output: Shape, dtype: str, name: str = "y"
) -> Any:
    """Return ``y`` as the loss's target; a large memory map is checked when it is read."""
    later = unread(y)
    if isinstance(later, Mapped):
        return _read_later(who, later, rows, loss, output, dtype, name)
    array = _check.numeric(who, name, y)
    columns = column_names(y)
    if columns is not None:  # before the loss, which does not know the names
        _check.floats(who, name, array, "float64", columns=columns)
    check_axis(who, name, array)
    _check_rows(who, name, rows, len(array))
    try:
        fitted = loss.check_target(array, output)
    except (ValueError, TypeError) as error:
        raise (error if name == "y" else type(error)(f"{who}: {name}: {error}")) from None
    if loss.target_dtype == "int32":
        return _check.cast(fitted, np.int32)
    if fitted.dtype == np.int32 and loss.free_target:
        return np.ascontiguousarray(fitted)
    return _check.floats(who, name, fitted, dtype)


def _check_rows(who: str, name: str, rows: int, got: int) -> None:
    if got != rows:
        raise ValueError(
            f"{who}: x and {name} must have the same number of rows; got {rows} and {got}"
        )


def _read_later(
    who: str, later: Mapped, rows: int, loss: Loss, output: Shape, dtype: str, name: str
) -> Reading:
    """Return targets that are checked and converted when their rows are read."""
    _check_rows(who, name, rows, len(later))

    def convert(name: str, array: Array, numbers: Array) -> Array:
        try:
            made: Array = target(who, array, len(array), loss, output, dtype, name)
        except (ValueError, TypeError):
            for row, number in zip(array, numbers.tolist(), strict=True):
                try:
                    target(who, row[None], 1, loss, output, dtype, name)
                except (ValueError, TypeError) as error:  # for the single row that it knows
                    said = re.sub(r"\brow 0\b", f"row {number}", str(error))
                    raise type(error)(said) from None
            raise
        return made

    first = convert(name, later.take(np.arange(1)), np.arange(1))
    shape = (len(later), *first.shape[1:])
    return Reading(later, convert, name, first.dtype.name, shape)


def check_axis(who: str, name: str, array: Array) -> None:
    """Raise ValueError if the targets are a number instead of rows."""
    if array.ndim == 0:
        raise ValueError(f"{who}: {name} must have an axis of rows; got a single number")


def labels(loss: Loss, y: Array | Reading) -> Array | None:
    """Return one class number per row for losses with classes, None for all others."""
    if isinstance(y, Reading):
        return _of_pieces(y, lambda piece: labels(loss, piece))
    if loss.target_dtype == "int32" and y.ndim == 1:
        return y.astype(np.int64)
    if isinstance(loss, CategoricalCrossentropy) and y.ndim == 2:
        return np.asarray(y.argmax(axis=1), dtype=np.int64)
    if isinstance(loss, BinaryCrossentropy) and y[:1].size == 1:
        flat = y.reshape(-1)
        if np.isin(flat, (0, 1)).all():
            return flat.astype(np.int64)
    if loss.calls:
        return _likely_labels(y)
    return None


def _of_pieces(y: Reading, function: Callable[[Array], Array | None]) -> Array | None:
    found = []
    for piece in y.pieces():
        part = function(piece)
        if part is None:
            return None
        found.append(part)
    return np.concatenate(found)


def _likely_labels(y: Array) -> Array | None:
    """Return the class of each row, for a loss that does not define the meaning of targets."""
    if y[:1].size == 1:
        classes = _whole(y.reshape(-1))
        return None if classes is None or (classes < 0).any() else classes
    return _hot(y) if y.ndim == 2 else None


def _whole(y: Array) -> Array | None:
    return y.astype(np.int64) if (y % 1 == 0).all() else None


def _hot(y: Array) -> Array | None:
    """Return the indices of the ones along the last axis, if each position has a single one."""
    if np.isin(y, (0, 1)).all() and (y.sum(axis=-1) == 1).all():
        return np.asarray(y.argmax(axis=-1), dtype=np.int64)
    return None


def _weighed_labels(loss: Loss | None, y: Array | Reading, output: Shape) -> Array | None:
    """Return the class of each row or position for ``class_weight``; None if there are none.

    Integers are treated as classes under any loss: in a regression of counts, say, or of -1 and 1.
    As in Keras, outcomes with noise count as the nearest class.
    """
    if isinstance(y, Reading):
        return _of_pieces(y, lambda piece: _weighed_labels(loss, piece, output))
    if isinstance(loss, BinaryCrossentropy) and y.dtype.kind == "f":
        y = np.round(y)
    if y[:1].size == 1:
        return _whole(y.reshape(-1))
    if y.shape[1:] == output[:-1]:
        return _whole(y)
    if y.shape[1:] == (*output[:-1], 1):
        return _whole(y[..., 0])
    if y.shape[1:] != output:
        return None
    if isinstance(loss, CategoricalCrossentropy):
        return np.asarray(y.argmax(axis=-1), dtype=np.int64)
    return _hot(y)


def row_weights(
    who: str,
    sample_weight: object,
    class_weight: object,
    y: Array,
    loss: Loss,
    output: Shape,
    dtype: str,
    trained: Array | None = None,
    name: str = "sample_weight",
) -> Array | None:
    """Return sample weights times class weights, one for each row (or position), or None.

    Class weights are for training: given the rows ``trained``, classes are counted over these,
    and only their weights are changed.
    """
    if sample_weight is None and class_weight is None:
        return None
    positions = output[:-1]
    weight: Array = np.ones(len(y))
    if sample_weight is not None:
        weight = _check.floats(who, name, sample_weight, "float64")
        if weight.shape == (len(y), 1):
            weight = weight[:, 0]
        if weight.shape not in ((len(y),), (len(y), *positions)):
            raise ValueError(
                f"{who}: {name} must have shape ({len(y)},), one weight per row; got {weight.shape}"
            )
    weight = _spread(weight, positions)
    if class_weight is not None:
        factors = class_factors(who, class_weight, y, loss, output, trained)
        with np.errstate(all="ignore"):
            weight = weight * _spread(factors, positions)
    whole = _check.cast(np.broadcast_to(weight, (len(y), *positions)), dtype)
    _check.not_overflowing(who, name, weight, whole)
    return whole


def times(who: str, weight: Any, factors: Array, dtype: str) -> Array:
    """Return weights, or ones, times the factors of rows, or positions, in the model's dtype."""
    name = "sample_weight"
    whole = np.ones(()) if weight is None else _check.floats(who, name, weight, "float64")
    axes = max(whole.ndim, factors.ndim)
    aligned = [
        a.reshape(*a.shape, *[1] * (axes - a.ndim)) if a.ndim else a for a in (whole, factors)
    ]
    try:
        with np.errstate(all="ignore"):
            product = aligned[0] * aligned[1]
    except ValueError:
        raise ValueError(
            f"{who}: class_weight counts classes of shape {factors.shape}; {name} must have that "
            f"shape or its first axes; got {whole.shape}"
        ) from None
    made = _check.cast(product, dtype)
    _check.not_overflowing(who, name, product, made)
    return made


def _spread(weight: Array, positions: Shape) -> Array:
    return weight.reshape(*weight.shape, *[1] * (1 + len(positions) - weight.ndim))


def class_factors(
    who: str, weights: object, y: Array, loss: Loss | None, output: Shape, trained: Array | None
) -> Array:
    """Return the factor of each row, or of each position; 1 for classes without a weight."""
    classes = _weighed_labels(loss, y, output)
    if classes is None and loss is None and y.ndim == 2:  # as in Keras, of any number of classes
        classes = np.asarray(y.argmax(axis=1), dtype=np.int64)
    if classes is None:
        with_loss = "" if loss is None else f"loss {loss.name} with "
        raise ValueError(
            f"{who}: class_weight needs one class per row or position; {with_loss}y of "
            f"shape {y.shape} has none (use sample_weight)"
        )
    rows: Any = slice(None) if trained is None else trained
    found, places = np.unique(classes, return_inverse=True)
    places = places.reshape(classes.shape)
    count = _count_of_classes(loss, output)
    factors = np.ones(len(found))
    if isinstance(weights, str) and weights == "balanced":
        sizes = np.bincount(places[rows].reshape(-1), minlength=len(found))
        present = sizes > 0
        if count is not None:  # labels equal to `ignore_class` are no class
            present &= (found >= 0) & (found < count)
        factors[present] = sizes[present].sum() / (present.sum() * sizes[present])
    elif isinstance(weights, Mapping) or hasattr(weights, "items"):  # a pandas Series too
        for label, value in weights.items():
            factor = _check.number(who, f"class_weight[{label}]", value)
            factors[found == _class(who, label, count)] = factor
    else:
        raise TypeError(
            f"{who}: class_weight must be a dict of label to weight or 'balanced'; got {weights!r}"
        )
    result = np.ones(classes.shape)
    result[rows] = factors[places[rows]]
    return result


def _count_of_classes(loss: Loss | None, output: Shape) -> int | None:
    """Return the number of classes, None if the loss does not define it."""
    if isinstance(loss, BinaryCrossentropy):
        return max(2, *output[-1:], 0)
    if loss is None:
        return None
    if loss.target_dtype == "int32" or isinstance(loss, CategoricalCrossentropy):
        return (output or (1,))[-1]
    return None


def _class(who: str, label: Any, count: int | None) -> int:
    # The keys of dict(zip(np.unique(y), weights)) have the dtype of y: bool, float or integer.
    whole = isinstance(label, (bool, np.bool_, int, np.integer))
    if isinstance(label, (float, np.floating)):
        whole = float(label).is_integer()
    if not whole:
        raise TypeError(
            f"{who}: class_weight's label must be a whole number, as in y; got {label!r}"
        )
    index = int(label)
    if count is not None and not 0 <= index < count:
        raise ValueError(f"{who}: class_weight's labels must be in [0, {count}); got {label}")
    return index


def of_outputs(model: Any, values: Any) -> Any:
    """Return targets, or weights, with ``Rows`` if their rows differ in shape."""
    return gathered(values, [Port(name, None) for name in model.output_names])


def unboxed(values: Any, rows: int) -> Any:
    """Return the array in a list of one, which a model with one output accepts."""
    single = isinstance(values, (list, tuple)) and len(values) == 1 and is_array(values[0])
    return values[0] if single and ndim_of(values[0]) and len(values[0]) == rows else values
