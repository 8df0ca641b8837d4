"""Warnings of ``fit``: models, losses and data with which training learns nothing.

Each rule examines what is known about a fit: the operations that produce the outputs, the targets,
the inputs.  A warning says what was probably intended; it is given once per compiled model.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina import _screen, activations
from lamina._arrays import titled
from lamina._check import Array, quiet
from lamina.data.unread import Unread
from lamina.losses import Loss
from lamina.models.data.reading import Reading
from lamina.models.data.rows import Rows
from lamina.models.errors import TrainingAdvice

if TYPE_CHECKING:
    from lamina.layers import Layer
    from lamina.models.compilation.compiled import Compiled
    from lamina.models.compilation.objective import Head, Objective
    from lamina.models.data.prepared import Data

Found = Iterator[tuple[str, str]]  # (what is wrong, in a word; the advice)

LOW_ROWS = 16  # smaller data are experiments, in which anything may be constant
TABLE = 50  # columns of a possible table; images and texts naturally have constant columns
_RANGES = {law.name: law.range for law in activations.laws.classes() if law.range is not None}
PROBABILITIES = tuple(name for name, bounds in _RANGES.items() if bounds == (0.0, 1.0))
POSITIVE = ("exponential", "softplus")  # which become probabilities when divided by their sum
# Activations whose results are not probabilities; those of other operations may be.
NOT_ACTIVATED = ("dense", "conv2d", "conv2d_transpose", "batch_norm", "layer_norm", "linear")
OTHERS = {*NOT_ACTIVATED, "prelu", *(law.name for law in activations.laws.classes())}
OTHERS -= {*PROBABILITIES, *POSITIVE}
CLASSES = ("categorical_crossentropy", "sparse_categorical_crossentropy")
OUT_OF_REACH = 0.4  # share of targets outside the outputs' range that is more than noise


def on_model(objective: Objective, idle: bool = False) -> None:
    """Warn about anything that cannot be learned in a fit of ``objective``, regardless of the data.

    ``idle`` says that there are weights to train, but the loss depends on none of them.
    """
    compiled = objective.compiled
    found = list(_in_model(objective))
    if idle and not found:
        text = (
            "the gradient of the loss is 0 for all weights, so nothing can be learned: compute the "
            "loss from y_pred, and without ops.stop_gradient, comparisons or rounding"
        )
        found.append(("idle", text))
    for head, loss in _own_losses(objective):
        found += _in_output(compiled, head, loss)
        found += _in_accuracy(compiled, head, loss)
    if objective.unheard:
        text = (
            f"the model's call has no parameter training, so {objective.unheard[0]!r} acts as "
            f"in inference while it is trained, as in Keras; "
            f"write call(self, inputs, training=None)"
        )
        found.append(("unheard", text))
    if objective.unmasked:
        text = (
            f"buckets pad rows, and their mask ends at {objective.unmasked[0]!r}, which takes no "
            f"mask: after it padded steps count as data; omit buckets, or use a layer that takes "
            f"masks"
        )
        found.append(("unmasked", text))
    for key, text in found:
        tell(compiled, key, text)


def on_layers(compiled: Compiled, layers: Iterable[Layer]) -> None:
    """Warn about layers, or layers within them, that have not learned anything yet."""
    for layer in (each for outer in layers for each in outer.walk()):
        lacks = layer.unlearned()
        if lacks is not None:
            text = f"{layer.name} has no {lacks} yet: call {layer.name}.adapt(data) before fit"
            tell(compiled, f"unlearned {layer.name}", text)


def on_data(objective: Objective, data: Data, rows: Array | None) -> None:
    """Warn about anything that cannot be learned from these rows of ``data``."""
    compiled, found = objective.compiled, []
    for head, loss in _own_losses(objective):
        target = data.targets[head.place]
        known = head.place in data.rounded_targets  # which on_rounding has reported
        if not known and not isinstance(target, (Rows, Reading)):
            assert target is not None
            found += _in_target(compiled, head, loss, target, rows)
    found += _in_inputs(data, rows)
    found += _in_weights([data.weights[head.place] for head in objective.heads], rows)
    for key, text in found:
        tell(compiled, key, text)


def _own_losses(objective: Objective) -> Iterator[tuple[Head, Loss]]:
    """Yield the outputs whose losses are the library's, with their losses."""
    for head in objective.heads:
        loss = objective.compiled.losses[head.place]
        assert loss is not None
        if type(loss).__module__.startswith("lamina.losses.") and loss.kind:
            yield head, loss


def tell(compiled: Compiled, key: str, text: str) -> None:
    """Warn, with the caller's location, unless this compiled model has had the warning."""
    if key in compiled.advised:
        return
    compiled.advised.add(key)
    _screen.warn(f"fit: {text}", TrainingAdvice)


# --- the model and its outputs


def _in_model(objective: Objective) -> Found:
    scales = [objective.compiled.scales[head.place] for head in objective.heads]
    if scales and not any(scales):
        yield "scales", f"loss_weights {scales} leave nothing to minimise"


def _output(compiled: Compiled, head: Head) -> str:
    names = compiled.names
    return "the model's output" if len(names) == 1 else f"the output {names[head.place]!r}"


def _in_output(compiled: Compiled, head: Head, loss: Loss) -> Found:
    output, origin, kind = _output(compiled, head), head.origin, loss.kind
    key = f"output {head.place}"
    if head.units == 1 and (origin == "softmax" or kind in CLASSES):
        why = f"{output} is a softmax over one unit, which is 1 for every row"
        if origin != "softmax":
            why = f"{kind} over one unit is 0, whatever {output} is"
        yield (
            key,
            (
                f"{why}, so nothing can be learned. For two classes use Dense(1, 'sigmoid') with "
                f"binary_crossentropy or Dense(2, 'softmax') with sparse_categorical_crossentropy"
                + ("" if kind in CLASSES or "cross" in kind else "; for a number, no activation")
            ),
        )
    elif kind not in (*CLASSES, "binary_crossentropy"):
        return
    elif loss.from_logits and origin in PROBABILITIES:
        yield (
            key,
            (
                f"{kind} with from_logits=True needs values before the {origin}, but {output} has "
                f"gone through one; omit either from_logits=True or activation={origin!r}"
            ),
        )
    elif not loss.from_logits and (
        origin in OTHERS or (origin in POSITIVE and kind == "binary_crossentropy")
    ):
        last = "sigmoid" if kind == "binary_crossentropy" else "softmax"
        end = "no activation" if origin in NOT_ACTIVATED else f"the activation {origin!r}"
        yield (
            key,
            (
                f"{kind} needs probabilities, but {output} has {end}, which gives values outside "
                f"[0, 1]; use activation={last!r}, or {type(loss).__name__}(from_logits=True)"
            ),
        )


def _in_accuracy(compiled: Compiled, head: Head, loss: Loss) -> Found:
    """Report where "accuracy", which means the same as in Keras, does not match the loss."""
    if loss.kind != "binary_crossentropy":
        return
    asked = {m for m, _ in compiled.requests[head.place] if isinstance(m, str)}
    if not asked:
        return
    key, whose = f"accuracy {head.place}", _output(compiled, head)
    if head.units > 1:
        text = (
            f"'accuracy' of {head.units} columns is the share of rows whose largest prediction "
            f"is in the column of the largest target, as in Keras; 'binary_accuracy' counts each "
            f"column of {whose}"
        )
        yield key, text
    elif loss.from_logits:
        text = (
            f"'accuracy' counts predictions above 0.5 as 1, as in Keras, but {whose} gives "
            f"log-odds, which count from 0 on; use metrics.BinaryAccuracy(threshold=0.0)"
        )
        yield key, text


# --- targets


@quiet
def _in_target(
    compiled: Compiled, head: Head, loss: Loss, target: Array, rows: Array | None
) -> list[tuple[str, str]]:
    count = len(target) if rows is None else len(rows)
    first = _rows(target, rows, 0, 1)[0]
    key = f"target {head.place}"
    y = "y" if len(compiled.names) == 1 else f"y[{compiled.names[head.place]!r}]"
    if count >= LOW_ROWS and _alike(target, rows):
        of_classes = loss.kind in (*CLASSES, "binary_crossentropy")
        value = first.item() if first.size == 1 else "the same values"
        rest = "every row has the same class" if of_classes else "it is the same in every row"
        what = f"{y} holds {value} in all {count} rows"
        return [(key, f"{what}: {rest}, so only a constant can be learned from it")]
    if loss.kind in (*CLASSES, "binary_crossentropy"):
        return []
    found = []
    low, high = _RANGES.get(head.origin, (-np.inf, np.inf))
    out = (target < low) | (target > high) if head.origin in _RANGES else np.zeros(1)
    outside = float(np.mean(out))
    if outside > OUT_OF_REACH:
        found.append(
            (
                f"range {head.place}",
                f"{outside:.0%} of {y} lie outside [{low:g}, {high:g}], which the activation "
                f"{head.origin!r} of {_output(compiled, head)} cannot leave; use no activation "
                f"there, or scale {y}",
            )
        )
    return found


def _rows(values: Array, rows: Array | None, start: int, stop: int) -> Array:
    """Return a block of the training rows."""
    return values[start:stop] if rows is None else values[rows[start:stop]]


def _alike(values: Array, rows: Array | None) -> bool:
    """Return whether all training rows are equal; nearly always the first ones suffice."""
    first = _rows(values, rows, 0, 1)
    spans = _spans(len(values) if rows is None else len(rows))
    return all(bool((_rows(values, rows, *span) == first).all()) for span in spans)


def _spans(rows: int) -> Iterator[tuple[int, int]]:
    start, size = 0, 64
    while start < rows:
        yield start, min(start + size, rows)
        start, size = start + size, min(8 * size, 1 << 15)


# --- weights of rows


def _in_weights(weights: Sequence[Any], rows: Array | None) -> Found:
    if not weights or not all(isinstance(each, np.ndarray) for each in weights):
        return
    if not any((each if rows is None else each[rows]).any() for each in weights):
        count = len(weights[0]) if rows is None else len(rows)
        why = "sample_weight, times class_weight if there is one,"
        yield "weights", f"{why} is 0 in all {count} rows, so nothing is learned"


# --- inputs


@quiet
def _in_inputs(data: Data, rows: Array | None) -> list[tuple[str, str]]:
    count = data.rows if rows is None else len(rows)
    if count < LOW_ROWS:
        return []
    found = []
    for place, array in enumerate(data.inputs):
        if isinstance(array, (Rows, Reading)) or (data.made and data.made[place]):
            continue  # codes of categories that do not occur are expected
        constant, rounded = _constant_columns(array, rows), data.rounded[place]
        if constant is None and rounded:
            continue  # on_rounding has reported it
        constant = [c for c in constant if c not in rounded] if constant else constant
        x = "x" if len(data.inputs) == 1 else f"x[{place}]"
        names = data.columns[place]
        if constant is None:
            text = f"every row of {x} is the same: predictions cannot depend on it"
            found.append((f"rows {place}", text))
        elif constant:
            shown = ", ".join(f"{c}{titled(names, c)}" for c in constant[:5])
            row = array[0 if rows is None else rows[0]]
            value = row[constant[0]].item()
            which = f"column {shown} of {x} holds {value:g} in all {count} rows"
            if len(constant) > 1:
                more = ", ..." if len(constant) > 5 else ""
                which = f"columns {shown}{more} of {x} are the same in all {count} rows"
            text = f"{which}: nothing can be learned from it (omit it)"
            if row[constant].any():  # for instance the intercept of a design matrix
                text = f"{which}: a bias does the same (omit it if layers have biases)"
            found.append((f"columns {place}", text))
    return found


def _constant_columns(values: Array, rows: Array | None) -> list[int] | None:
    """Return which columns of a table are the same in all rows; None if all columns are."""
    flat = values.reshape(len(values), -1)
    first = _rows(flat, rows, 0, 1)[0]
    candidates = np.arange(len(first))
    table = values.ndim == 2 and values.dtype.kind == "f" and len(first) <= TABLE
    for span in _spans(len(values) if rows is None else len(rows)):
        same = (_rows(flat, rows, *span) == first).all(axis=0)
        candidates = candidates[same[candidates]]
        if not candidates.size or (candidates.size < len(first) and not table):
            return []
    if candidates.size == len(first):
        return None
    return [int(c) for c in candidates]


# --- numbers that the model's dtype cannot tell apart


@quiet
def on_rounding(
    compiled: Compiled, name: str, source: Any, array: Any, columns: Sequence[Any] | None
) -> list[int]:
    """Warn if distinct numbers in a column of ``source`` are equal in ``array``, made from it.

    Return the columns for which this is the case.
    """
    if isinstance(source, (Rows, Unread)) or source.size == 0 or array.dtype.kind != "f":
        return []
    digits = np.finfo(array.dtype).nmant + 1 if source.dtype.kind in "biu" else array.itemsize * 8
    if source.dtype.itemsize * 8 <= digits:
        return []
    single = source.shape == array.shape and source.ndim > 1
    table = source.reshape(-1, source.shape[-1] if single else 1)
    found: list[int] = []
    for column in _coarse(table, np.finfo(array.dtype)):
        before = np.unique(table[:, column])
        after = before.astype(array.dtype)
        lost = np.flatnonzero(after[1:] == after[:-1])
        if not lost.size:
            continue
        if not found:
            one, other = before[lost[0]].item(), before[lost[0] + 1].item()
            which = f"column {column}{titled(columns, column)} of {name}" if single else name
            tell(
                compiled,
                f"rounding {name}",
                f"{len(before)} different values of {which} are {len(before) - lost.size} in "
                f"{array.dtype}, for instance {one} and {other} are equal; subtract a constant "
                f"first, or make the model with dtype='float64'",
            )
        found.append(column)
    return found


def _coarse(table: Array, kind: np.finfo[Any]) -> list[int]:
    """Return the columns whose numbers may be rounded to equal ones in a way that matters.

    Integers may be identifiers, so that each one counts.  Other numbers are always rounded; this
    only matters if the rounding error exceeds 1/1000 of a column's range.
    """
    if table.dtype.kind in "iu":
        low, high = table.min(axis=0), table.max(axis=0)
        limit = 2 ** (kind.nmant + 1)
        return [c for c in range(len(low)) if max(-int(low[c]), int(high[c])) > limit]
    columns = np.arange(table.shape[1])
    for part in (table[:1024], table):  # the first rows exclude nearly all columns
        chosen = part if columns.size == part.shape[1] else part[:, columns]
        low, high = chosen.min(axis=0), chosen.max(axis=0)
        step = np.maximum(np.abs(low), np.abs(high)) * kind.eps
        columns = columns[high - low < 1000 * step]
        if not columns.size:
            return []
    return [int(c) for c in columns if table[0, c] != table[-1, c] or np.ptp(table[:, c])]
