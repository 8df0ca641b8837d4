"""The sum of several losses of one output."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from numpy.typing import ArrayLike, NDArray

from lamina.losses.base import Loss


class SumOfLosses(Loss):
    """The sum of losses of one output, for ``compile(loss={"y": ["mse", "mae"]})``.

    Parameters
    ----------
    losses : sequence of Loss
        With the same targets and reduction, and leaving out the same rows.
    """

    def __init__(self, losses: Sequence[Loss]) -> None:
        first = losses[0]
        for other in losses[1:]:
            if other.target_dtype != first.target_dtype or other.reduction != first.reduction:
                raise ValueError(
                    f"compile: losses of one output must have the same targets and reduction; got "
                    f"{first.name} and {other.name}"
                )
        ignored = [getattr(each, "ignore_class", None) for each in losses]
        if len(set(ignored)) > 1:
            raise ValueError(
                f"compile: losses of one output must have the same ignore_class; got {ignored}"
            )
        self.losses = list(losses)
        self.target_dtype = first.target_dtype  # type: ignore[misc]
        self.free_target = all(each.free_target for each in losses)  # type: ignore[misc]
        self._init(first.reduction, "_and_".join(each.name for each in losses))

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the sum of the values."""
        values = [each.call(y_true, y_pred) for each in self.losses]
        masks = [getattr(each, "mask", None) for each in values]
        total = sum(values[1:], values[0])
        if any(mask is not None for mask in masks):
            if any(mask is None for mask in masks):
                raise ValueError(f"{self.name}: losses of one output must ignore the same rows")
            from lamina import ops

            total.mask = functools.reduce(ops.logical_and, masks)
        return total

    @property
    def by_call(self) -> bool:
        """Whether one of them is recorded by ``call``, and so may leave rows out."""
        return any(each.by_call for each in self.losses)

    def record(self, graph: Any, prediction: Any, target: Any) -> Any:
        """Record the losses on a graph under construction; return the tensor of their sum."""
        made = [each.record(graph, prediction, target) for each in self.losses]
        return graph.add(made, name=self.name) if len(made) > 1 else made[0]

    def target_shape(self, prediction_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the target's shape for that of a prediction, both without the axis of rows."""
        return self.losses[0].target_shape(prediction_shape)

    def check_target(self, y: ArrayLike, prediction_shape: tuple[int, ...]) -> NDArray[Any]:
        """Return `y` in the target's shape; all of the losses must accept it."""
        checked = [each.check_target(y, prediction_shape) for each in self.losses]
        return checked[0]
