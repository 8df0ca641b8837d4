"""The outputs of a network: their shapes, whether they are probabilities, and these."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from lamina._check import Array, Shape
from lamina._coding import kind_of
from lamina.models import Functional, Model, Sequential

TINY = 1e-30  # the divisor of probabilities whose sum is 0
SCORES = ("hinge", "squared_hinge", "categorical_hinge")  # losses of scores, which have both signs
TOGETHER = ("softmax", "sparsemax")  # activations of probabilities that add up to 1
BY_ITSELF = ("sigmoid", "hard_sigmoid", *TOGETHER)  # activations of probabilities that need not


def shape_read(who: str, model: Model, row_shape: Shape) -> tuple[int | None, ...]:
    """Return the shape of the rows that a model reads, with None for axes of any length.

    It is ``row_shape``, that of the rows of a fit, if the model does not specify one.

    Raises
    ------
    ValueError
        If the model reads rows of another shape.
    """
    try:
        known = model.input_shape
    except (TypeError, ValueError):
        return row_shape
    if not isinstance(known, tuple) or not all(d is None or isinstance(d, int) for d in known):
        return row_shape
    needed: tuple[int | None, ...] = known[1:]
    if agree(row_shape, needed):
        return needed
    fits = None not in needed and math.prod(known[1:]) == math.prod(row_shape)
    said = f"; put layers.Reshape({needed}) first" if fits else ""
    raise ValueError(
        f"{who}: the model reads rows of shape {needed}; X has rows of shape {row_shape}{said}"
    )


def agree(row_shape: Shape, needed: tuple[int | None, ...]) -> bool:
    """Return whether rows have a shape, in which None stands for any length."""
    pairs = zip(needed, row_shape, strict=False)
    return len(needed) == len(row_shape) and all(n in (None, got) for n, got in pairs)


def output_shapes(model: Model, row_shape: Shape) -> list[Shape]:
    """Return the shape of a row of each output, for rows of a given shape."""
    known = isinstance(model, Functional)
    found: Any = model.output_shape if known else model.compute_output_shape((None, *row_shape))
    if isinstance(found, dict):
        found = list(found.values())
    several = bool(found) and isinstance(found[0], (tuple, list))
    return [tuple(shape[1:]) for shape in (found if several else [found])]


def logits_of(model: Model, count: int, rows: Any, *, separate: bool) -> list[bool]:
    """Return for each output whether its results are logits rather than probabilities.

    The activation of the last layer decides.  If it is not known which layer that is, or it has no
    activation, the results for some rows decide.

    Parameters
    ----------
    count : int
        The number of outputs.
    rows : object
        Rows in the form that the model reads.
    separate : bool
        Whether each unit is a label of its own, so that probabilities need not add up to 1.
    """
    names = activations_of(model, count)
    if None in names:
        results = listed(model.predict(rows, verbose=0))
        found = [_are_chances(each, separate) for each in results]
        names = [
            name or ("softmax" if are_chances else "linear")
            for name, are_chances in zip(names, found, strict=True)
        ]
    return [name == "linear" for name in names]


def activations_of(model: Model, count: int) -> list[str | None]:
    """Return the name of each output's activation; None if it is not known."""
    ends: list[Any] = [None] * count
    if isinstance(model, Functional):
        ends = [getattr(output.node, "layer", None) for output in model.outputs]
    elif isinstance(model, Sequential):
        ends = model.layers[-1:] or ends
    return [getattr(getattr(_last(end), "activation", None), "name", None) for end in ends]


def no_chances(model: Model, shapes: Sequence[Shape], *, separate: bool) -> str | None:
    """Return why outputs are not probabilities of classes, or None.

    They are not if a loss of numbers, such as "mse", trains several units whose activation allows
    values of any size, or a crossentropy that takes no logits several without an activation.  A
    single unit is clipped to 0 and 1.

    Parameters
    ----------
    shapes : sequence of tuple of int
        The shape of a row of each output.
    separate : bool
        Whether each unit is a label of its own, so that probabilities need not add up to 1.
    """
    losses: Any = model.loss if isinstance(model.loss, (list, tuple)) else [model.loss]
    losses = list(losses) * (len(shapes) if len(losses) == 1 else 1)
    names = activations_of(model, len(shapes))
    for loss, name, shape in zip(losses, names, shapes, strict=True):
        if not (separate or math.prod(shape) > 1) or getattr(loss, "from_logits", False):
            continue
        said, fit = loss_names(loss)[0], BY_ITSELF if separate else TOGETHER
        numbers = kind_of(loss) == "regression"
        if numbers and name is not None and name not in fit:
            do = f"end the model in {fit[0]!r}, or give a crossentropy as loss"
        elif not numbers and name == "linear":
            do = f"end the model in {fit[0]!r}, or give the loss with from_logits=True"
        else:
            continue
        return (
            f"with the loss {said!r} and the activation {name!r} the outputs are numbers of any "
            f"size, not probabilities; {do}"
        )
    return None


def _last(end: Any) -> Any:
    while isinstance(end, Sequential) and end.layers:
        end = end.layers[-1]
    return end


def _are_chances(values: Array, separate: bool) -> bool:
    within = bool(((values >= 0) & (values <= 1)).all())
    if separate or values.shape[-1] == 1:
        return within
    return within and bool(np.allclose(values.sum(axis=-1), 1, atol=1e-3))


def listed(predicted: Any) -> list[Array]:
    """Return the arrays of a prediction."""
    if isinstance(predicted, dict):
        predicted = list(predicted.values())
    return list(predicted) if isinstance(predicted, (list, tuple)) else [predicted]


def loss_names(loss: Any) -> list[str]:
    """Return the name of a loss, or of the losses of several outputs; "" for one without a name."""
    if isinstance(loss, dict):
        loss = list(loss.values())
    each = list(loss) if isinstance(loss, (list, tuple)) else [loss]
    return [
        one if isinstance(one, str) else str(getattr(one, "name", None) or _kind(one))
        for one in each
    ]


def _kind(loss: Any) -> str:
    return getattr(loss, "__name__", "") or type(loss).__name__


def gives_scores(loss: Any) -> bool:
    """Return whether networks with this loss return scores, which are not probabilities."""
    names = loss_names(loss)
    return bool(names) and all(name.lower() in (*SCORES, "hinge_loss") for name in names)


def chances_of(values: Array, loss: Any, activation: str | None, *, separate: bool) -> Array:
    """Return an output as probabilities of classes.

    Parameters
    ----------
    values : ndarray of shape (rows, units)
    loss : Loss
        A loss that takes logits says so.
    activation : str, optional
        That of the units; several whose activation is for each by itself are divided by their sum.
    separate : bool
        Whether each unit is a separate label; otherwise a row has one of the classes, and a single
        unit is for the second of two.

    Returns
    -------
    ndarray of shape (rows, classes)
    """
    logits = bool(getattr(loss, "from_logits", False))
    single = values.shape[1] == 1
    each_by_itself = separate or single or loss_names(loss) == ["binary_crossentropy"]
    each_by_itself = each_by_itself or (activation in BY_ITSELF and activation not in TOGETHER)
    if logits:
        values = _sigmoid(values) if each_by_itself else _softmax(values)
    if separate:
        return values
    if single:
        second = np.clip(values, 0, 1)
        return np.concatenate([1 - second, second], axis=1)
    if each_by_itself:
        return np.asarray(values / np.maximum(values.sum(axis=1, keepdims=True), TINY))
    return values


def _sigmoid(values: Array) -> Array:
    with np.errstate(over="ignore"):
        return np.asarray(1 / (1 + np.exp(-values)), values.dtype)


def _softmax(values: Array) -> Array:
    powers = np.exp(values - values.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))
