"""Layers, operators and NumPy's functions called on arrays and on symbolic tensors; copies."""

import copy
import pickle

import numpy as np
import pytest

import lamina
from called_layers import mixed
from keras_models import assert_same, numbers
from lamina import layers, ops

X, Y = numbers(10, 3), numbers(10, 1, seed=6)
STEPS = numbers(10, 5, 3)
IDS = np.random.default_rng(7).integers(1, 7, (10, 5))
IDS[:, 3:] = 0


def test_operators_make_layers_of_symbolic_tensors():
    def make(keras):
        a, b = keras.Input((3,)), keras.Input((3,))
        h = keras.layers.Dense(3)(a)
        y = 1 - keras.ops.concatenate([h + 1, 2 * b, keras.ops.tanh(-h)], axis=-1)
        return keras.Model([a, b], keras.layers.Dense(1)(y))

    assert_same(make, [X, X], Y)


def test_configurations_and_copies():
    class Own(layers.Layer):
        def __init__(self, units=3, **base):
            super().__init__(**base)
            self.units = units
            self.dense = layers.Dense(units)

        def build(self, input_shape):
            self.scale = self.add_weight(shape=(self.units,), initializer="ones")

        def call(self, x):
            return self.dense(x) * self.scale

        def get_config(self):
            return {**super().get_config(), "units": self.units}

    model = lamina.Sequential([lamina.Input((3,)), Own(4, name="own"), layers.Dense(1)])
    model.layers[0].scale.assign([1.0, 2.0, 3.0, 4.0])
    made = lamina.Sequential.from_config(model.get_config(), custom_objects={"Own": Own})
    assert (made.layers[0].units, made.layers[0].name) == (4, "own")
    made.set_weights(model.get_weights())
    for twin in (made, copy.deepcopy(model)):
        np.testing.assert_array_equal(twin.predict(X), model.predict(X))
        twin.layers[0].scale.assign([0.0] * 4)
        assert np.ptp(twin.predict(X)) == 0
        assert np.ptp(model.predict(X)) > 0


class Kept(layers.Layer):
    def __init__(self, **base):
        super().__init__(**base)
        self.inner = {"first": [layers.Dense(3)]}

    def build(self, input_shape):
        self.scale = self.add_weight(shape=(3,), initializer="ones", name="scale")

    def call(self, x):
        return self.inner["first"][0](x) * self.scale


def test_pickles_keep_weights_and_who_owns_them():
    model = lamina.Sequential([lamina.Input((3,)), Kept(), layers.Dense(1)])
    twin = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(twin.predict(X), model.predict(X))
    twin.layers[0].scale.assign(np.zeros(3))
    np.testing.assert_array_equal(twin.get_weights()[0], 0)
    alone = pickle.loads(pickle.dumps(model.layers[0]))
    np.testing.assert_array_equal(alone.scale.numpy(), 1)
    np.testing.assert_array_equal(alone(X), model.layers[0](X))


def test_models_of_doubles():
    model = lamina.Sequential([lamina.Input((3,)), Kept(), mixed(lamina)], dtype="float64")
    assert {w.dtype.name for w in model.get_weights()} == {"float64"}
    assert model.predict(X).dtype == np.float64


def test_first_weights_depend_on_places_alone():
    def weights(before):
        lamina.set_random_seed(3)
        model = lamina.Sequential([Kept(), layers.Dense(1)])
        before(model)
        return [
            *model.predict(X).ravel(),
            *np.concatenate([w.ravel() for w in model.get_weights()]),
        ]

    lone = weights(lambda _: None)
    assert weights(lambda model: model.build((None, 3))) == lone
    assert weights(lambda model: model.layers[0].compute_output_shape((None, 3))) == lone


def test_ops_see_weights_of_layers():
    dense = layers.Dense(3)
    dense.build((None, 3))
    x = lamina.Input((3,))
    model = lamina.Model(x, ops.exp(x) * dense.bias)
    dense.bias.assign([1.0, 2.0, 3.0])
    np.testing.assert_allclose(model.predict(X), np.exp(X) * [1, 2, 3], 1e-6)


def test_lists_of_tensors_are_stacked():
    class Sums(layers.Layer):
        def call(self, x):
            return ops.sum([x, 2 * x, [[1.0]] * ops.ones_like(x)], axis=0)

    np.testing.assert_allclose(Sums()(X), 3 * X + 1, 1e-6)
    x = lamina.Input((3,))
    total = ops.mean([ops.sum(x), ops.sum(2 * x)])
    np.testing.assert_allclose(lamina.Model(x, x * 0 + total).predict(X)[0, 0], 1.5 * X.sum(), 1e-5)


def test_calls_on_arrays_leave_what_they_assign():
    class Total(layers.Layer):
        def __init__(self):
            super().__init__()
            self.total = self.add_weight(shape=(3,), initializer="zeros", trainable=False)

        def call(self, x):
            self.total.assign_add(ops.sum(x, axis=0))
            return self.total * 1.0

    layer, ones = Total(), np.ones((2, 3), np.float32)
    for count in (2, 4, 6):
        np.testing.assert_array_equal(layer(ones), [count] * 3)
        np.testing.assert_array_equal(layer.total.numpy(), [count] * 3)


@pytest.mark.parametrize(
    "function",
    [
        np.sin,
        np.abs,
        np.logical_not,
        lambda x: np.maximum(x, 0.5),
        lambda x: np.arange(3, dtype=np.float32) - x,
        lambda x: np.float32(2) ** x,
        lambda x: np.full(3, 2, np.float32) % (x + 3),
        lambda x: np.matmul(x, np.ones((3, 2), np.float32)),
        lambda x: (np.zeros(3) == x) | (x > 0.5),
    ],
)
def test_functions_of_numpy_record_those_of_ops(function):
    model = lamina.Sequential([lamina.Input((3,)), layers.Lambda(function)])
    x = lamina.Input((3,))
    for predictor in (model, lamina.Model(x, function(x))):
        np.testing.assert_allclose(predictor.predict(X), function(X), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (np.add.reduce, "np.add.reduce: does not take tensors"),
        (lambda x: np.add(x, 1, dtype="d"), "np.add: does not take tensors with dtype="),
        (np.frexp, "np.frexp: does not take tensors; use the functions of lamina.ops"),
    ],
)
def test_what_numpy_cannot_record_is_refused(function, said):
    with pytest.raises(TypeError, match=said):
        function(lamina.Input((3,)))
    with pytest.raises(TypeError, match=said):
        lamina.Sequential([lamina.Input((3,)), layers.Lambda(function)])


def test_arrays_given_by_name_need_no_rows():
    class Weighted(layers.Layer):
        def call(self, x, w=1.0):
            return x * w

    w = np.arange(3.0)
    np.testing.assert_allclose(Weighted()(X, w=w), X * w, rtol=1e-6)
    np.testing.assert_array_equal(Weighted()(X, w=np.float32(2)), X * 2)
    np.testing.assert_array_equal(Weighted()(X, w=X), X * X)


@pytest.mark.parametrize("rows", [1, 5, 10])
@pytest.mark.parametrize(
    "attention",
    [lambda: layers.MultiHeadAttention(2, 4), lambda: layers.GroupQueryAttention(4, 2, 1)],
)
def test_an_attention_mask_may_hold_for_all_rows(attention, rows):
    layer, x = attention(), STEPS[:rows]
    wanted = layer(x, x, use_causal_mask=True)
    causal = np.tril(np.ones((5, 5), bool))
    for mask in (causal, causal[None], np.repeat(causal[None], rows, axis=0)):
        np.testing.assert_array_equal(layer(x, x, attention_mask=mask), wanted)


def test_arguments_by_the_names_and_places_that_keras_has():
    x = np.linspace(-1, 1, 24, dtype="float32").reshape(2, 4, 3)
    state = np.full((2, 2), 0.5, "float32")
    for layer in (layers.GRU(2), layers.Bidirectional(layers.SimpleRNN(2))):
        np.testing.assert_array_equal(layer(sequences=x), layer(x))
    layer = layers.GRU(2)
    np.testing.assert_array_equal(layer(x, state), layer(x, initial_state=state))
    assert (layer(x, state) != layer(x)).any()
    for thing in (layers.Dense(2), layers.Lambda(lambda v: 2 * v), lamina.Sequential([layer])):
        np.testing.assert_array_equal(thing(inputs=x), thing(x))
    inputs = lamina.Input((4, 3))
    for thing in (layers.Dropout(0.5), lamina.Model(inputs, layers.Dropout(0.5)(inputs))):
        assert (thing(x, True) == 0).any()
        np.testing.assert_array_equal(thing(x, False), x)
    with pytest.raises(TypeError, match="unknown argument 'input'"):
        layer(input=x)


FIRST = {
    layers.Lambda: (lambda v: 2 * v,), layers.Rescaling: (2.0,), layers.UnitNormalization: (),
    layers.Dense: (2,), layers.RMSNormalization: (), layers.UpSampling1D: (2,),
    layers.Identity: (), layers.EinsumDense: ("abc,cd->abd", (4, 2)),
}  # fmt: skip


@pytest.mark.parametrize("cls", FIRST)
def test_the_first_argument_has_its_names_in_every_layer(cls):
    x = np.linspace(-1, 1, 24, dtype="float32").reshape(2, 4, 3)
    layer = cls(*FIRST[cls])

    class Derived(cls):
        def call(self, v):
            return super().call(inputs=v) + super().call(x=v)

    derived = Derived(*FIRST[cls])
    wanted = layer(x)
    derived.build(x.shape)
    derived.set_weights(layer.get_weights())
    for name in ("x", "inputs"):
        np.testing.assert_array_equal(layer(**{name: x}), wanted)
        np.testing.assert_array_equal(layer.call(**{name: x}), wanted)
        assert layer(**{name: lamina.Input((4, 3))}).shape[1:] == wanted.shape[1:]
    np.testing.assert_array_equal(derived(x), 2 * wanted)
    with pytest.raises(TypeError, match="inputs"):  # a user's call has its own names
        derived(inputs=x)


def test_images_are_data():
    images = np.ones((2, 4, 4, 3), "float32")
    cells = layers.LSTMCell(2), layers.GRUCell(2)
    np.testing.assert_array_equal(layers.Resizing(2, 2)(data=images), images[:, :2, :2])
    changed = layers.RandomFlip()(data={"images": images}, training=False)
    np.testing.assert_array_equal(changed["images"], images)
    for cell, state in zip(cells, ([np.zeros((2, 2))] * 2, [np.zeros((2, 2))]), strict=True):
        x = np.ones((2, 3), "float32")
        np.testing.assert_array_equal(cell(inputs=x, states=state)[0], cell(x, state)[0])
