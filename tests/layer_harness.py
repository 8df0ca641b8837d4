"""Checks that every layer must pass: ``check_layer``, based on the checks of ``harness``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from harness import (
    THREADS,
    Function,
    assert_close,
    assert_same_bits,
    check_gradient,
    check_invariants,
)
from lamina import _core, runtime
from thread_proof import assert_on_threads


class _Replay:
    """A layer on its own graph with a mean squared error: loss, gradients, output."""

    def __init__(self, layer: Any, input_shape: tuple[int, ...], dtype: str, uses: int = 1):
        self.graph = _core.Graph(dtype)
        self.uses = uses
        for use in range(uses):
            x = self.graph.input(input_shape, f"x{use}")
            y = layer.record(self.graph, x)
            target = self.graph.input(tuple(y.shape), f"target{use}")
            self.graph.add_output(y)
            self.graph.add_loss(self.graph.loss("mean_squared_error", y, target))
        self.graph.build()
        self.output_shape = tuple(y.shape)

    def execution(self, rows: int, arrays: list[np.ndarray]) -> Any:
        run = _core.Execution(self.graph, rows, True, 1, True)
        run.bind(arrays)
        return run

    def all(
        self, rows: int, arrays: list[np.ndarray], layer: Any, step: int = 3
    ) -> list[np.ndarray]:
        """Return loss, output, gradients of weights and input for all rows of ``arrays``.

        Random numbers of a layer are those of the step.
        """
        run = self.execution(rows, arrays)
        loss = run.gradients(None, 0, len(arrays[0]), step)
        weights = [p for p in layer.parameters if p.trainable]
        gradients = [np.array(run.gradient_of(p)) for p in weights]
        return [np.float64(loss), run.output(0), *gradients, run.input_gradient(0)]


def _built(factory: Function, input_shape: tuple[int, ...], dtype: str) -> Any:
    layer = factory(dtype=dtype)
    rng = np.random.default_rng(40)
    layer(np.zeros((1, *input_shape), dtype))
    # Statistics are not changed: a random standard deviation might not be positive.
    pairs = zip(layer.parameters, layer.get_weights(), strict=True)
    layer.set_weights(
        [rng.normal(size=w.shape).astype(dtype) if p.trainable else w for p, w in pairs]
    )
    return layer


def check_layer(
    factory: Function,
    input_shape: tuple[int, ...],
    oracle: Function | None,
    *,
    dtype: str = "float32",
    reduction: int = 1,
    magnitude: float = 1.0,
    rows: Sequence[int] = (1, 2, 7, 33),
    refused: Sequence[tuple[Any, type[Exception], str]] = (),
    step: float = 1e-5,
    seed: int = 50,
    many_rows: int | None = None,
) -> None:
    """Check a layer alone.

    Parameters
    ----------
    factory : callable
        ``factory(dtype=...)`` returns a new layer.
    input_shape : tuple of int
        Shape of one row.
    oracle : callable or None
        ``oracle(x, *weights)`` in NumPy float64 returns the output in inference.
    refused : sequence of (array, exception, text)
        Inputs that the layer must refuse, with part of the message.
    many_rows : int, optional
        Rows of the batch on which every operation of the layer has to start threads.  By default
        enough that even its narrowest side has 100,000 elements; 0 skips the check.
    """
    layer = _built(factory, input_shape, dtype)
    rng = np.random.default_rng(seed)
    weights = layer.get_weights()
    for count in (0, *rows):
        x = rng.normal(size=(count, *input_shape)).astype(dtype)
        (y,) = check_invariants(layer, [x], type(layer).__name__)
        assert y.dtype == dtype
        if oracle is not None:
            exact = [w.astype(np.float64) for w in weights]
            assert_close(y, oracle(x.astype(np.float64), *exact), reduction, magnitude)
    x = rng.normal(size=(7, *input_shape)).astype(dtype)
    _check_layer_gradients(layer, x, dtype, step)
    _check_layer_threads(layer, input_shape, dtype, many_rows)
    _check_layer_protocol(layer, x, dtype)
    for bad, error, text in refused:
        _check_refused(layer, bad, error, text)


def _check_layer_gradients(layer: Any, x: np.ndarray, dtype: str, step: float) -> None:
    replay = _Replay(layer, x.shape[1:], dtype)
    rng = np.random.default_rng(60)
    target = rng.normal(size=(len(x), *replay.output_shape)).astype(dtype)
    # Called twice, fewer rows than planned: the same bits.
    got = replay.all(len(x), [x, target], layer)
    assert_same_bits(replay.all(len(x), [x, target], layer), got, "replay twice")
    assert_same_bits(replay.all(64, [x, target], layer), got, "fewer rows than planned")
    if np.array_equal(replay.all(len(x), [x, target], layer, step=4)[1], got[1]):
        _check_summed_gradients(layer, x, target, got, dtype)  # two uses draw two masks
    if dtype == "float64":
        run = replay.execution(len(x), [x, target])
        weights = [p.array for p in layer.parameters if p.trainable]
        check_gradient(lambda: run.gradients(None, 0, len(x), 3), [*weights, x], got[2:], step=step)


def _check_layer_threads(
    layer: Any, input_shape: tuple[int, ...], dtype: str, rows: int | None
) -> None:
    """Check that a batch large enough for several threads has the bits of one thread."""
    replay = _Replay(layer, input_shape, dtype)
    if rows is None:
        narrowest = max(1, min(math.prod(input_shape), math.prod(replay.output_shape)))
        rows = max(2100, 100_000 // narrowest)  # and the bias's gradient has several chunks
    if rows == 0:
        return
    rng = np.random.default_rng(70)
    x = rng.normal(size=(rows, *input_shape)).astype(dtype)
    arrays = [x, rng.normal(size=(rows, *replay.output_shape)).astype(dtype)]
    limit = runtime.get_num_threads()
    try:
        before = layer.snapshot()  # training moves moving statistics
        runtime.set_num_threads(1)
        alone = [layer(x), *replay.all(rows, arrays, layer)]
        for count in THREADS[1:]:
            runtime.set_num_threads(count)
            assert_on_threads(replay.execution(rows, arrays), rows)
            layer.restore(before)
            got = [layer(x), *replay.all(rows, arrays, layer)]
            assert_same_bits(got, alone, f"{type(layer).__name__}, {rows} rows on {count} threads")
    finally:
        runtime.set_num_threads(limit)


def _check_summed_gradients(
    layer: Any, x: np.ndarray, target: np.ndarray, alone: list[np.ndarray], dtype: str
) -> None:
    """Use the layer twice in one graph: its weights' gradients are the sum of both uses'."""
    both = _Replay(layer, x.shape[1:], dtype, uses=2)
    other = [np.ascontiguousarray(x[::-1] * 0.5), np.ascontiguousarray(target[::-1])]
    second = _Replay(layer, x.shape[1:], dtype).all(len(x), other, layer)
    summed = both.all(len(x), [x, target, *other], layer)
    for a, b, s in zip(alone[2:-1], second[2:-1], summed[2:-1], strict=True):
        size = np.abs(a).max() + np.abs(b).max()
        assert_close(s, a.astype(np.float64) + b, len(x), size, 2.0, "summed gradients")


def _check_layer_protocol(layer: Any, x: np.ndarray, dtype: str) -> None:
    """Configuration and weights: a copy made from them computes the same bits."""
    from lamina import layers

    twin = layers.deserialize(layers.serialize(layer))
    assert twin.get_config() == layer.get_config()
    twin(x[:1])
    twin.set_weights(layer.get_weights())
    assert_same_bits([twin(x)], [layer(x)], "copy from config and weights")
    weights = [w.copy() for w in layer.get_weights()]
    for w in layer.get_weights():
        w[...] = 7  # a copy: the layer keeps its own
    assert_same_bits(layer.get_weights(), weights, "get_weights returned a view")
    for k, w in enumerate(weights):
        wrong = [*weights[:k], np.zeros((*w.shape, 2), dtype), *weights[k + 1 :]]
        _check_refused(layer, wrong, ValueError, "", layer.set_weights)
        assert_same_bits(layer.get_weights(), weights, "refused set_weights")


def _check_refused(
    layer: Any, bad: Any, error: type[Exception], text: str, call: Function | None = None
) -> None:
    before = [w.copy() for w in layer.get_weights()]
    caught: Exception | None = None
    try:
        (call or layer)(bad)
    except error as refusal:
        caught = refusal
    assert caught is not None, f"accepted {bad!r}"
    assert text in str(caught), f"message {str(caught)!r} lacks {text!r}"
    assert_same_bits(layer.get_weights(), before, "refused input")
