"""A training step whose update is written in NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Step = Callable[..., float]


def python_step(execution: Any, optimizer: Any) -> Step:
    """Return a training step that calls ``optimizer.apply``."""
    parameters = execution.trainable()
    weights = [p.array for p in parameters]
    gradients = [execution.gradient_of(p) for p in parameters]

    def move() -> tuple[str, str] | None:
        """Update the weights; on failure, or if not finite, they and the state are unchanged."""
        written = [*weights, *optimizer.slots]
        before = [array.copy() for array in written]
        done = False
        try:
            with np.errstate(over="ignore", invalid="ignore"):
                optimizer.apply([np.array(optimizer.scale_loss(g)) for g in gradients], parameters)
            bad = [i for i, array in enumerate(written) if not np.isfinite(array).all()]
            done = not bad
        finally:
            if not done:
                for array, value in zip(written, before, strict=True):
                    array[...] = value
        if done:
            return None
        named = bad[0] < len(weights)
        return ("weight", execution.paths()[bad[0]]) if named else ("moments", "")

    def train(
        order: Array | None, start: int, stop: int, rate: float, step: int, random_step: int
    ) -> float:
        del rate  # `apply` reads it itself

        def update() -> tuple[str, str] | None:
            # The number of completed steps, as a rule reads it.
            count = optimizer.counter.__dict__
            count["_iterations"] = step - 1
            try:
                return move()
            finally:
                if count["_iterations"] == step - 1:
                    count["_iterations"] = step

        return execution.train_by(order, start, stop, random_step, update)  # type: ignore[no-any-return]

    return train
