"""Batch normalisation fused with the global average pooling after it: one pass each way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

import lamina
from harness import assert_close, assert_same_bits
from lamina import _core, layers
from thread_proof import same_on_threads


@dataclass(frozen=True)
class Case:
    """A network x -> batch_norm [-> + other] [-> activation] -> mean over the image."""

    image: tuple[int, ...]
    activation: str = "relu"
    added: bool = False
    masked: bool = False
    batch_statistics: bool = True
    x_learns: bool = True


CASES = {
    "image": Case((7, 6, 5)),
    "many images in a chunk": Case((2, 1, 3)),
    "one pixel": Case((1, 1, 70)),
    "one pixel, sum": Case((1, 1, 70), added=True),
    "wide rows": Case((3, 2, 600)),
    "whole strips": Case((6, 5, 64)),
    "many chunks": Case((40, 30, 33)),
    "signal": Case((70, 17), "leaky_relu"),
    "linear": Case((5, 9), "linear"),
    "narrow, linear": Case((13, 7, 2), "linear", added=True),
    "sum": Case((5, 4, 20), added=True),
    "sum, leaky": Case((30, 48), "leaky_relu", added=True),
    "sum alone learns": Case((5, 4, 20), added=True, x_learns=False),
    "mask": Case((9, 7), masked=True),
    "mask, sum": Case((9, 21), "leaky_relu", added=True, masked=True),
    "given statistics": Case((5, 4, 20), batch_statistics=False),
    "given statistics, sum": Case((5, 4, 20), added=True, batch_statistics=False),
}
SLOPE, EPSILON = 0.25, 1e-3


class Network:
    """The graph of a case, whose sum of means times weights is the loss, run once."""

    def __init__(self, case: Case, dtype: str, data: dict[str, np.ndarray], rows: int) -> None:
        self.graph = graph = _core.Graph(dtype)
        columns = case.image[-1]
        shapes = {"x": case.image, "other": case.image, "weight": (columns,)}
        inputs = {name: graph.input(shape, name) for name, shape in shapes.items()}
        if case.masked:
            inputs["mask"] = graph.input(case.image[:-1], "mask", "bool")
        names = ("mean", "variance", "gamma", "beta")
        slots = {
            name: _core.Parameter(name, (columns,), dtype, name in names[2:]) for name in names
        }
        _core.allocate(list(slots.values()))
        for name, slot in slots.items():
            slot.array[...] = data[name]
        x = inputs["x"] if case.x_learns else graph.stop_gradient(inputs["x"])
        mean, variance, gamma, beta = (graph.parameter(slots[name]) for name in names)
        y = graph.batch_norm(
            x,
            mean,
            variance,
            gamma,
            beta,
            inputs.get("mask"),
            epsilon=EPSILON,
            batch_statistics=case.batch_statistics,
        )
        y = graph.add([y, inputs["other"]]) if case.added else y
        y = graph.activation(y, case.activation, alpha=SLOPE)
        sides = case.image[:-1] if len(case.image) == 3 else (1, case.image[0])
        pooled = graph.pool2d("average", y, sides, sides, (0, 0, 0, 0))
        means = graph.reshape(pooled, (columns,))
        graph.add_output(means)
        graph.add_loss(graph.loss("mean_squared_error", means, inputs["weight"]))
        graph.build()
        self.run = _core.Execution(graph, rows, True, 0, True)
        self.run.bind([data[name] for name in inputs])
        self.run.gradients(None, 0, rows, 0)
        self.gradients = {
            **{name: self.run.gradient_of(slots[name]).astype(float) for name in names[2:]},
            **{
                name: self.run.input_gradient(i).astype(float)
                for i, name in enumerate(inputs)
                if (name == "x" and case.x_learns) or (name == "other" and case.added)
            },
        }


def drawn(case: Case, dtype: str, rows: int, centre: float = 0.0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(len(case.image) + case.image[-1])
    columns = case.image[-1]
    data = {
        "x": rng.normal(centre, 1, (rows, *case.image)),
        "other": rng.normal(size=(rows, *case.image)),
        "weight": rng.normal(size=(rows, columns)),
        "mean": rng.normal(size=columns),
        "variance": rng.uniform(0.5, 2, columns),
        "gamma": rng.uniform(0.5, 2, columns) * rng.choice([-1, 1], columns),
        "beta": rng.normal(size=columns),
    }
    drawn = {name: a.astype(dtype) for name, a in data.items()}
    return {**drawn, "mask": rng.random((rows, *case.image[:-1])) < 0.7}


def expected(
    case: Case, data: dict[str, np.ndarray], epsilon: float | np.ndarray = EPSILON
) -> dict[str, np.ndarray]:
    """The gradients by the formulas of the separate layers, in float64."""
    columns = case.image[-1]
    given = {name: a.astype(float) for name, a in data.items()}
    rows, x = len(given["x"]), given["x"].reshape(-1, columns)
    kept = given["mask"].reshape(-1, 1) if case.masked else np.ones((len(x), 1))
    mean, variance = given["mean"], given["variance"]
    if case.batch_statistics:
        mean = (x * kept).sum(0) / kept.sum()
        variance = (np.square(x - mean) * kept).sum(0) / kept.sum()
        mean = mean.astype(data["x"].dtype)  # as it is stored
    std = np.sqrt(variance + epsilon)
    normal = (x - mean) / std
    v = normal * given["gamma"] + given["beta"]
    if case.added:
        v = v + given["other"].reshape(-1, columns)
    below = {"relu": 0.0, "leaky_relu": SLOPE, "linear": 1.0}[case.activation]
    y = np.where(v > 0, v, below * v).reshape(rows, -1, columns)
    dy = 2 * (y.mean(1) - given["weight"]) / columns / rows
    d = np.repeat(dy / y.shape[1], y.shape[1], axis=0) * np.where(v > 0, 1, below)
    follow = kept / kept.sum() if case.batch_statistics else 0 * kept
    dx = given["gamma"] / std * (d - follow * (d.sum(0) + normal * (d * normal).sum(0)))
    wanted = {"gamma": (d * normal).sum(0), "beta": d.sum(0), "x": dx, "other": d}
    if not case.added:
        del wanted["other"]
    if not case.x_learns:
        del wanted["x"]
    return wanted


def assert_gradients(
    found: dict[str, np.ndarray], wanted: dict[str, np.ndarray], atol: float
) -> None:
    assert found.keys() == wanted.keys()
    for name, gradient in wanted.items():
        size = np.abs(gradient).max()
        error = np.abs(found[name].reshape(gradient.shape) - gradient).max()
        assert error <= atol * size, f"{name}: {error} of {size}"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", CASES)
def test_gradients_follow_the_formulas(name: str, dtype: str) -> None:
    case = CASES[name]
    data = drawn(case, dtype, 9)
    network = Network(case, dtype, data, 9)
    kinds = [kind for kind in network.graph.operations() if "pool" in kind]
    assert len(kinds) == 1
    assert kinds[0].startswith("batch_norm")
    # Sums over 9 images, whose terms cancel.
    bound = 2e-5 if dtype == "float32" else 1e-12
    assert_gradients(network.gradients, expected(case, data), bound)


def test_many_images_of_many_chunks() -> None:
    case = CASES["many chunks"]
    data = drawn(case, "float32", 17)
    assert_gradients(Network(case, "float32", data, 17).gradients, expected(case, data), 2e-5)


def test_a_mean_has_the_same_bits_among_any_number() -> None:
    x = lamina.Input((40, 30, 33))
    y = layers.ReLU()(layers.BatchNormalization()(x))
    model = lamina.Model(x, layers.GlobalAveragePooling2D()(y))
    rows = np.random.default_rng(3).normal(size=(20, 40, 30, 33)).astype("float32")
    means = model(rows)
    np.testing.assert_allclose(
        means, np.maximum(rows / np.sqrt(1 + EPSILON), 0).mean((1, 2)), rtol=1e-5
    )
    for count in (1, 3, 16):
        assert_same_bits([model(rows[:count])], [means[:count]], f"{count} rows")


@pytest.mark.usefixtures("isa")
@pytest.mark.parametrize("name", ["image", "whole strips", "sum, leaky", "narrow, linear"])
def test_every_instruction_set(name: str) -> None:
    data = drawn(CASES[name], "float32", 9)
    network = Network(CASES[name], "float32", data, 9)
    assert_gradients(network.gradients, expected(CASES[name], data), 2e-5)


@pytest.mark.parametrize("name", ["many chunks", "sum, leaky", "wide rows"])
def test_no_bit_depends_on_the_threads(name: str) -> None:
    data = drawn(CASES[name], "float32", 40)
    same_on_threads(lambda: tuple(Network(CASES[name], "float32", data, 40).gradients.values()))


def test_columns_far_from_zero() -> None:
    """With a mean of 10,000 standard deviations, the only error is the rounding of the mean."""
    case = CASES["many chunks"]
    data = drawn(case, "float32", 9, centre=1e4)
    network = Network(case, "float32", data, 9)
    assert_gradients(network.gradients, expected(case, data), 1e-4)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("added", [False, True])
def test_columns_whose_variance_overflows(dtype: str, added: bool) -> None:
    case = Case((6, 4, 21), "leaky_relu", added=added)
    data = drawn(case, dtype, 9)
    scale = np.ones(21)
    scale[[0, 7, 8, 20]] = 1e25 if dtype == "float32" else 1e200
    wanted = expected(case, data, np.square(np.sqrt(EPSILON) / scale))
    data["x"] = (data["x"] * scale).astype(dtype)
    found = Network(case, dtype, data, 9).gradients
    found["x"] = found["x"] * scale
    assert_gradients(found, wanted, 2e-5 if dtype == "float32" else 1e-12)


def network(apart: bool, dtype: str, added: bool) -> lamina.Model:
    """A convolution, normalised, rectified, averaged; `apart`: others read the values between."""
    x = lamina.Input((8, 7, 6))
    z = layers.Conv2D(12, 3, padding="same", use_bias=False)(x)
    y = layers.BatchNormalization()(z)
    y = layers.Add()([y, layers.Conv2D(12, 1)(x)]) if added else y
    y = layers.ReLU()(y)
    mean = layers.GlobalAveragePooling2D()(y)
    model = lamina.Model(x, [mean, y] if apart else mean, dtype=dtype)
    rng = np.random.default_rng(4)
    for weight in model.weights:
        weight.assign(rng.uniform(0.2, 1.0, weight.shape) * (1 if "norm" in weight.path else 0.5))
    model.compile("sgd", "mse", loss_weights=[1.0, 0.0] if apart else None)
    return model


@pytest.mark.parametrize("added", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_model_learns_as_with_layers_apart(dtype: str, added: bool) -> None:
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(22, 8, 7, 6)), rng.normal(size=(22, 12))
    found = []
    for apart in (False, True):
        model = network(apart, dtype, added)
        target = [y, rng.random((22, 8, 7, 12))] if apart else y
        model.fit(x, target, batch_size=11, epochs=3, shuffle=False, verbose=0)
        predicted = model.predict(x, verbose=0)
        found.append([*model.get_weights(), predicted[0] if apart else predicted])
    for together, apart_from in zip(*found, strict=True):
        assert_close(together, apart_from, 22 * 56, 4.0)


def test_the_profile_shows_one_operation() -> None:
    model = network(False, "float32", True)
    x = np.ones((5, 8, 7, 6), np.float32)
    kinds = [row.operation for row in lamina.profile(model, x, np.ones((5, 12))).rows]
    assert any(kind.endswith("(batch_norm+add+relu+average_pool2d)") for kind in kinds), kinds
    assert not any("(average_pool2d)" in kind for kind in kinds)


@pytest.mark.parametrize("window", ["whole", "parts"])
@pytest.mark.parametrize("normalised", [False, True])
def test_predictions_average_what_a_convolution_gives(window: str, normalised: bool) -> None:
    """In graphs for inference a convolution is fused with the average of its images."""

    def model(apart: bool) -> lamina.Model:
        x = lamina.Input((20, 18, 6))
        y = layers.Conv2D(16, 3, use_bias=False)(x)
        y = layers.BatchNormalization()(y) if normalised else y
        y = layers.ReLU()(y)
        pool = layers.GlobalAveragePooling2D() if window == "whole" else layers.AveragePooling2D(3)
        mean = pool(y)
        made = lamina.Model(x, [mean, y] if apart else mean)
        rng = np.random.default_rng(4)
        for weight in made.weights:
            weight.assign(rng.uniform(0.2, 1.0, weight.shape) - 0.5 * ("kernel" in weight.path))
        return made

    x = np.random.default_rng(1).normal(size=(19, 20, 18, 6)).astype("float32")
    together = model(False)
    whole = together.predict(x, verbose=0)
    assert_close(whole, model(True).predict(x.astype("float32"), verbose=0)[0], 54 * 288, 4.0)
    for rows in (1, 7, 8):
        assert_same_bits([together.predict(x[:rows], verbose=0)], [whole[:rows]], f"{rows} rows")
    same_on_threads(lambda: together.predict(x, verbose=0))
