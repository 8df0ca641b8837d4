"""A layer beside Keras's of the same weights: outputs, gradients of inputs and of weights.

Importing this skips a module of tests where Keras on JAX is not installed.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from lamina import _core
from lamina.layers import weights as weights_
from lamina.random import Seed

os.environ.setdefault("KERAS_BACKEND", "jax")
keras = pytest.importorskip("keras")
jax = pytest.importorskip("jax")
if keras.backend.backend() != "jax":
    pytest.skip("Keras runs on another backend than jax", allow_module_level=True)

TOLERANCE = 1e-5  # relative to the largest element, in float32


def assert_near(got: Any, wanted: Any, what: str, tolerance: float = TOLERANCE) -> None:
    """Fail unless shapes are equal and values within the tolerance of the largest."""
    wanted = np.asarray(wanted)
    assert got.shape == wanted.shape, f"{what}: shape {got.shape}, Keras's {wanted.shape}"
    assert np.isfinite(wanted).all(), what
    error = np.abs(got.astype(np.float64) - wanted).max(initial=0.0)
    scale = max(np.abs(wanted).max(initial=0.0), 1e-3)
    assert error <= tolerance * scale, f"{what}: relative error {error / scale:.2e}"


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


def peer_step(
    theirs: Any, inputs: Sequence[np.ndarray], targets: Any, states: bool = False, **call: Any
) -> tuple[list[Any], list[Any], list[Any]]:
    """Return the same three lists by automatic differentiation; ``states``: x and initial ones."""
    fixed = [v.value for v in theirs.non_trainable_variables]
    floats = [i for i, a in enumerate(inputs) if a.dtype.kind == "f"]

    def loss(weights: Any, arrays: Any) -> Any:
        full = list(inputs)
        for place, array in zip(floats, arrays, strict=True):
            full[place] = array
        if states:
            given, options = full[0], {**call, "initial_state": full[1:]}
        else:
            given, options = full if len(full) > 1 else full[0], call
        y, _ = theirs.stateless_call(weights, fixed, given, **options)
        y = list(y) if isinstance(y, (list, tuple)) else [y]
        return sum(((a - t) ** 2).mean() for a, t in zip(y, targets, strict=True)), y

    weights = [v.value for v in theirs.trainable_variables]
    arrays = [jax.numpy.asarray(inputs[i]) for i in floats]
    both = jax.value_and_grad(loss, argnums=(0, 1), has_aux=True)
    (_, outputs), (of_weights, of_inputs) = both(weights, arrays)
    return outputs, of_weights, of_inputs


def twins(
    mine: Any, theirs: Any, inputs: Sequence[np.ndarray], rng: np.random.Generator, states: bool
) -> None:
    """Build both layers and give them the same random weights."""
    build(mine, inputs)
    shapes = [a.shape for a in inputs]
    theirs.build(shapes[0] if len(shapes) == 1 or states else shapes)
    held = theirs.get_weights()
    assert [w.shape for w in mine.get_weights()] == [w.shape for w in held]
    weights = [rng.uniform(0.2, 1.2, w.shape) * rng.choice([-1, 1], w.shape) for w in held]
    # A variance is positive.
    signed = [
        np.abs(w) if v.name.endswith("variance") else w
        for v, w in zip(theirs.weights, weights, strict=True)
    ]
    values = [w.astype(np.float32) for w in signed]
    mine.set_weights(values)
    theirs.set_weights(values)


def assert_same_step(
    mine: Any,
    theirs: Any,
    inputs: Sequence[np.ndarray],
    *,
    mask: Any = None,
    states: bool = False,
    seed: int = 1,
    **call: Any,
) -> None:
    """Compare outputs and all gradients of a step of training of layers that are twins."""
    rng = np.random.default_rng(77)
    shapes = [y.shape for y in step(mine, inputs, None, mask, seed)[0]]
    targets = [rng.normal(size=shape).astype(np.float32) for shape in shapes]
    got = step(mine, inputs, targets, mask, seed)
    if mask is not None:
        call["mask"] = mask
    wanted = peer_step(theirs, inputs, targets, states, **call)
    kinds = ("output", "gradient of weight", "gradient of input")
    for kind, ours, others in zip(kinds, got, wanted, strict=True):
        assert len(ours) == len(others), kind
        for i, (a, b) in enumerate(zip(ours, others, strict=True)):
            assert_near(a, b, f"{kind} {i}")
