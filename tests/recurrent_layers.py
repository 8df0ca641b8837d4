"""Recurrent layers on their own graph: outputs and gradients with a squared error."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina import _core


def replay(
    layer: Any,
    inputs: list[np.ndarray],
    targets: list[np.ndarray] | None = None,
    mask: np.ndarray | None = None,
    seed: int = 1,
) -> tuple[list[np.ndarray], list[np.ndarray], list[np.ndarray]]:
    """Return outputs, weights' gradients and inputs' gradients of a training step.

    ``inputs``: x and the initial states; the loss is the sum of the outputs' mean squared errors.
    """
    dtype = inputs[0].dtype.name
    graph = _core.Graph(dtype)
    tensors = [graph.input(a.shape[1:], f"x{i}") for i, a in enumerate(inputs)]
    masked = None if mask is None else graph.input(mask.shape[1:], "mask", "bool")
    outputs = layer.record(graph, tensors if len(tensors) > 1 else tensors[0], mask=masked)
    outputs = outputs if isinstance(outputs, list) else [outputs]
    if targets is None:
        targets = [np.zeros((len(inputs[0]), *y.shape), dtype) for y in outputs]
    for i, y in enumerate(outputs):
        target = graph.input(tuple(y.shape), f"target{i}")
        graph.add_output(y)
        graph.add_loss(graph.loss("mean_squared_error", y, target))
    graph.build()
    run = _core.Execution(graph, len(inputs[0]), True, seed, True)
    run.bind([*inputs, *([] if mask is None else [mask]), *targets])
    run.gradients(None, 0, len(inputs[0]), 3)
    return (
        [np.array(run.output(i)) for i in range(len(outputs))],
        [np.array(run.gradient_of(p)) for p in layer.parameters],
        [np.array(run.input_gradient(i)) for i in range(len(inputs))],
    )
