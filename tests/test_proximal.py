"""L1 penalties that produce exact zeros: the lasso, with every rule."""

import copy

import numpy as np
import pytest

import lamina
from lamina import layers, optimizers, regularizers

RNG = np.random.default_rng(6)
X = RNG.normal(size=(60, 8))
Y = X[:, :3] @ [1.5, -2.0, 0.4] + 0.1 * RNG.normal(size=60)
L1 = 0.25


def fitted(optimizer, regularizer, epochs, layer=None):
    layer = layer or layers.Dense(1, use_bias=False, kernel_regularizer=regularizer)
    model = lamina.Sequential([lamina.Input((8,)), layer], dtype="float64", seed=1)
    model.compile(optimizer, "mse")
    model.fit(X, Y, batch_size=len(X), epochs=epochs, verbose=0)
    return model


def test_gradient_descent_takes_the_proximal_step():
    w = np.zeros(8)
    for _ in range(30):
        moved = w - 0.02 * 2 * X.T @ (X @ w - Y) / len(X)
        w = np.sign(moved) * np.maximum(np.abs(moved) - 0.02 * L1, 0.0)
    penalty = regularizers.L1(L1, proximal=True)
    layer = layers.Dense(1, use_bias=False, kernel_initializer="zeros", kernel_regularizer=penalty)
    model = fitted(optimizers.SGD(0.02), None, 30, layer)
    np.testing.assert_allclose(model.get_weights()[0][:, 0], w, rtol=1e-10)
    assert (w == 0).any()


@pytest.mark.parametrize(
    "optimizer",
    [
        optimizers.SGD(0.05),
        optimizers.SGD(0.02, momentum=0.9, nesterov=True),
        optimizers.Adam(optimizers.schedules.ExponentialDecay(0.1, 100, 0.6)),
        optimizers.RMSprop(optimizers.schedules.ExponentialDecay(0.05, 100, 0.6)),
        optimizers.Adagrad(0.5),
    ],
    ids=lambda optimizer: type(optimizer).__name__,
)
def test_every_rule_comes_to_the_lasso(optimizer):
    linear_model = pytest.importorskip("sklearn.linear_model")
    wanted = linear_model.Lasso(L1 / 2, fit_intercept=False, tol=1e-12).fit(X, Y).coef_
    w = fitted(optimizer, regularizers.L1(L1, proximal=True), 1500).get_weights()[0][:, 0]
    assert np.array_equal(w == 0, wanted == 0)
    assert (w == 0).sum() >= 4
    np.testing.assert_allclose(w, wanted, atol=2e-4)


def test_without_it_there_are_no_zeros():
    w = fitted(optimizers.SGD(0.05), regularizers.L1(L1), 200).get_weights()[0]
    assert (w != 0).all()


def test_with_a_square_it_is_the_elastic_net():
    penalty = regularizers.L1L2(0.3, 0.5, proximal=True)
    w = fitted(optimizers.SGD(0.05), penalty, 1500).get_weights()[0][:, 0]
    gradient = 2 * X.T @ (X @ w - Y) / len(X) + 2 * 0.5 * w
    assert np.abs(gradient[w == 0]).max() <= 0.3
    np.testing.assert_allclose(gradient[w != 0], -0.3 * np.sign(w[w != 0]), atol=1e-9)
    assert 0 < (w == 0).sum() < 8


def test_it_may_be_switched_and_is_kept():
    layer = layers.Dense(1, use_bias=False, kernel_regularizer=regularizers.L1(L1))
    model = fitted(optimizers.SGD(0.05), None, 100, layer)
    assert (layer.kernel.numpy() != 0).all()
    layer.kernel_regularizer.proximal = True
    model.fit(X, Y, batch_size=len(X), epochs=100, verbose=0)
    assert (layer.kernel.numpy() == 0).sum() >= 4
    assert copy.deepcopy(layer).kernel_regularizer.proximal
    assert regularizers.L1(L1).get_config() == {"l1": L1}  # as Keras's
    again = regularizers.get(regularizers.serialize(regularizers.L1L2(0.1, 0.2, proximal=True)))
    assert again.proximal
    with pytest.raises(TypeError, match="L1: proximal must be"):
        regularizers.L1(0.1, proximal=3)


def test_layers_of_units_die_out_in_float32():
    hidden = layers.Dense(16, "tanh", kernel_regularizer=regularizers.L1(0.02, proximal=True))
    model = lamina.Sequential([lamina.Input((8,)), hidden, layers.Dense(1)], seed=3)
    model.compile(optimizers.Adam(0.01), "mse")
    model.fit(X, Y, epochs=150, verbose=0)
    assert (hidden.kernel.numpy() == 0).mean() > 0.5


def test_a_search_along_lines_refuses_it():
    with pytest.raises(ValueError, match="LBFGS: searches along lines, on which proximal L1"):
        fitted("lbfgs", regularizers.L1(L1, proximal=True), 2)
    fitted("lbfgs", regularizers.L1(L1), 2)
