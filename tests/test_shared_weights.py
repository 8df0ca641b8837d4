"""A layer that occurs twice in a model, directly and within another, has its weights there once."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import lamina
from harness import assert_same_bits
from lamina.layers import (
    LSTM,
    Add,
    Bidirectional,
    Concatenate,
    Dense,
    Flatten,
    Normalization,
    RepeatVector,
    Subtract,
    TimeDistributed,
)


def beside_its_steps():
    d, i = Dense(4), lamina.Input((3,))
    steps = Flatten()(TimeDistributed(d)(RepeatVector(2)(i)))
    return lamina.Model(i, Concatenate()([d(i), steps]), seed=1)


def beside_its_model():
    norm, d, i = Normalization(mean=[1.0, 2.0, 3.0], variance=[1.0, 4.0, 9.0]), Dense(4), None
    inner = lamina.Sequential([lamina.Input((3,)), norm, d], name="inner")
    i = lamina.Input((3,))
    return lamina.Model(i, Add()([inner(i), d(norm(i))]), seed=1)


MODELS = pytest.mark.parametrize(("make", "count"), [(beside_its_steps, 2), (beside_its_model, 2)])
X = np.random.default_rng(3).normal(size=(6, 3)).astype("float32")


@MODELS
def test_weights_are_counted_once(make, count):
    model = make()
    weights = model.get_weights()
    assert len(weights) == len(model.weights) == len(model.parameters) == count
    assert sum(w.size for w in weights) == model.count_params()
    assert [w.shape for w in weights] == [tuple(p.shape) for p in model.parameters]


@MODELS
def test_set_weights_takes_the_list_of_get_weights(make, count):
    model = make()
    new = [w + 0.5 for w in model.get_weights()]
    model.set_weights(new)
    for got, want in zip(model.get_weights(), new, strict=True):
        assert_same_bits(got, want, "weights")
    other = make()
    other.set_weights(new)
    assert_same_bits(other.predict(X), model.predict(X), "predictions")
    with pytest.raises(ValueError, match=rf"needs {count} weight arrays; got {count + 1}"):
        model.set_weights([*new, new[-1]])
    with pytest.raises(ValueError, match="must have shape"):
        model.set_weights([*[w + 1 for w in new[:-1]], np.zeros(9)])
    for got, want in zip(model.get_weights(), new, strict=True):
        assert_same_bits(got, want, "weights")


@MODELS
def test_copies_snapshots_and_training_keep_one_set(make, count):
    model = make()
    model.compile("adam", "mse")
    target = np.zeros((6, model.predict(X).shape[1]))
    model.fit(X, target, epochs=2, verbose=0)
    kept, y = model.snapshot(), model.predict(X)
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert len(twin.get_weights()) == count
        assert_same_bits(twin.predict(X), y, "predictions")
    model.fit(X, target, epochs=1, verbose=0)
    assert (model.predict(X) != y).any()
    model.restore(kept)
    assert_same_bits(model.predict(X), y, "predictions")


def test_a_model_within_has_its_weights_once_too():
    inner = beside_its_steps()
    i = lamina.Input((3,))
    outer = lamina.Model(i, Dense(1)(inner(i)))
    assert [w.shape for w in outer.get_weights()] == [(3, 4), (4,), (12, 1), (1,)]
    layer = inner.as_layer()
    assert len(layer.get_weights()) == len(layer.weights) == 2


@pytest.mark.parametrize("nested", [False, True])
def test_two_uses_of_a_bidirectional_layer_draw_their_own_dropout(nested):
    layer = Bidirectional(LSTM(8, dropout=0.5))
    if nested:
        layer = lamina.Sequential([lamina.Input((5, 3)), layer])
    i = lamina.Input((5, 3))
    model = lamina.Model(i, Subtract()([layer(i), layer(i)]), seed=2)
    model.compile("sgd", "mse")
    x = np.random.default_rng(4).normal(size=(16, 5, 3)).astype("float32")
    assert model.train_on_batch(x, np.zeros((16, 16))) > 0.0
    assert (model.predict(x) == 0.0).all()


def test_a_penalty_of_shared_weights_is_paid_once():
    penalty = lamina.regularizers.L2(0.5)
    shared = Dense(2, kernel_initializer="ones", kernel_regularizer=penalty)
    x = lamina.Input((4, 3))
    model = lamina.Model(x, Add()([TimeDistributed(shared)(x), shared(x)]))
    model.compile("sgd", "mse")
    data = np.ones((6, 4, 3))
    assert model.evaluate(data, model.predict(data)) == 0.5 * 6


def test_gradients_of_shared_layers_add_up():
    shared = Dense(3)
    x = lamina.Input((4, 5))
    both = Add()([TimeDistributed(shared)(x), TimeDistributed(shared)(x)])
    model, alone = lamina.Model(x, both), TimeDistributed(shared)
    data = np.random.default_rng(10).normal(size=(6, 4, 5)).astype("float32")
    np.testing.assert_allclose(model.predict(data), 2 * alone(data), rtol=1e-6)
    before = shared.get_weights()
    model.compile(lamina.optimizers.SGD(1.0), "mse")
    model.train_on_batch(data, np.zeros((6, 4, 3)))
    for new, old, gradient in zip(
        shared.get_weights(), before, _of_both(data, *before), strict=True
    ):
        np.testing.assert_allclose(old - new, gradient, rtol=1e-4, atol=1e-5)


def _of_both(x, w, b):
    y = 2 * (x @ w + b)
    dy = 4 * y / y.size  # once through each
    return np.einsum("rti,rto->io", x, dy), dy.sum((0, 1))
