"""One operation on arrays with rows and without, compared with NumPy: values, gradients, bits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from lamina import _core

Array = Any


class Moved:
    """A graph of ``build(graph, *tensors)`` on inputs with rows, then on values without.

    The loss is the mean of the first output times random weights, if the output holds floats.
    """

    def __init__(
        self,
        build: Callable[..., Any],
        rows: Sequence[Array] = (),
        whole: Sequence[Array] = (),
        seed: int = 0,
    ):
        floats = [a for a in (*rows, *whole) if a.dtype.kind == "f"]
        self.dtype = str(floats[0].dtype) if floats else "float64"
        self.rows, self.whole = list(rows), list(whole)
        self.graph = graph = _core.Graph(self.dtype)
        kinds = {"f": "float", "i": "int32", "b": "bool"}
        tensors = [graph.input(a.shape[1:], "x", kinds[a.dtype.kind]) for a in rows]
        self.parameters = {}
        for k, a in enumerate(whole):
            if a.dtype.kind == "f" and a.size:
                made = _core.Parameter(f"w{k}", a.shape, self.dtype)
                _core.allocate([made])
                made.array[...] = a
                self.parameters[k] = made
                tensors.append(graph.parameter(made))
            else:
                tensors.append(graph.constant(np.array(a, order="C")))
        made = build(graph, *tensors)
        self.outputs = made if isinstance(made, list) else [made]
        for y in self.outputs:
            graph.add_output(y)
        y = self.outputs[0]
        self.count = len(rows[0]) if rows else 1
        self.learns = graph.dtype_of(y) == self.dtype and bool(floats) and 0 not in y.shape
        rng = np.random.default_rng(seed)
        if self.learns:
            shape = tuple(y.shape)
            if graph.whole(y):
                self.weight = rng.normal(size=shape).astype(self.dtype)
                weight = graph.constant(self.weight)
            else:
                self.weight = rng.normal(size=(self.count, *shape)).astype(self.dtype)
                weight = graph.input(shape, "weight")
                self.rows.append(self.weight)
            graph.add_loss(graph.expression([("multiply", 0, 1)], [y, weight]))
        graph.build()
        self.begin()

    def begin(self) -> None:
        self.run = _core.Execution(self.graph, self.count, self.learns, 1, self.learns)
        self.run.bind(self.rows)

    def values(self) -> list[Array]:
        self.run.test(None, 0, self.count)
        return [self.run.output(k).copy() for k in range(len(self.outputs))]

    def gradients(self) -> list[Array]:
        """Return the gradient of each array of floats, those with rows first."""
        self.run.gradients(None, 0, self.count)
        given = self.rows[: len(self.rows) - (not self.graph.whole(self.outputs[0]))]
        found = [self.run.input_gradient(k).copy() for k, a in enumerate(given) if is_float(a)]
        return found + [self.run.gradient_of(p).copy() for p in self.parameters.values()]

    def all(self) -> tuple[Array, ...]:
        """Return values and gradients from memory that was not used for calculations before."""
        self.begin()
        return (*self.values(), *(self.gradients() if self.learns else []))


def is_float(array: Array) -> bool:
    return bool(array.dtype.kind == "f")


def check(
    build: Callable[..., Any],
    oracle: Callable[..., Any],
    rows: Sequence[Array] = (),
    whole: Sequence[Array] = (),
    near: float = 0.0,
) -> None:
    """Compare values with ``oracle(*rows, *whole)``, and gradients of float64 with its slopes."""
    net = Moved(build, rows, whole)
    wanted = oracle(*rows, *whole)
    wanted = wanted if isinstance(wanted, list) else [wanted]
    for got, want in zip(net.values(), wanted, strict=True):
        assert got.shape == want.shape, (got.shape, want.shape)
        assert got.dtype == want.dtype
        if near:
            np.testing.assert_allclose(got, want, rtol=near, atol=near)
        else:
            np.testing.assert_array_equal(got, want)
    if not net.learns or net.dtype != "float64":
        return
    arrays = [*rows, *whole]
    places = [k for k, a in enumerate(arrays) if is_float(a) and a.size]
    rng = np.random.default_rng(1)
    for k, gradient in zip(places, net.gradients(), strict=True):
        direction, losses = rng.normal(size=arrays[k].shape), []
        for step in (1e-6, -1e-6):
            moved = [a + step * direction if j == k else a for j, a in enumerate(arrays)]
            made = oracle(*moved)
            made = made[0] if isinstance(made, list) else made
            losses.append(np.mean(made * net.weight))
        slope = (losses[0] - losses[1]) / 2e-6
        assert abs(np.sum(gradient * direction) - slope) <= 1e-6 * max(1.0, abs(slope)), k


def refused(call: Callable[[], Any]) -> str:
    """Return the message of the error that a call raises."""
    try:
        call()
    except (TypeError, ValueError) as error:
        return str(error)
    raise AssertionError("nothing was refused")
