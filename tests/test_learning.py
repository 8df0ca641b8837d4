"""A trainable weight that no gradient reaches is reported."""

import numpy as np
import pytest

import lamina
from lamina.layers import Add, Dense, Input, PythonLayer, TimeDistributed

X, Y = np.ones((4, 3)), np.ones((4, 2))


def rounded(**options):
    return PythonLayer(np.round, None, name="rounded", **options)


def compiled(layers):
    model = lamina.Sequential([Input((3,)), *layers])
    model.compile("sgd", "mse")
    return model


@pytest.mark.parametrize(
    "layers",
    [
        lambda: [Dense(4, name="h"), rounded(), Dense(2)],
        lambda: [Dense(4, name="h", kernel_regularizer="l2"), rounded(), rounded_too(), Dense(2)],
        lambda: [lamina.Sequential([Dense(4, name="h"), rounded()]), Dense(2)],
    ],
)
def test_a_weight_before_a_layer_without_a_backward(layers):
    for call in ("fit", "train_on_batch"):
        model = compiled(layers())
        before = model.get_weights()
        with pytest.raises(ValueError, match=r"h/kernel' and 1 more cannot learn: 'rounded"):
            getattr(model, call)(X, Y)
        for got, want in zip(model.get_weights(), before, strict=True):
            np.testing.assert_array_equal(got, want)
    model.evaluate(X, Y)  # and prediction need no gradient
    assert model.predict(X).shape == (4, 2)


def rounded_too():
    return PythonLayer(np.round, None, name="rounded_too")


def test_what_stops_a_gradient_on_purpose():
    frozen = compiled([Dense(4, trainable=False), rounded(), Dense(2)])
    stopped = compiled([Dense(4), PythonLayer(np.round, lambda dy, x: None), Dense(2)])
    nothing = compiled([rounded(), Dense(2)])
    for model in (frozen, stopped, nothing):
        before = model.get_weights()
        model.fit(X, Y, verbose=0)
        moved = [(a != b).any() for a, b in zip(model.get_weights(), before, strict=True)]
        assert moved[-1]
        assert not any(moved[:-2])


def test_another_way_to_the_loss():
    x = Input((3,))
    h = Dense(3, name="h")(x)
    model = lamina.Model(x, Dense(2)(Add()([h, rounded()(h)])))
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0)
    no_loss = lamina.Model(x, [Dense(2)(h), rounded()(Dense(2)(h))])
    no_loss.compile("sgd", ["mse", None])
    no_loss.fit(X, [Y, Y], verbose=0)


def test_within_a_time_distributed():
    inner = lamina.Sequential([Dense(2, name="h"), rounded()])
    model = lamina.Sequential([Input((3, 3)), TimeDistributed(inner)])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="cannot learn"):
        model.fit(np.ones((4, 3, 3)), np.ones((4, 3, 2)), verbose=0)
