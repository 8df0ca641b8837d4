"""Sizes and targets that a model does not have: the errors say what to write instead."""

import numpy as np
import pytest

import lamina
from lamina import layers, losses, ops

X = np.random.default_rng(0).random((8, 6, 4)).astype("float32")


def test_a_model_of_one_length_in_a_model_of_any():
    """The model inside has to be made for any length, and then is used."""

    def chain(length):
        return lamina.Sequential([lamina.Input((length, 4)), layers.Dense(3), layers.LSTM(2)])

    x = lamina.Input((None, 4))
    hint = r"input has shape \(rows, None, 4\); needs \(rows, 6, 4\) .*Input\(\(None, 4\)\)"
    with pytest.raises(ValueError, match=hint):
        chain(6)(x)
    assert lamina.Model(x, chain(None)(x)).predict(X, verbose=0).shape == (8, 2)
    with pytest.raises(ValueError, match=r"needs \(rows, 6, 4\)$"):  # another number of columns
        chain(6)(lamina.Input((None, 5)))


@pytest.mark.parametrize("rows", [24, -1])
def test_rows_and_positions_in_one_axis(rows):
    """A batch size within a call fits one size of batch; -1 fits every size."""

    class Tokens(layers.Layer):
        def __init__(self):
            super().__init__()
            self.route = layers.Dense(2, activation="softmax")

        def call(self, x):
            tokens = ops.reshape(x, (rows, 4))
            share = ops.cumsum(self.route(tokens), axis=0)  # over rows and positions
            return ops.reshape(tokens * share[:, :1], (-1, 6, 4))

    x = lamina.Input((6, 4))
    if rows == 24:
        with pytest.raises(ValueError, match=r"cannot be reshaped to \(24, 4\); .* let -1 stand"):
            Tokens()(x)
        return
    model = lamina.Model(x, layers.Dense(1)(layers.Flatten()(Tokens()(x))))
    model.compile("sgd", "mse")
    model.fit(X, np.ones((8, 1)), batch_size=4, verbose=0)
    whole = model.predict(X, verbose=0)  # what rows give does not depend on later ones
    np.testing.assert_allclose(model.predict(X[:3], verbose=0), whole[:3], rtol=1e-5)


@pytest.mark.parametrize(("sizes", "helps"), [((3, 5), False), ((8, 2), True), ((0, 4), True)])
def test_a_hint_at_minus_one_only_where_it_helps(sizes, helps):
    with pytest.raises(ValueError, match="cannot be reshaped") as caught:
        lamina.Model(x := lamina.Input((4,)), ops.reshape(x, sizes))
    assert ("let -1 stand" in str(caught.value)) == helps


class Denoiser(lamina.Model):
    """Learns to remove noise: it makes its targets itself."""

    def __init__(self):
        super().__init__()
        self.layer = layers.Dense(4)

    def call(self, x):
        """Return the denoised rows."""
        return self.layer(x)

    def train_step(self, data):
        """Return the loss for noise on the rows."""
        return {"loss": self.loss(data, self.layer(data + 0.5))}


@pytest.mark.parametrize("given", ["compile", "assigned"])
@pytest.mark.parametrize("form", ["array", "batches"])
def test_a_loss_that_a_step_calls_without_targets(form, given):
    """It is given to compile, or assigned."""
    rows = X[:, 0]
    data = rows if form == "array" else (rows for _ in range(2))
    model = Denoiser()
    if given == "compile":
        model.compile("sgd", loss=losses.MeanAbsoluteError())
    else:
        model.loss = losses.MeanAbsoluteError()
        model.compile("sgd")
    assert model.fit(data, verbose=0).history["loss"][0] > 0
    with pytest.raises((TypeError, ValueError), match=r"needs targets|needs a loss"):
        model.evaluate(rows, verbose=0)  # not by this step


class Judged(lamina.Sequential):
    """Defines a step of evaluation alone."""

    def test_step(self, data):
        """Return the mean of the output."""
        return {"loss": lamina.ops.mean(self(data))}


@pytest.mark.parametrize("form", ["array", "batches"])
def test_missing_targets_are_named_before_the_step_that_runs(form):
    """A step of evaluation has no part in a fit."""
    model = Judged([lamina.Input((2,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    rows = np.zeros((4, 2))

    def data():
        return rows if form == "array" else (rows for _ in range(2))

    with pytest.raises(TypeError, match=r"^fit.*needs targets") as raised:
        model.fit(data(), verbose=0)
    assert "test_step" not in str(raised.value)
    assert model.evaluate(data(), verbose=0) == 0.0


def test_an_input_of_any_length_is_a_hint_with_a_condition():
    """Flatten and Dense do not take any length."""
    inner = lamina.Sequential([lamina.Input((3, 4)), layers.Flatten(), layers.Dense(1)])
    with pytest.raises(ValueError, match=r"Input\(\(None, 4\)\) takes any length, if its layers"):
        lamina.Sequential([lamina.Input((5, 4)), inner])
