"""Losses against NumPy in float64, Keras where installed, and bad input."""

import numpy as np
import pytest

import golden
import lamina
from lamina import losses

RTOL = {"float32": 2e-5, "float64": 1e-12}


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def one_hot(labels, classes):
    return np.eye(classes)[labels]


def mean_squared_error(y, p):
    return np.mean((y - p) ** 2, axis=-1)


def mean_absolute_error(y, p):
    return np.mean(np.abs(y - p), axis=-1)


def huber(y, p, delta=1.0):
    e = np.abs(y - p)
    return np.mean(np.where(e <= delta, e**2 / 2, delta * e - delta**2 / 2), axis=-1)


def binary_crossentropy(y, p):
    return np.mean(-y * np.log(p) - (1 - y) * np.log(1 - p), axis=-1)


def categorical_crossentropy(y, p):
    return -np.sum(y * np.log(p / p.sum(axis=-1, keepdims=True)), axis=-1)


@pytest.fixture
def rng():
    return np.random.default_rng(7)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(1, 1), (5, 1), (6, 3), (4, 3, 2), (33, 17)])
@pytest.mark.parametrize(
    ("loss", "oracle"),
    [
        (losses.MeanSquaredError(), mean_squared_error),
        (losses.MeanAbsoluteError(), mean_absolute_error),
        (losses.Huber(), huber),
        (losses.Huber(delta=0.3), lambda y, p: huber(y, p, 0.3)),
    ],
    ids=["mse", "mae", "huber", "huber_0.3"],
)
def test_regression_losses(rng, loss, oracle, shape, dtype):
    y, p = rng.normal(size=shape).astype(dtype), rng.normal(size=shape).astype(dtype)
    weight = rng.uniform(size=shape[0])
    per_position = oracle(y.astype("float64"), p.astype("float64"))
    np.testing.assert_allclose(loss(y, p), per_position.mean(), rtol=RTOL[dtype])
    weighted = per_position * weight.reshape(-1, *[1] * (per_position.ndim - 1))
    np.testing.assert_allclose(loss(y, p, weight), weighted.mean(), rtol=RTOL[dtype])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("from_logits", [False, True])
def test_crossentropies(rng, from_logits, smoothing, dtype):
    z = rng.normal(size=(9, 4)).astype(dtype)
    z64 = z.astype("float64")
    settings = {"from_logits": from_logits, "label_smoothing": smoothing}

    y = rng.integers(0, 2, size=(9, 4))
    p = z if from_logits else sigmoid(z64).astype(dtype)
    expected = binary_crossentropy(y * (1 - smoothing) + smoothing / 2, sigmoid(z64)).mean()
    got = losses.BinaryCrossentropy(**settings)(y, p)
    np.testing.assert_allclose(got, expected, rtol=RTOL[dtype])

    labels = rng.integers(0, 4, size=9)
    y = one_hot(labels, 4)
    p = z if from_logits else softmax(z64).astype(dtype)
    expected = categorical_crossentropy(y * (1 - smoothing) + smoothing / 4, softmax(z64)).mean()
    got = losses.CategoricalCrossentropy(**settings)(y, p)
    np.testing.assert_allclose(got, expected, rtol=RTOL[dtype])

    sparse = losses.SparseCategoricalCrossentropy(from_logits=from_logits)
    expected = categorical_crossentropy(y, softmax(z64)).mean()
    np.testing.assert_allclose(sparse(labels, p), expected, rtol=RTOL[dtype])
    np.testing.assert_allclose(sparse(labels[:, None], p), expected, rtol=RTOL[dtype])
    np.testing.assert_allclose(sparse(labels.astype(float), p), expected, rtol=RTOL[dtype])


def test_extreme_logits_give_exact_losses():
    z = np.array([[1e4, -1e4], [-1e4, 1e4]], dtype="float32")
    sparse = losses.SparseCategoricalCrossentropy(from_logits=True)
    assert sparse([0, 1], z) == 0.0
    assert sparse([1, 0], z) == 2e4
    binary = losses.BinaryCrossentropy(from_logits=True)
    assert binary([[0.0, 1.0], [1.0, 0.0]], z) == 1e4


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("columns", [1, 3, 40])
def test_noisy_labels_do_not_pull_sigmoids_without_end(dtype, columns):
    logits = np.resize([-40.0, -15.0, -3.0, 0.0, 2.0, 15.0, 40.0], (9, columns)).astype(dtype)
    y = np.resize([1.3, 0.4, -0.3, 1.0, 0.0], (9, columns)).astype(dtype)
    model = lamina.Sequential(
        [lamina.Input((columns,)), lamina.layers.Dense(columns, "sigmoid", use_bias=False)],
        dtype=dtype,
    )
    model.set_weights([np.eye(columns, dtype=dtype)])
    model.compile(lamina.optimizers.SGD(1.0), "binary_crossentropy")
    exact = np.logaddexp(0, logits.astype(float)) - y * logits.astype(float)
    limit, outside = np.log((1 - 1e-7) / 1e-7), (y < 0) | (y > 1)
    assert (outside & (abs(logits) > limit)).any()
    near = np.clip(logits.astype(float), -limit, limit)
    expected = np.where(outside, np.logaddexp(0, near) - y * near, exact)
    np.testing.assert_allclose(
        model.evaluate(logits, y, verbose=0), expected.mean(), rtol=RTOL[dtype]
    )
    slope = 1 / (1 + np.exp(-logits.astype(float))) - y
    slope[outside & (abs(logits) > limit)] = 0
    model.fit(logits, y, batch_size=len(y), verbose=0)
    moved = np.eye(columns) - model.get_weights()[0]
    step = logits.astype(float).T @ slope / slope.size
    np.testing.assert_allclose(moved, step, rtol=0, atol=RTOL[dtype] * abs(step).max())
    free = losses.BinaryCrossentropy(from_logits=True)(y, logits)
    np.testing.assert_allclose(free, exact.mean(), rtol=RTOL[dtype])


def test_noisy_labels_have_the_weight_of_the_nearest_class(rng):
    x, noise = rng.normal(size=(20, 2)), rng.uniform(-0.4, 0.4, size=20)
    labels = np.arange(20) % 2
    found = []
    for given in (
        {"class_weight": {0: 1.0, 1: 3.0}}, {"sample_weight": np.where(labels == 1, 3.0, 1.0)},
    ):  # fmt: skip
        model = lamina.Sequential([lamina.Input((2,)), lamina.layers.Dense(1, "sigmoid")], seed=1)
        model.compile("sgd", "binary_crossentropy")
        model.fit(x, labels + noise, verbose=0, **given)
        found.append(model.get_weights()[0])
    np.testing.assert_array_equal(*found)


def test_probabilities_of_zero_are_kept_away_from_the_logarithm():
    got = losses.CategoricalCrossentropy()([[0.0, 1.0]], [[1.0, 0.0]])
    np.testing.assert_allclose(got, -np.log(1e-7), rtol=1e-12)


def test_against_keras(rng):
    y, p = rng.uniform(size=(8, 3)), rng.uniform(0.01, 0.99, size=(8, 3))
    labels = rng.integers(0, 3, size=8)
    for name in (
        "MeanSquaredError", "MeanAbsoluteError", "Huber", "BinaryCrossentropy",
        "CategoricalCrossentropy", "SparseCategoricalCrossentropy",
    ):  # fmt: skip
        target = labels if name.startswith("Sparse") else y

        def loss(name=name, target=target):
            return float(getattr(golden.Peer("keras").losses, name)()(target, p.astype("float32")))

        theirs = golden.ask(loss, name, target, p)
        np.testing.assert_allclose(getattr(losses, name)()(target, p), theirs, rtol=1e-5)


@pytest.mark.parametrize(
    ("name", "cls"),
    [
        ("mse", losses.MeanSquaredError),
        ("MeanSquaredError", losses.MeanSquaredError),
        ("mean_squared_error", losses.MeanSquaredError),
        ("mae", losses.MeanAbsoluteError),
        ("huber", losses.Huber),
        ("bce", losses.BinaryCrossentropy),
        ("BinaryCrossentropy", losses.BinaryCrossentropy),
        ("categorical_crossentropy", losses.CategoricalCrossentropy),
        ("sparse_categorical_crossentropy", losses.SparseCategoricalCrossentropy),
    ],
)
def test_names(name, cls):
    assert type(losses.get(name)) is cls
    assert type(losses.get(cls)) is cls


def test_configuration_round_trip():
    for loss in (
        losses.Huber(delta=0.5, name="robust"),
        losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.2),
        losses.SparseCategoricalCrossentropy(from_logits=True),
    ):
        copy = losses.get(losses.serialize(loss))
        assert type(copy) is type(loss)
        assert copy.get_config() == loss.get_config()


def pinball(y, p):
    return np.maximum(0.9 * (y - p), 0.1 * (p - y))[..., 0]


def pinball_slope(y, p):
    return np.where(y > p, -0.9, 0.1)


def test_a_loss_of_ones_own(rng):
    y, p = rng.normal(size=(6, 1)), rng.normal(size=(6, 1))
    weight = rng.uniform(size=6)
    loss = losses.PythonLoss(pinball, pinball_slope)
    assert loss.name == "pinball"
    np.testing.assert_allclose(loss(y, p), pinball(y, p).mean(), rtol=1e-12)
    np.testing.assert_allclose(loss(y, p, weight), (weight * pinball(y, p)).mean(), rtol=1e-12)


def test_gradients_of_a_loss_of_ones_own(rng):
    from lamina import _core

    x, y, weight = rng.normal(size=(6, 2)), rng.normal(size=(6, 1)), rng.uniform(size=6)
    loss = losses.PythonLoss(pinball, pinball_slope)
    graph = _core.Graph("float64")
    kernel = _core.Parameter("kernel", (2, 1), "float64")
    _core.allocate([kernel])
    kernel.array[...] = 0.3
    tensors = graph.input((2,)), graph.input((1,)), graph.input(())
    prediction = graph.dense(tensors[0], graph.parameter(kernel))
    graph.add_loss(loss.record(graph, prediction, tensors[1]), tensors[2])
    graph.build()
    execution = _core.Execution(graph, 6, True)
    execution.bind([x, y, weight])
    execution.gradients(None, 0, 6, 0)
    p = x @ kernel.array
    expected = x.T @ (pinball_slope(y, p) * weight[:, None]) / 6
    np.testing.assert_allclose(execution.gradient_of(kernel), expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: losses.get("mean_sqared_error"), ValueError, "did you mean 'mean_squared_error'"),
        (lambda: losses.get(3), TypeError, "got 3"),
        (lambda: losses.Huber(delta=0), ValueError, "Huber: delta"),
        (lambda: losses.Huber(delta="1"), TypeError, "Huber: delta must be a number; got '1'"),
        (lambda: losses.MeanSquaredError(reduction="all"), ValueError, "reduction .*got 'all'"),
        (lambda: losses.BinaryCrossentropy(label_smoothing=1.5), ValueError, "got 1.5"),
        (lambda: losses.BinaryCrossentropy(from_logits="yes"), TypeError, "from_logits"),
        (lambda: losses.CategoricalCrossentropy(axis=0), ValueError, "axis must not be 0"),
        (lambda: losses.MeanSquaredError()([[1.0]], [[1.0, 2.0]]), ValueError, r"\(rows, 2\)"),
        (lambda: losses.MeanSquaredError()([[1.0]], [[1.0], [2.0]]), ValueError, "1 and 2"),
        (lambda: losses.MeanSquaredError()([[np.nan]], [[1.0]]), ValueError, "row 0, column 0"),
        (lambda: losses.MeanSquaredError()([["a"]], [[1.0]]), TypeError, "must hold numbers"),
        (lambda: losses.MeanSquaredError()([], []), ValueError, "at least one row"),
        (lambda: losses.BinaryCrossentropy()([[2]], [[0.5]]), ValueError, "than 0.5; got 2"),
        (
            lambda: losses.BinaryCrossentropy()([[0.2], [-0.5]], [[0.5], [0.5]]),
            ValueError,
            r"in \[0, 1\], with noise of less than 0.5; got -0.5 in row 1, column 0",
        ),
        (
            lambda: losses.CategoricalCrossentropy()([[0, 2]], [[0.5, 0.5]]),
            ValueError,
            r"in \[0, 1\]; got 2 in row 0, column 1",
        ),
        (
            lambda: losses.SparseCategoricalCrossentropy()([0, 2], [[0.5, 0.5]] * 2),
            ValueError,
            r"integer labels in \[0, 2\); got 2 in row 1",
        ),
        (
            lambda: losses.SparseCategoricalCrossentropy()([0.5], [[0.5, 0.5]]),
            ValueError,
            "integer labels; got 0.5 in row 0",
        ),
        (
            lambda: losses.SparseCategoricalCrossentropy()([-1], [[0.5, 0.5]]),
            ValueError,
            "got -1 in row 0",
        ),
        (
            lambda: losses.SparseCategoricalCrossentropy()([[0, 1]], [[0.5, 0.5]]),
            ValueError,
            "one-hot rows need categorical_crossentropy",
        ),
        (
            lambda: losses.CategoricalCrossentropy()([1], [[0.5, 0.5]]),
            ValueError,
            "integer labels need sparse_categorical_crossentropy",
        ),
        (
            lambda: losses.MeanSquaredError()([1.0], [1.0], [np.inf]),
            ValueError,
            "sample_weight must be finite; got inf in row 0",
        ),
        (
            lambda: losses.MeanSquaredError()([1.0], [1.0], [1.0, 1.0]),
            ValueError,
            r"each of 1 rows; got shape \(2,\)",
        ),
        (lambda: losses.PythonLoss(pinball, None), TypeError, "backward must be callable"),
    ],
)
def test_bad_input(call, error, text):
    with pytest.raises(error, match=text):
        call()
