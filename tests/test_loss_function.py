"""The loss as a function of one vector of weights: against formulas written out in NumPy."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from scipy.optimize import minimize

import lamina
from lamina import layers
from lamina.regularizers import L2

RNG = np.random.default_rng(3)
X = RNG.normal(size=(40, 3))
Y = np.sin(X @ RNG.normal(size=(3, 1))) + 0.1 * RNG.normal(size=(40, 1))
W = RNG.uniform(0.5, 2.0, 40)


def network(dtype="float64", held=L2(0.01), **compiled):  # noqa: B008
    model = lamina.Sequential(
        [
            lamina.Input((3,)),
            layers.Dense(4, "tanh", kernel_regularizer=held),
            layers.Dropout(0.5),
            layers.Dense(1),
        ],
        dtype=dtype,
        seed=1,
    )
    model.compile("adam", **{"loss": "mse", **compiled})
    return model


def by_hand(theta, weight=W):
    """Return outputs, their derivatives, and the loss of 3-4-1 with tanh."""
    w, b, v, c = np.split(theta, [12, 16, 20])
    w = w.reshape(3, 4)
    h = np.tanh(X @ w + b)
    out = h @ v + c
    back = (1 - h**2) * v
    inner = (X[:, :, None] * back[:, None, :]).reshape(len(X), -1)
    jacobian = np.hstack([inner, back, h, np.ones((len(X), 1))])
    loss = np.mean(weight * (out - Y[:, 0]) ** 2) + 0.01 * (w**2).sum()
    return out, jacobian, loss


def test_value_and_derivatives_are_those_of_the_formula():
    model = network()
    f = model.loss_function(X, Y, sample_weight=W)
    assert f.paths == ["dense/kernel", "dense/bias", "dense_1/kernel", "dense_1/bias"]
    assert (f.size, f.rows) == (21, 40)
    theta = f.weights + 0.1
    out, jacobian, loss = by_hand(theta)
    scores = 2 * (W * (out - Y[:, 0]))[:, None] * jacobian
    penalty = np.zeros(21)
    penalty[:12] = 0.02 * theta[:12]
    np.testing.assert_allclose(f.value(theta), loss, rtol=1e-13)
    np.testing.assert_allclose(f.outputs(theta)[:, 0], out, rtol=1e-12)
    np.testing.assert_allclose(f.jacobian(theta)[:, 0], jacobian, rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(f.losses(theta), W * (out - Y[:, 0]) ** 2, rtol=1e-12)
    np.testing.assert_allclose(f.scores(theta), scores, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(f.penalty_gradient(theta), penalty, rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(f.gradient(theta), scores.mean(0) + penalty, rtol=1e-10, atol=1e-13)
    assert f.penalty(theta) == pytest.approx(0.01 * (theta[:12] ** 2).sum(), rel=1e-10)


@pytest.mark.parametrize("held", [L2(0.01), lambda w: 0.01 * lamina.ops.sum(w**2)])
def test_second_derivatives_of_penalties(held):
    model = network(held=held)
    wanted = np.zeros((21, 21))
    wanted[:12, :12] = 0.02 * np.eye(12)
    f = model.loss_function(X, Y)
    np.testing.assert_allclose(f.penalty_hessian(), wanted, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("scale", [1.0, 300.0])
def test_second_derivatives_are_those_of_a_logistic_regression(scale):
    """They are X' diag(p (1 - p)) X / n, also where columns are large and the weights small."""
    x = np.hstack([scale * X, np.ones((40, 1))])
    labels = (Y[:, 0] > 0).astype(float)
    model = lamina.Sequential(
        [lamina.Input((3,)), layers.Dense(1, "sigmoid")], dtype="float64", seed=2
    )
    model.compile("adam", "binary_crossentropy")
    theta = np.array([0.3, -0.2, 0.4, 0.0]) / [scale, scale, scale, 1]
    p = 1 / (1 + np.exp(-x @ theta))
    wanted = (x * (p * (1 - p))[:, None]).T @ x / 40
    found = model.loss_function(x[:, :3], labels).hessian(theta)
    np.testing.assert_allclose(found, wanted, rtol=1e-8, atol=1e-8 * np.abs(wanted).max())


def test_a_model_in_single_precision_is_evaluated_in_double_and_stays_as_it_is():
    model = network("float32")
    before = [w.copy() for w in model.get_weights()]
    f = model.loss_function(X, Y)
    theta = f.weights
    assert f.value() == pytest.approx(by_hand(theta, np.ones(40))[2], rel=1e-13)
    f.weights = theta + 1
    assert f.value() == pytest.approx(by_hand(theta + 1, np.ones(40))[2], rel=1e-13)
    assert f.unpacked()["dense_1/bias"].shape == (1,)
    for now, then in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then)


def test_it_is_without_dropout_and_follows_the_order_of_the_models_weights():
    x = lamina.Input((3,))
    first, second = layers.Dense(2, "tanh"), layers.Dense(1)
    held = layers.Dense(2, trainable=False)
    last = layers.Concatenate()([second(first(x)), held(x)])
    model = lamina.Model(x, layers.Dense(2)(layers.BatchNormalization()(last)), dtype="float64")
    model.compile("adam", lambda t, p: lamina.ops.mean(lamina.ops.abs(t - p), axis=-1))
    targets = RNG.normal(size=(40, 2))
    model.fit(X, targets, epochs=2, verbose=0)
    f = model.loss_function(X, targets)
    assert f.value() == pytest.approx(model.evaluate(X, targets, verbose=0), rel=1e-12)
    np.testing.assert_array_equal(
        f.weights, np.concatenate([w.numpy().ravel() for w in model.trainable_weights])
    )
    np.testing.assert_allclose(f.outputs(), model.predict(X), rtol=1e-12)
    step = 1e-6 * RNG.normal(size=f.size)
    moved = (f.outputs(f.weights + step) - f.outputs(f.weights - step)) / 2
    np.testing.assert_allclose(f.jacobian() @ step, moved, rtol=1e-6, atol=1e-13)


@pytest.mark.parametrize(
    ("reduction", "weight"),
    [("sum_over_batch_size", W), ("sum", W), ("mean_with_sample_weight", 1)],
)
def test_the_loss_of_a_row_is_that_of_a_batch_of_it(reduction, weight):
    loss = lamina.losses.MeanSquaredError(reduction=reduction)
    model = network(loss=loss)
    f = model.loss_function(X, Y, sample_weight=W)
    np.testing.assert_allclose(f.losses(), weight * (f.outputs() - Y)[:, 0] ** 2, rtol=1e-12)


def test_an_outside_optimizer_finds_the_minimum():
    held = {"kernel_regularizer": L2(0.05)}
    dense = [layers.Dense(4, "tanh", **held), layers.Dense(1, **held)]
    model = lamina.Sequential([lamina.Input((3,)), *dense], seed=1)
    model.compile("adam", "mse")
    f = model.loss_function(X, Y)
    found = minimize(f.value_and_gradient, f.weights, jac=True, method="BFGS", tol=1e-9)
    assert np.abs(f.gradient(found.x)).max() < 1e-6
    assert np.linalg.eigvalsh(f.hessian(found.x)).min() > -1e-8


def test_a_program_is_recorded_once_for_any_rows_of_its_form():
    model = network()
    first = model.loss_function(X, Y, sample_weight=W)
    theta = first.weights + 0.1
    kept = [f.tobytes() for f in (first.weights, first.gradient(theta), first.outputs(theta))]
    others = [(X + k, Y - k, W * k) for k in range(1, 5)]
    functions = [first.program.over(*data) for data in others]
    with ThreadPoolExecutor(4) as pool:  # a thread for each function, with weights of its own
        found = list(
            pool.map(lambda f, k: [f.gradient(theta + k) for _ in range(20)], functions, range(4))
        )
    for k, data in enumerate(others):
        alone = model.loss_function(*data)
        assert functions[k].scores(theta).tobytes() == alone.scores(theta).tobytes()
        for gradient in found[k]:
            assert gradient.tobytes() == alone.gradient(theta + k).tobytes()
    again = first.weights, first.gradient(theta), first.outputs(theta)
    assert kept == [f.tobytes() for f in again]
    with pytest.raises(ValueError, match="recorded for, rows 40; got 39"):
        first.program.over(X[1:], Y[1:], W[1:])
    with pytest.raises(ValueError, match=r"weights \[True\]; got \[False\]"):
        first.program.over(X, Y)


def test_what_does_not_fit_is_refused():
    model = network()
    f = model.loss_function(X, Y)
    with pytest.raises(ValueError, match=r"theta must have shape \(21,\).*got \(3,\)"):
        f.value(np.zeros(3))
    with pytest.raises(lamina.NotCompiledError, match="loss_function"):
        lamina.Sequential([lamina.Input((3,)), layers.Dense(1)]).loss_function(X, Y)
    model.compile("adam", lambda t, p: lamina.ops.max(lamina.ops.abs(t - p)))
    with pytest.raises(ValueError, match="one number for all rows"):
        model.loss_function(X, Y).scores()
