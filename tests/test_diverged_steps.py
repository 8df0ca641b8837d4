"""Steps with a finite loss but infinite updates: an error is raised and nothing has changed."""

import pickle

import numpy as np
import pytest

import lamina
from lamina import optimizers
from lamina.layers import LSTM, BatchNormalization, Dense, Input

RNG = np.random.default_rng(5)
X = RNG.normal(size=(12, 3)).astype("float32")
Y = RNG.normal(size=(12, 1)).astype("float32")


class Own(optimizers.Optimizer):
    """Gradient descent with a sum of squares, in NumPy."""

    def build(self, variables):
        super().build(variables)
        self.squares = self.add_optimizer_variables(variables, "squares")

    def update_step(self, gradient, variable, learning_rate):
        squares = self.squares[self._get_variable_index(variable)]
        squares += np.square(gradient)
        variable -= learning_rate * gradient / np.sqrt(squares + 1e-7)


def network(optimizer, seed=2):
    model = lamina.Sequential([Input((3,)), Dense(4), Dense(1)], seed=seed)
    model.compile(optimizer, "mse")
    return model


def held(model):
    optimizer = model.optimizer
    return (
        [w.copy() for w in model.weights], [s.copy() for s in optimizer.slots],
        optimizer.iterations, model.train_state.draw,
    )  # fmt: skip


def assert_same(got, expected):
    for a, b in zip(got[0] + got[1], expected[0] + expected[1], strict=True):
        np.testing.assert_array_equal(a, b)
    assert got[2:] == expected[2:]


RULES = {
    "rmsprop": lambda: optimizers.RMSprop(0.01),
    "centered": lambda: optimizers.RMSprop(0.01, momentum=0.9, centered=True),
    "adam": lambda: optimizers.Adam(0.01),
    "amsgrad": lambda: optimizers.Adam(0.01, amsgrad=True),
    "adamw": lambda: optimizers.AdamW(0.01),
    "adagrad": lambda: optimizers.Adagrad(0.01),
    "nadam": lambda: optimizers.Nadam(0.01),
    "adadelta": lambda: optimizers.Adadelta(0.01),
    "own": lambda: Own(0.01),
}


@pytest.mark.parametrize("rule", RULES)
def test_a_second_moment_that_would_overflow_is_a_diverged_step(rule):
    model = network(RULES[rule]())
    model.fit(X, Y, epochs=2, verbose=0, shuffle=False, batch_size=4)
    before = held(model)
    huge = Y.copy()
    huge[:] = 1e19  # a loss of 1e38, and a gradient of 1e19, whose square float32 does not hold
    with pytest.raises(lamina.TrainingDiverged, match="the moments") as caught:
        model.train_on_batch(X, huge)
    assert np.isfinite(caught.value.loss)
    assert caught.value.loss > 1e37
    assert pickle.loads(pickle.dumps(caught.value)).kind == caught.value.kind == "moments"
    assert_same(held(model), before)
    model.train_on_batch(X, Y)  # training continues as if nothing had happened
    twin = network(RULES[rule]())
    twin.fit(X, Y, epochs=2, verbose=0, shuffle=False, batch_size=4)
    twin.train_on_batch(X, Y)
    assert_same(held(model), held(twin))


@pytest.mark.parametrize(
    "optimizer",
    [
        lambda: optimizers.SGD(0.01), lambda: optimizers.SGD(0.01, momentum=0.9, nesterov=True),
        lambda: optimizers.SGD(0.01, weight_decay=0.1), lambda: optimizers.SGD(0.01, clipnorm=1.0),
        lambda: optimizers.SGD(0.01, clipvalue=1.0),
        lambda: optimizers.Adam(0.01, global_clipnorm=1.0), *RULES.values(),
    ],
)  # fmt: skip
def test_a_gradient_that_is_not_finite_is_a_diverged_step(optimizer):
    model = network(optimizer())
    model.fit(X, Y, verbose=0)
    before = held(model)
    x = X.copy()
    x[:, 0] = 1e30  # the loss is moderate, as the first weight is 0; its gradient is not
    model.layers[0].weights[0][0] = 0.0
    before = held(model)
    huge = Y + 1e15
    with pytest.raises(lamina.TrainingDiverged, match="the gradient of 'dense/kernel' would"):
        model.fit(x, huge, verbose=0, batch_size=12)
    assert_same(held(model), before)
    assert model.history.epoch == []


@pytest.mark.parametrize(
    "optimizer",
    [optimizers.SGD(1e30), optimizers.SGD(1e30, momentum=0.5), optimizers.RMSprop(1e38, rho=0.999)],
)
def test_a_step_that_would_overflow_the_weights_is_a_diverged_step(optimizer):
    model = network(optimizer)
    goal = Y * np.float32(1e12)
    model.compile(optimizer, "mse")
    before = held(model)[0]
    with pytest.raises(lamina.TrainingDiverged):
        model.fit(X, goal, verbose=0, epochs=3)
    if optimizer.iterations == 0:
        for a, b in zip(model.weights, before, strict=True):
            np.testing.assert_array_equal(a, b)
    assert all(np.isfinite(w).all() for w in model.weights)
    assert all(np.isfinite(s).all() for s in optimizer.slots)


@pytest.mark.parametrize(("dtype", "size"), [("float32", 1e18), ("float64", 1e150)])
@pytest.mark.parametrize("own", [False, True], ids=["fused", "numpy"])
@pytest.mark.parametrize("clip", ["clipnorm", "global_clipnorm"])
def test_huge_gradients_are_clipped_to_the_norm(dtype, size, own, clip):
    class Plain(optimizers.Optimizer):
        def update_step(self, gradient, variable, learning_rate):
            variable -= learning_rate * gradient

    model = lamina.Sequential([Input((3,)), Dense(1)], dtype=dtype, seed=1)
    model.compile((Plain if own else optimizers.SGD)(1.0, **{clip: 2.0}), "mse")
    x, goal = X[:4].astype(dtype), np.full((4, 1), size, dtype)
    if dtype == "float64":
        x *= 1e10  # a gradient of 1e160: its square is beyond float64
    before = model.get_weights()
    model.fit(x, goal, verbose=0)
    moved = [b - a for a, b in zip(model.get_weights(), before, strict=True)]
    gradient = -2 * np.sum(x.astype(float) / 4, 0)[:, None] * (size / 1e100), -2 * size / 1e100
    norms = [np.linalg.norm(gradient[0]), abs(gradient[1])]
    if clip == "global_clipnorm":
        norms = [np.hypot(*norms)] * 2
    for step, part, norm in zip(moved, gradient, norms, strict=True):
        np.testing.assert_allclose(step, np.broadcast_to(part / norm * 2.0, step.shape), rtol=1e-5,
                                   atol=1e-6)  # fmt: skip


def test_nothing_that_a_batch_leaves_behind_has_moved():
    x = RNG.normal(size=(4, 5, 3)).astype("float32")
    model = lamina.Sequential(
        [Input((5, 3), batch_size=4), LSTM(2, stateful=True), BatchNormalization(), Dense(1)],
        seed=1,
    )
    model.compile("adam", "mse")
    model.train_on_batch(x, Y[:4])
    before = held(model)
    state = [np.array(s) for s in model.layers[0].states]
    with pytest.raises(lamina.TrainingDiverged):
        model.train_on_batch(x, np.full((4, 1), 1e19, "float32"))
    assert_same(held(model), before)
    for a, b in zip(model.layers[0].states, state, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_rule_of_ones_own_that_raises_has_moved_nothing():
    class Fails(Own):
        def update_step(self, gradient, variable, learning_rate):
            super().update_step(gradient, variable, learning_rate)
            if self.iterations == 1 and tuple(variable.shape) == (1,):
                raise KeyError("the last of the weights")

    model = network(Fails(0.1))
    model.train_on_batch(X, Y)
    before = held(model)
    with pytest.raises(KeyError):
        model.train_on_batch(X, Y)
    assert_same(held(model), before)
