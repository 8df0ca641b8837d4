"""Layers on their own graphs, with masks: outputs, masks and gradients."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

import lamina
from harness import THREADS, assert_same_bits, check_gradient
from lamina import _core
from thread_proof import thread_plan

Masks = Sequence[np.ndarray | None]


class Masked:
    """A layer with a mean squared error; some of its inputs have masks."""

    def __init__(self, layer: Any, inputs: list[np.ndarray], masks: Masks, seed: int = 5):
        inputs = [np.ascontiguousarray(x) for x in inputs]
        self.layer, self.inputs = layer, inputs
        dtype = inputs[0].dtype.name
        if not layer.built:
            layer(inputs if layer.multiple_inputs else inputs[0])
        graph = _core.Graph(dtype)
        x = [graph.input(a.shape[1:], f"x{i}") for i, a in enumerate(inputs)]
        m: list[Any] = [
            None if a is None else graph.input(a.shape[1:], f"mask{i}", "bool")
            for i, a in enumerate(masks)
        ]
        one = not layer.multiple_inputs
        y, out = layer.apply(graph, x[0] if one else x, m[0] if one else m)
        graph.add_output(y)
        self.has_mask = out is not None
        if self.has_mask:
            graph.add_output(graph.masked_weight(out, None))
        graph.add_loss(graph.loss("mean_squared_error", y, graph.input(tuple(y.shape), "target")))
        graph.build()
        rows = len(inputs[0])
        self.target = np.random.default_rng(seed).normal(size=(rows, *y.shape)).astype(dtype)
        hidden = [np.ascontiguousarray(m) for m in masks if m is not None]
        self._arrays = [*inputs, *hidden, self.target]
        self._run = _core.Execution(graph, rows, True, 1, True)
        self._run.bind(self._arrays)

    def loss(self) -> float:
        """Return the loss of a training step."""
        return float(self._run.gradients(None, 0, len(self.target), 3))

    def results(self) -> tuple[np.ndarray, np.ndarray | None, list[np.ndarray], list[np.ndarray]]:
        """Return output, mask, gradients of the weights and of the inputs."""
        self.loss()
        mask = np.array(self._run.output(1)) != 0 if self.has_mask else None
        trained = [p for p in self.layer.parameters if p.trainable]
        weights = [np.array(self._run.gradient_of(p)) for p in trained]
        inputs = [np.array(self._run.input_gradient(i)) for i in range(len(self.inputs))]
        return np.array(self._run.output(0)), mask, weights, inputs

    def assert_on_threads(self) -> None:
        """Fail if an operation on numbers, not only on truth values, would run on one thread."""
        plan = thread_plan(self._run, len(self.target))
        few = {name for name, threads in plan.items() if threads < 2}
        few -= {("join_masks", "forward"), ("masked_weight", "forward")}
        assert plan, "nothing ran"
        assert not few, f"no threads for {few}: the check would be empty"

    def check_gradients(self) -> None:
        """Compare all gradients with finite differences (float64)."""
        _, _, weights, inputs = self.results()
        arrays = [p.array for p in self.layer.parameters if p.trainable]
        check_gradient(self.loss, [*arrays, *self.inputs], [*weights, *inputs])


def check_masked(factory: Any, inputs: list[np.ndarray], masks: Masks) -> Masked:
    """Check gradients in float64, and that 1 to 4 threads give the same bits in float32."""
    checked = Masked(factory(dtype="float64"), inputs, masks)
    checked.check_gradients()
    narrowest = min(math.prod(x.shape[1:]) for x in [*inputs, checked.target])
    times = max(2100, 100_000 // narrowest) // len(inputs[0]) + 1
    many = [repeated(x, times).astype("float32") for x in inputs]
    hidden = [None if m is None else repeated(m, times) for m in masks]
    layer = factory(dtype="float32")
    limit, alone = lamina.get_num_threads(), None
    try:
        for count in THREADS:
            lamina.set_num_threads(count)
            run = Masked(layer, many, hidden)
            y, _, weights, gradients = run.results()
            if alone is None:
                alone = [y, *weights, *gradients]
            else:
                run.assert_on_threads()
            assert_same_bits([y, *weights, *gradients], alone, f"{count} threads")
    finally:
        lamina.set_num_threads(limit)
    return checked


def repeated(array: np.ndarray, times: int) -> np.ndarray:
    """Return the rows repeated."""
    return np.tile(array, (times, *(1 for _ in array.shape[1:])))
