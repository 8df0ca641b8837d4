"""Losses written with ``call``: recording for training, and evaluation on tensors and arrays."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina._check import numeric
from lamina._tensors import Recording, Tensor, dispatch, written
from lamina._tensors.given import by_rows, given

if TYPE_CHECKING:
    from lamina.losses.base import Loss

MEANS = ("sum_over_batch_size", "mean")
SEVERAL = ("none", None)  # reductions that leave several numbers
ON_GRAPH: dict[str | None, str] = {"sum": "sum", "mean_with_sample_weight": "weighted_mean"}


def values_of(loss: Loss, y_true: Any, y_pred: Any, *weight: Any) -> Any:
    """Return the values of the loss, a tensor; weights are passed to losses that take them."""
    function = loss if weight else loss.call
    values = written.run(loss.name, function, [y_true, y_pred, *weight], {})
    if (
        not dispatch.on_tensors(values)
        and not np.isscalar(values)
        and not hasattr(values, "__array__")
    ):
        raise TypeError(f"{loss.name}: call must return a tensor; got {values!r:.100}")
    return values


# --- in training


def recorded(
    loss: Loss, graph: Any, prediction: Any, target: Any, *weight: Any, mask: Any = None
) -> Tensor:
    """Record the loss's values for a model's output: for rows, for positions, or one number."""
    from lamina import ops

    recording = Recording.of(graph)
    now = recording if Recording.current() is not recording else nullcontext()
    with now, recording.within(loss.name):
        y_true, y_pred = Tensor(recording, target), Tensor(recording, prediction, mask)
        if y_pred.ndim == 1 and not loss.free_target:  # a mean over the last axis is one of rows
            y_true, y_pred = ops.expand_dims(y_true, -1), ops.expand_dims(y_pred, -1)
        made = given(values_of(loss, ops.cast(y_true, "float32"), y_pred, *weight))
        values: Tensor = ops.cast(made, "float32")
        if not values.rows and values.ndim and values.shape[0] == recording.rows:
            values = by_rows(values)
        if not values.rows and values.ndim:
            raise ValueError(
                f"{loss.name}: call must return one value for each row, shape (rows,), or for each "
                f"of its positions, or a single number; got {values!r}"
            )
        values.mask = made.mask  # the positions that the loss leaves out
        return values


def term(
    loss: Loss, graph: Any, prediction: Any, target: Any, weight: Any, mask: Any
) -> tuple[Any, Any, Any]:
    """Record a loss with its weights and mask; return the arguments of ``Graph.add_loss``."""
    recording = Recording.of(graph)
    now = recording if Recording.current() is not recording else nullcontext()
    with now, recording.within(loss.name):
        by = None if weight is None else Tensor(recording, weight)
        kept = None if mask is None else Tensor(recording, mask)
        if loss.weighs:
            return recorded(loss, graph, prediction, target, by, mask=kept).value, None, None
        if loss.by_call:
            values = recorded(loss, graph, prediction, target)
        else:
            values = Tensor(recording, loss.record(graph, prediction, target))
        if loss.reduction in SEVERAL:
            raise ValueError(
                f"{loss.name}: reduction {loss.reduction!r} leaves one loss for each row; training "
                f"needs a single number, as reduction='sum_over_batch_size' makes"
            )
        if not values.ndim:
            return one_number(loss, values, by, kept).value, None, None
        by = None if by is None else _spread(loss, values, by, "sample_weight")
        kept = None if kept is None else _spread(loss, values, kept, "mask")
        kept = _both(kept, values.mask)
        parts = [None if v is None else v.value for v in (values, by, kept)]
        return parts[0], parts[1], parts[2]


def _spread(loss: Loss, values: Tensor, given_: Tensor, what: str) -> Tensor:
    """Return weights, or a mask, with one entry for each value of a row."""
    from lamina import ops
    from lamina._tensors.given import record

    own, wanted = tuple(given_.value.shape), tuple(values.value.shape)
    if own in ((), wanted) and what != "mask":
        return given_
    if own == wanted[: len(own)]:
        more = wanted[len(own) :]
        opened = record("reshape", given_, [*own, *[1] * len(more)])
        return record("repeat", opened, [*[1] * len(own), *more]) if more else given_
    if what != "mask" and wanted == own[: len(wanted)]:
        return ops.mean(given_, axis=tuple(range(1 + len(wanted), given_.ndim)))  # type: ignore[no-any-return]
    raise ValueError(
        f"{loss.name}: call returned values of shape {_shown(wanted)}; the {what} has shape "
        f"{_shown(own)}, which must be that, or its first axes"
    )


def _both(mask: Any, other: Any) -> Any:
    from lamina import ops

    if mask is None or other is None:
        return other if mask is None else mask
    return ops.logical_and(mask, other)


def _shown(row: tuple[int, ...]) -> str:
    return f"({', '.join(['rows', *map(str, row)])}{',' * (not row)})"


# --- on tensors and arrays


def reduced(loss: Loss, y_true: Any, y_pred: Any, sample_weight: Any) -> Any:
    """Return the loss of tensors after its reduction, as a tensor."""
    from lamina import ops

    if not hasattr(y_pred, "shape"):
        y_pred = np.asarray(y_pred)
    values = values_of(loss, ops.cast(y_true, "float32"), ops.cast(y_pred, "float32"))
    mask = getattr(y_pred, "mask", None)
    return one_number(loss, values, sample_weight, mask)


def one_number(loss: Loss, values: Any, weight: Any, mask: Any) -> Any:
    """Return the values, weighted and masked, combined by the loss's reduction."""
    from lamina import ops

    counted = None  # a weight for each value
    if not len(values.shape):
        mask = None
    elif mask is not None:
        mask = ops.cast(_as_many_axes(mask, values), "bool")
    mask = _both(mask, getattr(values, "mask", None))
    if mask is not None:
        counted = ops.cast(mask, "float32")
    if weight is not None:
        values, by = _fitted(values, weight)
        weighted = by if counted is None else by * counted
    else:
        weighted = counted
    scaled = values if weighted is None else values * weighted
    if loss.reduction in (None, "none"):
        return scaled
    if loss.reduction == "sum":
        return ops.sum(scaled)
    if loss.reduction == "mean_with_sample_weight" and weighted is not None:
        return ops.divide_no_nan(ops.sum(scaled), ops.sum(weighted))
    if counted is not None:
        return ops.divide_no_nan(ops.sum(scaled), ops.sum(counted))
    return ops.mean(scaled) if len(scaled.shape) else scaled


def _as_many_axes(weight: Any, values: Any) -> Any:
    """Return weights with the axes of the values: a row's weight applies to all its positions."""
    from lamina import ops

    have, want = len(np.shape(weight)), len(values.shape)
    if have > want > 0:
        return ops.mean(weight, axis=tuple(range(want, have)))
    for _ in range(want - have):
        weight = ops.expand_dims(weight, -1)
    return weight


def _fitted(values: Any, weight: Any) -> tuple[Any, Any]:
    """Return values and weights for their product, with an axis of size 1 where Keras has it."""
    from lamina import ops

    shape, own = tuple(ops.shape(values)), tuple(ops.shape(weight))
    if len(shape) == 1 and len(own) == 2 and own[-1] == 1:
        return ops.expand_dims(values, -1), weight
    if len(shape) == len(own) + 1 > 2 and shape[-1] == 1:
        return ops.squeeze(values, -1), weight
    return values, _as_many_axes(weight, values)


def at_once(loss: Loss, y_true: Any, y_pred: Any, sample_weight: Any) -> Any:
    """Return the loss of arrays: a float, or an array if the reduction leaves several values."""
    prediction = numeric(loss.name, "y_pred", y_pred)
    target = loss.check_target(y_true, prediction.shape[1:])
    if prediction.ndim == 0 or prediction.shape[0] == 0:
        raise ValueError(
            f"{loss.name}: y_pred must have at least one row; got shape {prediction.shape}"
        )
    if target.shape[:1] != prediction.shape[:1]:
        raise ValueError(
            f"{loss.name}: y_true and y_pred must have the same number of rows; "
            f"got {len(target) if target.ndim else 1} and {len(prediction)}"
        )
    kept = prediction.dtype == np.float32 or prediction.dtype.kind != "f"
    prediction = prediction.astype("float32" if kept else "float64", copy=False)
    weight = None
    if sample_weight is not None:
        weight = numeric(loss.name, "sample_weight", sample_weight).astype(prediction.dtype)
        if weight.ndim and weight.shape[0] not in (1, len(prediction)):
            raise ValueError(
                f"{loss.name}: sample_weight must have one weight for each of "
                f"{len(prediction)} rows; got shape {weight.shape}"
            )

    def compute(true: Any, pred: Any, by: Any) -> Any:
        values = values_of(loss, given(true, "float"), given(pred))
        return one_number(loss, given(values), None if by is None else given(by), None)

    if target.dtype.kind == "f":
        target = target.astype(prediction.dtype, copy=False)
    result = dispatch.at_once(compute, (target, prediction, weight), {})
    return float(result) if np.ndim(result) == 0 else result
