"""Constraints: applied to arrays, and to weights after each training step."""

import copy
from functools import partial

import numpy as np
import pytest

import golden
import lamina
from lamina import constraints, layers, ops

theirs = golden.Peer("keras.constraints")


@pytest.fixture
def rng():
    return np.random.default_rng(3)


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("MaxNorm", {"max_value": 1.5}), ("MaxNorm", {"max_value": 1.0, "axis": [0, 1]}),
        ("NonNeg", {}), ("UnitNorm", {"axis": 1}),
        ("MinMaxNorm", {"min_value": 1.0, "max_value": 1.2, "rate": 0.7}),
    ],
)  # fmt: skip
def test_constraints_are_keras_s(rng, name, settings):
    w = rng.normal(size=(4, 3)).astype("float32")
    expected = golden.ask(lambda: getattr(theirs, name)(**settings)(w), w, settings)
    constraint = getattr(constraints, name)(**settings)
    np.testing.assert_allclose(constraint(w), expected, rtol=1e-5)
    again = constraints.get(constraints.serialize(constraint))
    assert again.get_config() == constraint.get_config()


def trained(rng, steps=1, **settings):
    model = lamina.Sequential([lamina.Input((3,)), layers.Dense(4, **settings), layers.Dense(1)])
    model.compile("sgd", "mse")
    x, y = rng.normal(size=(20, 3)), 9 * rng.normal(size=(20, 1))
    for _ in range(steps):
        model.train_on_batch(x, y)
    model.fit(x, y, batch_size=7, epochs=2, verbose=0)
    return model


def test_weights_after_training(rng):
    model = trained(
        rng,
        kernel_constraint=constraints.UnitNorm(),
        bias_constraint=lambda b: ops.clip(b, 0.25, 0.5),
    )
    kernel, bias = model.layers[0].get_weights()
    np.testing.assert_allclose(np.linalg.norm(kernel, axis=0), 1.0, rtol=1e-5)
    assert (bias >= 0.25).all()
    assert (bias <= 0.5).all()
    again = copy.deepcopy(model)
    again.layers[0].set_weights([kernel * 5, bias])
    again.train_on_batch(np.ones((2, 3)), np.ones(2))
    np.testing.assert_allclose(np.linalg.norm(again.layers[0].kernel, axis=0), 1.0, rtol=1e-5)


def test_the_step_itself_is_not_changed(rng):
    """After one step of plain descent the weights are the constraint applied to the free ones."""
    x, y = rng.normal(size=(8, 3)), rng.normal(size=(8, 1))

    def stepped(constraint):
        lamina.set_random_seed(5)
        layer = layers.Dense(1, kernel_constraint=constraint)
        model = lamina.Sequential([lamina.Input((3,)), layer], dtype="float64")
        model.compile(lamina.optimizers.SGD(0.1), "mse")
        model.train_on_batch(x, y)
        return layer.get_weights()[0]

    np.testing.assert_allclose(stepped("non_neg"), np.maximum(stepped(None), 0.0), rtol=1e-12)


LAYERS = [
    (lambda **c: layers.Dense(2, **c), (3,), "kernel bias"),
    (lambda **c: layers.Conv1D(2, 2, **c), (4, 3), "kernel bias"),
    (lambda **c: layers.Conv2D(2, 2, **c), (4, 4, 3), "kernel bias"),
    (lambda **c: layers.Conv2DTranspose(2, 2, **c), (4, 4, 3), "kernel bias"),
    (lambda **c: layers.DepthwiseConv2D(2, **c), (4, 4, 3), "depthwise bias"),
    (lambda **c: layers.SeparableConv2D(2, 2, **c), (4, 4, 3), "depthwise pointwise bias"),
    (lambda **c: layers.Embedding(5, 2, **c), None, "embeddings"),
    (lambda **c: layers.SimpleRNN(2, **c), (4, 3), "kernel recurrent bias"),
    (lambda **c: layers.LSTM(2, **c), (4, 3), "kernel recurrent bias"),
    (lambda **c: layers.GRU(2, **c), (4, 3), "kernel recurrent bias"),
    (layers.BatchNormalization, (3,), "gamma beta"),
    (layers.LayerNormalization, (3,), "gamma beta"),
    (layers.PReLU, (3,), "alpha"),
]


def filled(value, w):
    return w * 0.0 + value


@pytest.mark.parametrize(("make", "shape", "names"), LAYERS)
def test_arguments_of_layers(make, shape, names):
    """Each weight with such an argument is constrained by it."""
    names = names.split()
    marks = {f"{name}_constraint": partial(filled, float(k + 2)) for k, name in enumerate(names)}
    layer = make(**marks)
    x = lamina.Input(shape) if shape else lamina.Input((4,), dtype="int32")
    model = lamina.Model(x, layer(x))
    model.compile("sgd", "mse")
    data = np.ones((2, *shape)) if shape else np.ones((2, 4), "int32")
    model.train_on_batch(data, np.zeros_like(model.predict(data)))
    found = [float(w.ravel()[0]) for w in layer.trainable_weights]
    assert [np.unique(w).size for w in layer.trainable_weights] == [1] * len(names)
    assert sorted(found) == [float(k + 2) for k in range(len(names))]
    assert type(layer).from_config(layer.get_config()).get_config() == layer.get_config()


def test_frozen_weights_stay(rng):
    layer = layers.Dense(4, kernel_constraint="unit_norm", trainable=False)
    model = lamina.Sequential([lamina.Input((3,)), layer, layers.Dense(1)])
    model.compile("sgd", "mse")
    before = layer.get_weights()[0]
    model.fit(rng.normal(size=(4, 3)), rng.normal(size=(4, 1)), verbose=0)
    np.testing.assert_array_equal(layer.get_weights()[0], before)


def test_constraints_of_layers_of_ones_own(rng):
    class Scale(layers.Layer):
        def build(self, input_shape):
            self.w = self.add_weight(shape=(input_shape[-1],), initializer="ones",
                                     constraint=lambda w: ops.minimum(w, 0.5))  # fmt: skip

        def call(self, x):
            return x * self.w

    model = lamina.Sequential([lamina.Input((3,)), Scale()])
    model.compile("sgd", "mse")
    model.fit(rng.normal(size=(4, 3)), rng.normal(size=(4, 3)), verbose=0)
    assert (np.asarray(model.layers[0].w) <= 0.5).all()


@pytest.mark.parametrize(
    ("constraint", "error", "text"),
    [
        (ops.sum, ValueError, r"constraint of dense/kernel: must return .* \(3, 4\); "
         r"got <Tensor of shape \(\)"),
        (lambda w: None, TypeError, "constraint of dense/kernel: must return a tensor"),
        (lambda w: w if w > 0 else -w, TypeError, r"constraint of dense/kernel: .*`if`.*line \d+"),
        (np.frexp, TypeError, r"constraint of dense/kernel: .*called on <Tensor of shape \(3, 4\)"),
    ],
)  # fmt: skip
def test_bad_constraints(rng, constraint, error, text):
    layer = layers.Dense(4, kernel_constraint=constraint)
    model = lamina.Sequential([lamina.Input((3,)), layer, layers.Dense(1)])
    model.compile("sgd", "mse")
    before = model.get_weights()
    with pytest.raises(error, match=text):
        model.fit(rng.normal(size=(4, 3)), rng.normal(size=(4, 1)), verbose=0)
    for was, now in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(was, now)


@pytest.mark.parametrize(
    ("constraint", "error", "text"),
    [
        ("max_nrm", ValueError, "unknown constraint 'max_nrm'; did you mean 'max_norm'"),
        (3, TypeError, "constraint: needs a name"),
        ({"class_name": "MaxNorm", "config": {"max_value": -1}}, ValueError, "max_value"),
        ({"class_name": "MinMaxNorm", "config": {"min_value": 2}}, ValueError, "not exceed"),
    ],
)
def test_bad_arguments(constraint, error, text):
    with pytest.raises(error, match=text):
        layers.Dense(4, kernel_constraint=constraint)
