"""Layers that a call uses, although they were made, adapted or built outside of it."""

import numpy as np
import pytest

import lamina
from keras_models import numbers
from lamina import layers

X = numbers(10, 3)


def test_layers_adapted_elsewhere_may_be_called():
    scaled = lamina.Sequential([layers.Normalization(), layers.Rescaling(2.0)])
    scaled.layers[0].adapt(X)

    class Model(lamina.Model):
        def __init__(self):
            super().__init__()
            self.last = layers.Dense(1)

        def call(self, x):
            return self.last(scaled(x))

    model = Model()
    expected = 2 * (X - X.mean(0)) / X.std(0) @ model_kernel(model)
    np.testing.assert_allclose(model.predict(X, verbose=0), expected, rtol=1e-4, atol=1e-5)
    assert model.count_params() == 4
    unbuilt = layers.Dense(3)

    class Other(Model):
        def call(self, x):
            return self.last(unbuilt(x))

    with pytest.raises(ValueError, match="whose new weights would belong to no layer"):
        Other().predict(X, verbose=0)


def adapted():
    layer = layers.Normalization()
    layer.adapt(X)
    return layer


def built():
    layer = layers.Dense(3)
    layer.build((None, 3))
    return layer


@pytest.mark.parametrize("base", [lamina.Model, layers.Layer])
@pytest.mark.parametrize("make", [adapted, built])
def test_layers_built_elsewhere_may_be_called(make, base):
    outer = make()

    class Uses(base):
        def __init__(self):
            super().__init__()
            self.last = layers.Dense(1)

        def call(self, x):
            return self.last(outer(x))

    used = Uses()
    y = used(X)
    np.testing.assert_allclose(y, outer(X) @ used.last.get_weights()[0], rtol=1e-4, atol=1e-6)
    assert len(used.weights) == 2
    model = used if base is lamina.Model else lamina.Sequential([used])
    before = outer.get_weights()
    model.compile("sgd", "mse")
    model.fit(X, X[:, :1], verbose=0)
    for one, other in zip(outer.get_weights(), before, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_layer_built_in_each_call_is_refused():
    class Makes(lamina.Model):
        def call(self, x):
            return built()(x)

    with pytest.raises(ValueError, match="whose new weights would belong to no layer"):
        Makes()(X)


def model_kernel(model):
    """Return the kernel of a model's last layer, once it is built."""
    model.predict(X, verbose=0)
    return model.last.get_weights()[0]
