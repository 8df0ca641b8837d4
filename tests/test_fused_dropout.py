"""Dropout fused with the dense layer before it: same bits, fewer passes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import lamina
from bfloat16 import needs_bfloat16
from graphs import parameters
from harness import assert_same_bits
from lamina import _core, layers
from thread_proof import same_on_threads

RATE = 0.4


def results(
    inputs: int,
    units: int,
    rows: int,
    activation: str,
    dtype: str,
    apart: bool = False,
    always: bool = False,
    last: int = 3,
) -> tuple[Any, ...]:
    """Return the dropped outputs, the loss and all gradients; `apart`: without fusion.

    An activation that is an output, too, prevents the fusion.
    """
    rng = np.random.default_rng(5)
    graph = _core.Graph(dtype)
    x, target = graph.input((inputs,)), graph.input((last,))
    values, tensors = parameters(graph, rng, w=(inputs, units), b=(units,), v=(units, last))
    hidden = graph.dense(x, tensors["w"], tensors["b"], activation)
    dropped = graph.dropout(hidden, RATE, 4, always)
    graph.add_loss(
        graph.loss("mean_squared_error", graph.dense(dropped, tensors["v"], None), target)
    )
    graph.add_output(dropped)
    if apart:
        graph.add_output(hidden)
    graph.build()
    data = [rng.normal(size=(rows, n)).astype(dtype) for n in (inputs, last)]
    execution = _core.Execution(graph, rows, True, seed=9)
    execution.bind(data)
    loss = execution.gradients(None, 0, rows, random_step=3)
    gradients = [execution.gradient_of(values[name]).copy() for name in values]
    outside = _core.Execution(graph, rows, False, seed=9)
    outside.bind(data)
    outside.test(None, 0, rows, 3)
    outputs = [run.output(0).copy() for run in (execution, outside)]
    return (*outputs, np.array(loss), *gradients)


# A last layer of one unit calculates the derivative of the ReLU before it, but not behind dropout.
# Widths that are and are not whole vectors and whole groups of random numbers; one and two units
# have kernels of their own, as have many rows of few units.
@pytest.mark.usefixtures("isa")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("activation", ["relu", "linear", "tanh"])
@pytest.mark.parametrize(
    ("inputs", "units", "rows"),
    [(5, 1, 70), (20, 2, 90), (9, 33, 7), (13, 20, 200), (70, 64, 131), (40, 300, 50), (3, 7, 1)],
)
@pytest.mark.parametrize(("always", "last"), [(False, 3), (True, 1)])
def test_bits_are_those_of_the_operations_apart(
    inputs: int, units: int, rows: int, activation: str, dtype: str, always: bool, last: int
) -> None:
    together, apart = (
        results(inputs, units, rows, activation, dtype, way, always, last) for way in (False, True)
    )
    assert_same_bits(together, apart, f"{rows} rows")
    if rows * units > 1000:
        above_zero = 0.5 if activation == "relu" else 1.0
        assert (together[0] != 0).mean() == pytest.approx(above_zero * (1 - RATE), abs=0.1)


@pytest.mark.parametrize("units", [256, 300, 208])
def test_no_bit_depends_on_the_threads(units: int) -> None:
    """Threads divide the columns, also within a group of random numbers."""
    same_on_threads(
        *(
            lambda activation=activation: results(784, units, 128, activation, "float32")
            for activation in ("relu", "linear")
        )
    )


@needs_bfloat16
def test_products_in_bfloat16_are_dropped_out_too() -> None:
    x = np.random.default_rng(1).normal(size=(200, 30)).astype("float32")
    model = lamina.Sequential(
        [lamina.Input((30,)), layers.Dense(40, "relu"), layers.Dropout(RATE)],
        seed=3,
        dtype="mixed_bfloat16",
    )
    wanted, dropped = model.predict(x, verbose=0), np.asarray(model(x, training=True))
    kept = dropped != 0
    np.testing.assert_allclose(dropped[kept], wanted[kept] / (1 - RATE), rtol=1e-6)
    assert kept.mean() == pytest.approx((1 - RATE) * (wanted > 0).mean(), abs=0.03)


def test_expected_outputs_are_those_without_dropout() -> None:
    """The mean over many draws, within five standard errors, and the shares of the units kept."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(1, 30)).astype("float32")
    model = lamina.Sequential(
        [lamina.Input((30,)), layers.Dense(40, "relu"), layers.Dropout(RATE)], seed=3
    )
    wanted = model.predict(x, verbose=0)[0]
    draws = np.asarray(model(np.repeat(x, 20_000, axis=0), training=True))
    error = np.abs(wanted) * np.sqrt(RATE / (1 - RATE) / len(draws))
    assert (np.abs(draws.mean(0, dtype=float) - wanted) <= 5 * error).all()
    np.testing.assert_array_equal(draws[:, wanted == 0], 0)


@pytest.mark.parametrize(
    ("hidden", "kind"),
    [
        (lambda: layers.Dense(8, "relu"), "dense+relu+dropout"),
        (lambda: layers.Dense(8), "dense+dropout"),
        (lambda: layers.Dense(8, "tanh"), "dense+tanh"),
    ],
)
def test_the_profile_shows_one_operation(hidden: Any, kind: str) -> None:
    model = lamina.Sequential(
        [lamina.Input((5,)), hidden(), layers.Dropout(0.5), layers.Dense(1)], seed=1
    )
    model.compile("sgd", "mse")
    rows = lamina.profile(model, np.ones((9, 5)), np.ones((9, 1)), batch_size=9).rows
    operations = {row.operation for row in rows}
    assert any(name.endswith(f"({kind})") for name in operations), operations
    assert any("(dropout)" in name or name == "dropout" for name in operations) == (
        kind == "dense+tanh"
    )


@pytest.mark.parametrize("always", [False, True])
def test_the_origin_is_the_same_before_and_after_the_fusion(always: bool) -> None:
    graph = _core.Graph("float32")
    _, tensors = parameters(graph, np.random.default_rng(1), w=(4, 3))
    hidden = graph.dense(graph.input((4,)), tensors["w"], None, "relu")
    dropped = graph.dropout(hidden, RATE, 2, always)
    graph.add_output(dropped)
    before = graph.origin(dropped)
    graph.build()
    assert graph.origin(dropped) == before == ("dropout" if always else "relu")


@pytest.mark.parametrize("always", [None, True])
@pytest.mark.parametrize(("scale", "name"), [(1.0, "drops"), (10.0, "first")])
@pytest.mark.filterwarnings("ignore::lamina.TrainingAdvice")
def test_the_layer_whose_numbers_overflow_is_named(
    always: bool | None, scale: float, name: str
) -> None:
    inputs = lamina.Input((4,))
    first = layers.Dense(30, "relu", kernel_initializer="zeros", name="first")
    dropped = layers.Dropout(RATE, name="drops")(first(inputs), training=always)
    model = lamina.Model(inputs, layers.Dense(1)(dropped), seed=1)
    model.compile("sgd", "mse")
    kernel, bias = first.get_weights()
    first.set_weights([kernel + scale / 4, bias])
    with pytest.raises(lamina.TrainingDiverged, match=f"began in '{name}'"):
        model.fit(np.full((9, 4), 3e38), np.zeros((9, 1)), batch_size=9, verbose=0)
