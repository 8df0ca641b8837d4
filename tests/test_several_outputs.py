"""A Sequential whose last layer returns several outputs."""

import numpy as np
import pytest

import golden
import lamina
from keras_models import keras, numbers
from programs_beside_keras import QUIET, drawn

X, Y = numbers(20, 6), numbers(20, 3, seed=1)


def model(library, *behind):
    class Both(library.layers.Layer):
        def call(self, x):
            return 2 * x, x + 1

    layers = [library.Input((6,)), library.layers.Dense(3), Both(), *behind]
    return drawn(library.Sequential(layers))


def answers(library):
    row = model(library)
    made = row.predict(X, verbose=0)
    row.compile("sgd", ["mse", "mae"], loss_weights=[1.0, 0.5])
    losses = row.fit(X, [Y, -Y], epochs=2, batch_size=5, **QUIET).history["loss"]
    total = row.evaluate(X, [Y, -Y], verbose=0)[0]
    shapes = [list(shape) for shape in row.output_shape]
    sums, weights = [float(v) for v in (*losses, total)], row.get_weights()
    return [type(made).__name__, *made, *row(X), shapes, sums, weights, len(row.outputs)]


def test_it_is_what_keras_makes_of_it():
    got, wanted = answers(lamina), golden.ask(lambda: answers(keras))
    assert got[0] == wanted[0]
    assert got[5] == wanted[5]
    assert got[-1] == wanted[-1]
    arrays = ([*each[1:5], each[6], *each[7]] for each in (got, wanted))
    for a, b in zip(*arrays, strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=2e-6)


def test_names_and_layers_that_come_and_go():
    row = model(lamina)
    row.compile("sgd", "mse")
    history = row.fit(X, [Y, Y], verbose=0).history
    assert list(history) == ["loss", "output_1_loss", "output_2_loss"]
    with pytest.raises(
        ValueError, match="has 2 outputs; a layer of a Sequential must have one unless"
    ):
        row.add(lamina.layers.Dense(1))
    assert len(row.predict(X, verbose=0)) == 2
    row.pop()
    assert row.output_shape == (None, 3)
    assert row.predict(X, verbose=0).shape == (20, 3)


def test_it_is_refused_before_other_layers():
    with pytest.raises(ValueError, match="both: has 2 outputs"):
        model(lamina, lamina.layers.Dense(1))


def test_it_is_a_layer_of_other_models():
    row = model(lamina)
    x = lamina.Input((6,))
    first, second = row(x)
    outer = lamina.Model(x, [second, first])
    for a, b in zip(outer.predict(X, verbose=0), row.predict(X, verbose=0)[::-1], strict=True):
        np.testing.assert_array_equal(a, b)
