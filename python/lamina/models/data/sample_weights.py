"""The weights of rows in the losses of a model, from users' arguments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina._check import Array, Shape
from lamina._tensors.arguments import mapped
from lamina.models.compilation import steps
from lamina.models.data.inputs import arranged, label
from lamina.models.data.ragged import Outputs, weight_rows
from lamina.models.data.rows import Rows
from lamina.models.data.targets import class_factors, of_outputs, row_weights, times, unboxed

if TYPE_CHECKING:
    from lamina.models.data.prepared import Data


def weigh(
    who: str,
    model: Any,
    data: Data,
    outputs: Sequence[Shape],
    sample_weight: Any,
    class_weight: object,
    trained: Array | None = None,
    by_row: Outputs | None = None,
) -> None:
    """Give data their weights of rows: for the losses, and as given for a user-defined step.

    Class weights are for training: only the weights of the rows ``trained`` are changed by them.
    """
    goals = data.targets
    data.weights = weights_of(
        who, model, goals, outputs, sample_weight, class_weight, trained, by_row
    )
    if not steps.takes_weights(model):
        return
    weights = sample_weight if by_row is None else of_outputs(model, sample_weight)
    if class_weight is not None:
        given = None if data.extra is None else data.extra.target
        y = next((goal for goal in goals if goal is not None), given)
        if y is None or isinstance(y, Rows):
            raise ValueError(
                f"{who}: class_weight needs y, one array of classes; it was not given one (use "
                f"sample_weight)"
            )
        loss = model.compilation(who).losses[0]
        factors = class_factors(who, class_weight, y, loss, outputs[0], trained)
        weights = _each_times(who, weights, factors, model.dtype)
    if weights is not None or data.extra is not None:
        extra = data.extra or steps.Given()
        data.extra = extra.weighed(who, model, weights, data.rows)


def _each_times(who: str, weights: Any, factors: Array, dtype: str) -> Any:
    """Return the weights in a structure, each times the factors of rows."""
    if weights is None:
        return times(who, None, factors, dtype)
    return mapped(
        weights,
        lambda v: None if v is None or steps.is_nest(v) else times(who, v, factors, dtype),
    )


def weights_of(
    who: str,
    model: Any,
    goals: Sequence[Any],
    outputs: Sequence[Shape],
    sample_weight: Any,
    class_weight: object,
    trained: Array | None = None,
    by_row: Outputs | None = None,
) -> list[Any]:
    """Return the weights of rows for each output with a loss, or None if there are none.

    A single array of sample weights applies to all outputs.
    """
    names, losses = model.output_names, model.compilation(who).losses
    if class_weight is not None and len(names) > 1:
        raise ValueError(
            f"{who}: class_weight is for models with one output; this one has {', '.join(names)} "
            f"(use sample_weight)"
        )
    weights: list[Any] = []
    if by_row is not None:
        sample_weight = of_outputs(model, sample_weight)
    if all(goal is None for goal in goals):
        return [None] * len(goals)
    rows = next(len(goal) for goal in goals if goal is not None)
    sample_weight = model.by_output(f"{who}: sample_weight", sample_weight)
    given = _sample_weights(who, unboxed(sample_weight, rows), names)
    listed = zip(names, losses, goals, outputs, given, strict=True)
    for place, (name, loss, goal, output, weight) in enumerate(listed):
        if loss is None or goal is None:
            weights.append(None)
            continue
        shown = label("sample_weight", name, len(names))
        if by_row is not None and isinstance(goal, Rows):
            if class_weight is not None:
                raise ValueError(
                    f"{who}: class_weight needs one class per row; the rows of y are arrays (use "
                    f"sample_weight)"
                )
            output_at = by_row.at(place)
            weights.append(weight_rows(who, weight, goal, output_at, model.dtype, shown))
            continue
        weights.append(
            row_weights(who, weight, class_weight, goal, loss, output, model.dtype, trained, shown)
        )
    return weights


def _sample_weights(who: str, value: Any, names: Sequence[str]) -> list[Any]:
    each = isinstance(value, (list, tuple)) and any(w is None or np.ndim(w) for w in value)
    if isinstance(value, Mapping) or (each and len(names) > 1):
        return arranged(who, "sample_weight", value, names)
    return [value] * len(names)
