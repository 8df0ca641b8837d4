"""A layer compared with Keras's with the same weights: outputs, gradients of inputs and weights.

``Theirs`` stands for Keras's layer, whose answers are kept in golden files (``golden.ask``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import golden
from lamina import _core
from lamina.layers.base import weights as weights_
from lamina.random import Seed

keras, jax = golden.Peer("keras"), golden.Peer("jax")

TOLERANCE = 1e-5  # relative to the largest element, in float32


def assert_near(got: Any, wanted: Any, what: str, tolerance: float = TOLERANCE) -> None:
    """Fail unless shapes are equal and values differ by at most the tolerance times the largest."""
    wanted = np.asarray(wanted)
    assert got.shape == wanted.shape, f"{what}: shape {got.shape}, Keras's {wanted.shape}"
    assert np.isfinite(wanted).all(), what
    error = np.abs(got.astype(np.float64) - wanted).max(initial=0.0)
    scale = max(np.abs(wanted).max(initial=0.0), 1e-3)
    assert error <= tolerance * scale, f"{what}: relative error {error / scale:.2e}"


# --- the layer here


def build(mine: Any, inputs: Sequence[np.ndarray]) -> None:
    """Give the layer its weights without computing anything."""
    shapes = [a.shape[1:] for a in inputs]
    mine.prepare(shapes[0] if len(shapes) == 1 else shapes, "float32", 0)
    weights_.place(mine, 0, Seed(1))
    mine.settle()


def step(
    mine: Any, inputs: Sequence[np.ndarray], targets: Any = None, mask: Any = None, seed: int = 1
) -> tuple[list[np.ndarray], list[np.ndarray], list[np.ndarray]]:
    """Return outputs, weights' and inputs' gradients of the outputs' mean squared errors."""
    graph = _core.Graph("float32")
    kinds = {"int32": "int32"}
    tensors = [
        graph.input(a.shape[1:], f"x{i}", kinds.get(a.dtype.name, "float"))
        for i, a in enumerate(inputs)
    ]
    given = None if mask is None else graph.input(mask.shape[1:], "mask", "bool")
    x = tensors if len(tensors) > 1 else tensors[0]
    y = mine.record(graph, x) if given is None else mine.record(graph, x, mask=given)
    outputs = y if isinstance(y, list) else [y]
    rows = len(inputs[0])
    if targets is None:
        targets = [np.zeros((rows, *y.shape), np.float32) for y in outputs]
    for i, y in enumerate(outputs):
        graph.add_output(y)
        target = graph.input(tuple(y.shape), f"target{i}")
        graph.add_loss(graph.loss("mean_squared_error", y, target))
    graph.build()
    run = _core.Execution(graph, rows, True, seed, True)
    run.bind([*inputs, *([] if mask is None else [mask]), *targets])
    run.gradients(None, 0, rows, 3)
    learned = [p for p in mine.parameters if p.trainable]
    return (
        [np.array(run.output(i)) for i in range(len(outputs))],
        [np.array(run.gradient_of(p)) for p in learned],
        [np.array(run.input_gradient(i)) for i, a in enumerate(inputs) if a.dtype.kind == "f"],
    )


# --- Keras's


class Theirs:
    """Keras's layer, made by ``make()`` when it is first asked live.

    All calls made on it before are part of every question.
    """

    def __init__(self, make: Callable[[], Any]) -> None:
        self.make = make
        self.told: list[Any] = []
        self.shape: Any = None
        self.values: list[np.ndarray] | None = None
        self._layer: Any = None

    def layer(self) -> Any:
        """Return the layer itself, within a question."""
        if self._layer is None:
            self._layer = self.make()
        if self.shape is not None:
            self._layer.build(self.shape)
            self.shape = None
        if self.values is not None:
            held = [w.shape for w in self._layer.get_weights()]
            assert held == [v.shape for v in self.values]
            self._layer.set_weights(self.values)
            self.values = None
        return self._layer

    def build(self, shape: Any) -> None:
        """Build it for inputs of this shape."""
        self.shape = shape
        self.told.append(str(shape))

    def set_weights(self, values: Sequence[np.ndarray]) -> None:
        """Replace its weights."""
        self.values = list(values)
        self.told.append(self.values)

    def ask(self, question: Callable[[Any], Any], *inputs: Any) -> Any:
        """Return ``question(layer)``, which may change the layer's state."""
        answer = golden.ask(lambda: question(self.layer()), *self.told, *inputs)
        self.told.append("asked")
        return answer

    def __call__(self, x: Any, **options: Any) -> Any:
        """Return the layer's output."""
        return self.ask(lambda layer: layer(x, **options), x, *options.values())

    def get_weights(self) -> list[np.ndarray]:
        """Return its weights."""
        weights: list[np.ndarray] = self.ask(lambda layer: layer.get_weights())
        return weights

    def step(
        self, inputs: Sequence[np.ndarray], targets: Any, states: bool = False, **call: Any
    ) -> list[Any]:
        """Return the lists of ``step`` by automatic differentiation; ``states``: initial ones."""
        return self.ask(  # type: ignore[no-any-return]
            lambda layer: _differentiated(layer, inputs, targets, states, call),
            list(inputs),
            targets,
            *call.values(),
        )


def _differentiated(
    layer: Any, inputs: Sequence[np.ndarray], targets: Any, states: bool, call: dict[str, Any]
) -> list[list[Any]]:
    fixed = [v.value for v in layer.non_trainable_variables]
    floats = [i for i, a in enumerate(inputs) if a.dtype.kind == "f"]

    def loss(weights: Any, arrays: Any) -> Any:
        full = list(inputs)
        for place, array in zip(floats, arrays, strict=True):
            full[place] = array
        if states:
            given, options = full[0], {**call, "initial_state": full[1:]}
        else:
            given, options = full if len(full) > 1 else full[0], call
        y, _ = layer.stateless_call(weights, fixed, given, **options)
        y = list(y) if isinstance(y, (list, tuple)) else [y]
        return sum(((a - t) ** 2).mean() for a, t in zip(y, targets, strict=True)), y

    weights = [v.value for v in layer.trainable_variables]
    arrays = [jax.numpy.asarray(inputs[i]) for i in floats]
    both = jax.value_and_grad(loss, argnums=(0, 1), has_aux=True)
    (_, outputs), (of_weights, of_inputs) = both(weights, arrays)
    return [outputs, of_weights, of_inputs]


# --- both


def twins(
    mine: Any, theirs: Theirs, inputs: Sequence[np.ndarray], rng: np.random.Generator, states: bool
) -> None:
    """Build both layers and give them the same random weights."""
    build(mine, inputs)
    shapes = [a.shape for a in inputs]
    theirs.build(shapes[0] if len(shapes) == 1 or states else shapes)
    held = mine.get_weights()
    weights = [rng.uniform(0.2, 1.2, w.shape) * rng.choice([-1, 1], w.shape) for w in held]
    # A variance is positive.
    signed = [
        np.abs(w) if p.name.endswith("variance") else w
        for p, w in zip(mine.parameters, weights, strict=True)
    ]
    values = [w.astype(np.float32) for w in signed]
    mine.set_weights(values)
    theirs.set_weights(values)


def assert_same_step(
    mine: Any,
    theirs: Theirs,
    inputs: Sequence[np.ndarray],
    *,
    mask: Any = None,
    states: bool = False,
    seed: int = 1,
    **call: Any,
) -> None:
    """Compare outputs and all gradients of a training step of both layers."""
    rng = np.random.default_rng(77)
    shapes = [y.shape for y in step(mine, inputs, None, mask, seed)[0]]
    targets = [rng.normal(size=shape).astype(np.float32) for shape in shapes]
    got = step(mine, inputs, targets, mask, seed)
    if mask is not None:
        call["mask"] = mask
    wanted = theirs.step(inputs, targets, states, **call)
    kinds = ("output", "gradient of weight", "gradient of input")
    for kind, ours, others in zip(kinds, got, wanted, strict=True):
        assert len(ours) == len(others), kind
        for i, (a, b) in enumerate(zip(ours, others, strict=True)):
            assert_near(a, b, f"{kind} {i}")
