"""The validation data of a fit: given separately, or rows held out of the training data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from lamina import _check
from lamina._arrays import check_same_columns
from lamina._check import Array
from lamina.models.compilation import steps
from lamina.models.data import prepared as data_
from lamina.models.data.ragged import Outputs
from lamina.models.data.rows import gathered
from lamina.models.data.sample_weights import weigh
from lamina.models.data.split import check_fraction, held_out

if TYPE_CHECKING:
    from lamina.models.training.fitting import Fitting


@dataclass
class Split:
    """How a fit holds out rows, see ``Model.fit``."""

    fraction: Any
    stratify: Any
    time_ordered: Any


def choose(
    model: Fitting,
    data: data_.Data,
    validation_data: Any,
    split: Split,
    sample_weight: Any,
    class_weight: Any,
) -> tuple[Array | None, data_.Part | None]:
    """Return the training rows, None for all, and the validation data, if any."""
    fraction = check_fraction(split.fraction)
    if validation_data is not None:
        return None, data_.part_of(given_data(model, validation_data, data))
    if fraction == 0.0:
        return None, None
    return _split(
        model, data, fraction, split.stratify, split.time_ordered, sample_weight, class_weight
    )


def given_data(model: Fitting, data: Any, trained: data_.Data) -> data_.Data:
    """Return ``validation_data``, checked.

    Rows must have the fit's shapes if those matter, and two tables the same columns.
    """
    if not isinstance(data, (tuple, list)) or len(data) not in (2, 3):
        count = f" of {len(data)}" if isinstance(data, (tuple, list)) else ""
        raise TypeError(
            "fit: validation_data must be a tuple (x, y) or (x, y, sample_weight); "
            f"got {type(data).__name__}{count}"
        )
    x, *rest = data
    held = data_.prepare(
        "fit: validation_data",
        model,
        gathered(model.through_front(model.by_input(x)), model.ports),
        *rest,
    )
    for x, shape in zip(held.inputs, trained.row_shapes, strict=True):
        if not model.any_length and x.shape[1:] != shape:
            raise ValueError(
                f"fit: validation_data has x of shape {x.shape}; x has rows of {shape}"
            )
    for names, others in zip(held.columns, trained.columns, strict=True):
        check_same_columns("fit", "validation_data", names, others)
    return held


def _split(
    model: Fitting,
    data: data_.Data,
    fraction: float,
    stratify: object,
    time_ordered: object,
    sample_weight: Any,
    class_weight: Any,
) -> tuple[Array, data_.Part]:
    """Return the training rows and those held out, see ``Model.fit``."""
    classes = data_.classes_of(model, data)
    # A state passes from a row of one batch to the same row of the next: holding out random rows
    # would move the others to wrong positions.
    ordered = _check.boolean("fit", "time_ordered", time_ordered) or model.stateful
    rows, kept = held_out(data.rows, fraction, classes, stratify, ordered, model.seed)
    held = data
    if class_weight is not None:  # class weights only apply to training rows
        if steps.takes_weights(model) and sample_weight is None:  # such a step sees no weights
            extra = data.extra and data.extra.weighed("fit", model, None, data.rows)
            held = replace(data, weights=[None] * len(data.weights), extra=extra)
        outputs = model.output_row_shapes(data.row_shapes)
        weigh(
            "fit", model, data, outputs, sample_weight, class_weight, rows,
            Outputs(model, data.inputs) if data.ragged else None,
        )  # fmt: skip
    return rows, data_.part_of(held, kept)
