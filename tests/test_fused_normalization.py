"""Batch normalisation fused with the sum and the rectifier after it: same bits, fewer passes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import lamina
from lamina import _core, layers, ops

Build = Callable[[Any, list[Any]], Any]


def normalised(x: Any, between: list[Any], **options: Any) -> Any:
    y = layers.BatchNormalization(
        beta_initializer="random_normal", gamma_initializer="random_normal", **options
    )(x)
    between.append(y)
    return y


def projected(x: Any) -> Any:
    return layers.Dense(x.shape[-1], use_bias=False)(x)


def rectified_sum(x: Any, between: list[Any]) -> Any:
    y = layers.Add()([normalised(x, between), projected(x)])
    between.append(y)
    return layers.Activation("relu")(y)


def both_normalised(x: Any, between: list[Any]) -> Any:
    """A block whose shortcut is normalised too, and recorded after the main path."""
    first = normalised(projected(x), between)
    second = normalised(projected(x), between)
    between.append(y := layers.Add()([first, second]))
    return layers.ReLU()(y)


def twice(x: Any, between: list[Any]) -> Any:
    """One layer on two inputs: its statistics are updated in the order of the calls."""
    layer = layers.BatchNormalization(momentum=0.5)
    first = layer(projected(x))
    second = layer(projected(x))
    between += [first, second]
    y = layers.Add()([first, ops.tanh(second)])
    between.append(y)
    return layers.ReLU()(y)


def written_sum(x: Any, between: list[Any]) -> Any:
    y = ops.add(x, normalised(x, between))
    between.append(y)
    return ops.relu(y)


# Functions that build a network, and the normalisation's row of the profile.  Each appends the
# values in between to the list: if another operation reads them, they prevent the fusion.
CASES: dict[str, tuple[Build, str]] = {
    "relu": (lambda x, b: layers.Activation("relu")(normalised(x, b)), "batch_norm+relu"),
    "leaky": (
        lambda x, b: layers.LeakyReLU(negative_slope=0.25)(normalised(x, b)),
        "batch_norm+leaky_relu",
    ),
    "relu6": (lambda x, b: layers.Activation("relu6")(normalised(x, b)), "batch_norm+clipped_relu"),
    "silu": (lambda x, b: layers.Activation("silu")(normalised(x, b)), "batch_norm+silu"),
    "hard silu": (
        lambda x, b: layers.Activation("hard_silu")(normalised(x, b)),
        "batch_norm+hard_silu",
    ),
    "sum, relu6": (
        lambda x, b: layers.ReLU(0.5)(layers.Add()([normalised(x, b), layers.Identity()(x)])),
        "batch_norm+add+clipped_relu",
    ),
    "sum, silu": (
        lambda x, b: layers.Activation("silu")(layers.Add()([normalised(x, b), x])),
        "batch_norm+add",
    ),
    "silu, sum": (
        lambda x, b: layers.Add()([x, layers.Activation("silu")(normalised(x, b))]),
        "batch_norm+silu",
    ),
    "plain": (
        lambda x, b: layers.ReLU()(normalised(x, b, center=False, scale=False)),
        "batch_norm+relu",
    ),
    "sum": (lambda x, b: layers.Add()([projected(x), normalised(x, b)]), "batch_norm+add"),
    "sum, relu": (rectified_sum, "batch_norm+add+relu"),
    "two": (both_normalised, "batch_norm+add+relu"),
    "twice": (twice, "batch_norm"),
    "written": (written_sum, "batch_norm+add+relu"),
    "given": (
        lambda x, b: layers.ReLU()(layers.Add()([normalised(x, b), layers.Identity()(x)])),
        "batch_norm+add+relu",
    ),
}


def network(case: str, shape: tuple[int, ...], apart: bool, dtype: str) -> lamina.Model:
    """Return a network of the case; `apart`: the values in between are outputs too."""
    lamina.set_random_seed(3)
    x, between = lamina.Input(shape), []
    y = CASES[case][0](projected(x), between)
    y = layers.Flatten()(projected(y))
    return lamina.Model(x, [y, *between] if apart else y, dtype=dtype)


def compiled(model: lamina.Model, apart: bool) -> lamina.Model:
    weights = [1.0] + [0.0] * (len(model.outputs) - 1) if apart else None
    model.compile(lamina.optimizers.SGD(0.1), "mse", loss_weights=weights)
    return model


def trained(case: str, shape: tuple[int, ...], apart: bool, dtype: str, rows: int) -> list[Any]:
    """Return weights after two steps, then predictions."""
    model = compiled(network(case, shape, apart, dtype), apart)
    x = np.random.default_rng(1).standard_normal((rows, *shape)).astype(dtype)
    y = model.predict(x, verbose=0)
    wanted = [y[0] + 1, *y[1:]] if apart else y + 1
    for _ in range(2):
        model.train_on_batch(x, wanted)
    y = model.predict(x, verbose=0)
    return [*model.get_weights(), y[0] if apart else y]


@pytest.mark.parametrize("case", CASES)
def test_the_profile_shows_one_operation(case: str) -> None:
    model = compiled(network(case, (6, 5), False, "float32"), False)
    x = np.ones((9, 6, 5), np.float32)
    profile = lamina.profile(model, x, model.predict(x, verbose=0), batch_size=9)
    kinds = [row.operation for row in profile.rows if "batch_norm" in row.operation]
    assert any(kind.endswith(f"({CASES[case][1]})") for kind in kinds), kinds
    alone = [row for row in profile.rows if row.operation.endswith(("(relu)", "(add)"))]
    assert bool(alone) == (case == "twice")


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(5,), (4, 3), (70,)])
def test_bits_are_those_of_the_layers_apart(case: str, dtype: str, shape: tuple[int, ...]) -> None:
    together, apart = (trained(case, shape, way, dtype, 37) for way in (False, True))
    for a, b in zip(together, apart, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.usefixtures("isa")
@pytest.mark.parametrize("case", ["relu", "leaky", "sum, relu", "relu6", "silu", "hard silu"])
def test_bits_on_every_instruction_set(case: str) -> None:
    test_bits_are_those_of_the_layers_apart(case, "float32", (9, 20))


@pytest.mark.parametrize("case", ["relu", "sum, relu", "silu"])
def test_no_bit_depends_on_the_threads(case: str) -> None:
    def on(threads: int) -> list[Any]:
        lamina.set_num_threads(threads)
        return trained(case, (40, 40), False, "float32", 60)

    for one, three in zip(on(1), on(3), strict=True):
        np.testing.assert_array_equal(one, three)


def silu(v: Any) -> Any:
    return v / (1 + np.exp(-v))


def silu_slope(v: Any) -> Any:
    s = 1 / (1 + np.exp(-v))
    return s * (1 + v * (1 - s))


LAWS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "leaky_relu": (lambda v: np.where(v > 0, v, 0.25 * v), lambda v: np.where(v > 0, 1, 0.25)),
    "silu": (silu, silu_slope),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("kind", "added", "wide"),
    [
        ("leaky_relu", False, True), ("leaky_relu", True, True), ("silu", False, True),
        ("silu", False, False),
    ],
)  # fmt: skip
def test_gradients_in_the_place_of_others(dtype: str, kind: str, added: bool, wide: bool) -> None:
    """The memory of the output's gradient is reused for those of x or the added value."""
    law, slope = LAWS[kind]
    rng, rows, columns = np.random.default_rng(2), 40, 21
    graph = _core.Graph(dtype)
    x, other = graph.input((columns,), "x"), graph.input((columns,), "other")
    target = graph.input((columns,), "target")
    moving = [_core.Parameter(n, (columns,), dtype, False) for n in ("mean", "variance")]
    _core.allocate(moving)
    y = graph.batch_norm(x, *map(graph.parameter, moving))
    y = graph.activation(graph.add([y, other]) if added else y, kind, alpha=0.25)
    graph.add_loss(graph.loss("mean_squared_error", y, target))
    graph.build()
    run = _core.Execution(graph, rows, True, 0, True)
    data = [rng.standard_normal((rows, columns)).astype(dtype) for _ in range(3)]
    scale = np.ones(columns)
    if wide:
        scale[[0, 7, 8, 20]] = 1e25 if dtype == "float32" else 1e200
    data[0] = (data[0] * scale).astype(dtype)
    run.bind(data)
    run.gradients(None, 0, rows, 0)

    xs, others, targets = (a.astype(float) for a in data)
    unit = xs / scale
    std = np.sqrt(unit.var(0) + (np.sqrt(1e-3) / scale) ** 2)
    normal = (unit - unit.mean(0)) / std
    v = normal + others * added
    d = 2 * (law(v) - targets) / columns / rows * slope(v)
    dx = (d - d.mean(0) - normal * (d * normal).mean(0)) / std
    bound = {"rtol": 0, "atol": 1e-5 if dtype == "float32" else 1e-13}
    np.testing.assert_allclose(run.input_gradient(0).astype(float) * scale, dx, **bound)
    if added:
        np.testing.assert_allclose(run.input_gradient(1), d, **bound)
