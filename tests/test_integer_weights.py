"""Integer and Boolean weights; weights made in constructors."""

import copy
import pickle

import numpy as np
import pytest

import lamina
from lamina import layers, ops

X = np.ones((8, 3), "float32")


class Counts(layers.Layer):
    """Counts training steps, and sets a flag at every other one."""

    def __init__(self):
        super().__init__()
        self.factor = self.add_weight(name="factor", shape=(), initializer="ones")

    def build(self, input_shape):
        self.steps = self.add_weight(name="steps", shape=(), initializer="zeros", dtype="int32")
        self.flags = self.add_weight(
            name="flags", shape=(2,), initializer="ones", dtype="bool", trainable=False
        )

    def call(self, x, training=None):
        if training:
            self.steps.assign_add(1)
            self.flags.assign(ops.logical_not(self.flags))
        assert self.steps.dtype == "int32"
        return x * self.factor * ops.cast(self.steps + 1, "float32")


def values(layer):
    return layer.steps.numpy(), layer.flags.numpy()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_layer_counts_its_steps(dtype):
    layer = Counts()
    model = lamina.Sequential([lamina.Input((3,)), layer, layers.Dense(1)], dtype=dtype)
    model.compile(lamina.optimizers.SGD(1e-3), "mse")
    model.fit(X, X[:, :1], batch_size=2, epochs=3, verbose=0)
    steps, flags = values(layer)
    assert steps == 12
    assert flags.tolist() == [True, True]
    assert [a.dtype.name for a in (steps, flags)] == ["int32", "bool"]
    assert [w.dtype.name for w in layer.get_weights()] == [dtype, "int32", "bool"]
    assert [w.name for w in model.non_trainable_weights] == ["counts/steps", "counts/flags"]
    expected = layer.factor.numpy() * 13 * X @ model.layers[-1].kernel + model.layers[-1].bias
    np.testing.assert_allclose(model.predict(X), expected, rtol=1e-5)
    for copied in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert [v.tolist() for v in values(copied.layers[0])] == [12, [True, True]]
        np.testing.assert_array_equal(copied.predict(X), model.predict(X))
    model.fit(X, X[:, :1], batch_size=8, verbose=0)
    assert [v.tolist() for v in values(layer)] == [13, [False, False]]


def test_integers_outside_of_recordings():
    layer = Counts()
    layer(X, training=True)
    assert [v.tolist() for v in values(layer)] == [1, [False, False]]
    layer.set_weights([2.0, np.int64(7), [1, 0]])
    assert [v.tolist() for v in values(layer)] == [7, [True, False]]
    layer.steps.assign(layer.steps + 1)
    layer.flags[1] = True
    assert [v.tolist() for v in values(layer)] == [8, [True, True]]
    np.testing.assert_array_equal(layer(X), 18 * X)
    assert lamina.Variable("ones", (2, 1)).numpy().tolist() == [[1.0], [1.0]]
    held = lamina.Variable([1, 2], dtype="int64")
    held.assign_add([3, 4])
    assert held.numpy().tolist() == [4, 6]
    assert (held.numpy().dtype, held.trainable) == (np.int32, False)
    with pytest.raises(ValueError, match=r"variable: integers must be within 2\^24; got 16777217"):
        held.assign([1, 2**24 + 1])


def test_weights_of_a_constructor_can_be_set_before_there_is_an_input():
    class Scales(layers.Layer):
        def __init__(self):
            super().__init__()
            self.factor = self.add_weight(shape=(3,), initializer="ones")

        def call(self, x):
            return x * self.factor

    layer = Scales()
    layer.set_weights([[1.0, 2.0, 3.0]])
    np.testing.assert_array_equal(layer(X), X * [1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="dense: has no weights yet"):
        layers.Dense(2).set_weights([X])


@pytest.mark.parametrize(
    ("dtype", "value", "rule"),
    [
        ("int32", 1.5, "integers must be whole numbers; got 1.5"),
        ("int32", -0.5, "integers must be whole numbers; got -0.5"),
        ("int32", 2**24 + 1, r"integers must be within 2\^24; got 16777217"),
        ("int32", float("nan"), r"integers must be within 2\^24; got nan"),
        ("bool", 2.5, "value must hold True and False, or 1 and 0; got 2.5"),
        ("bool", float("nan"), "value must hold True and False, or 1 and 0; got nan"),
    ],
)
def test_values_that_are_not_held_exactly_are_refused(dtype, value, rule):
    class Holds(layers.Layer):
        def __init__(self, first):
            super().__init__(name="holds")
            start = {"initializer": lambda shape, dtype: np.full(shape, first, "float64")}
            self.held = self.add_weight(name="held", shape=(2,), dtype=dtype, **start)

        def call(self, x):
            return x

    layer = Holds(1)
    model = lamina.Sequential([lamina.Input((3,)), layer])
    for change in (layer.set_weights, model.set_weights):
        with pytest.raises(ValueError, match=f"holds/held: {rule}"):
            change([[1, value]])
    for change in (layer.held.assign, lambda v: layer.held.__setitem__(0, v[1])):
        with pytest.raises(ValueError, match=f"holds/held: {rule}"):
            change([1, value])
    with pytest.raises(ValueError, match=f"Variable: {rule}"):
        lamina.Variable(value, dtype=dtype)
    with pytest.raises(ValueError, match=f"holds: the initializer of holds/held: {rule}"):
        Holds(value)(X)
    assert layer.held.numpy().tolist() == [1, 1]


def test_integers_of_float64_layers_are_exact_up_to_2_31():
    layer = Counts()
    model = lamina.Sequential([lamina.Input((3,)), layer, layers.Dense(1)], dtype="float64")
    model.compile(lamina.optimizers.SGD(0.0), "mse")
    layer.steps.assign(2**24)
    model.fit(X, X[:, :1], batch_size=4, epochs=2, verbose=0)
    assert layer.steps.numpy() == 2**24 + 4
    layer.steps.assign(2**31 - 1)
    assert layer.steps.numpy() == 2**31 - 1
    with pytest.raises(ValueError, match=r"counts/steps: integers must be within 2\^31; got 21474"):
        layer.steps.assign(2**31)
