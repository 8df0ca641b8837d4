"""User-defined layers with call against Keras's: shapes, weights, training, copies."""

import copy
import warnings

import numpy as np
import pytest

import lamina
from call_models import STEPS, X, Y, flat, head, sequence
from called_layers import mixed
from keras_models import assert_same
from lamina import layers, ops

# --- weights


def scaled(keras):
    class Scaled(keras.layers.Layer):
        def build(self, input_shape):
            self.factor = self.add_weight(shape=(input_shape[-1],), initializer="ones")
            self.offset = self.add_weight(shape=(input_shape[-1],), initializer="zeros", name="b")

        def call(self, x):
            return x * self.factor + self.offset

    return Scaled()


def nested(keras):
    """A layer in a layer in a layer, one of them used twice."""

    class Inner(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(3, activation="tanh")

        def call(self, x):
            return self.dense(self.dense(x))

    class Middle(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.inner = Inner()

        def call(self, x):
            return self.inner(x) + x

    class Outer(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.first, self.second = Middle(), Middle()

        def call(self, x):
            return self.second(self.first(x))

    return Outer()


def builds_its_parts(keras):
    """Like Keras's own layers, it calls build of its parts in build."""

    class Builds(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(4)
            self.norm = keras.layers.BatchNormalization()
            self.scaled = scaled(keras)

        def build(self, input_shape):
            self.dense.build(input_shape)
            self.norm.build((None, 4))
            self.scaled.build((None, 4))
            super().build(input_shape)

        def call(self, x, training=None):
            return self.scaled(self.norm(self.dense(x), training=training))

    return Builds()


def holds_models(keras):
    class Holds(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            dense = keras.layers.Dense(4, activation="relu")
            self.chain = keras.Sequential([dense, keras.layers.Dense(3)])
            x = keras.Input((3,))
            self.graph = keras.Model(x, keras.layers.Dense(3)(x))

        def call(self, x):
            return self.graph(self.chain(x))

    return Holds()


def partly_frozen(keras):
    class Frozen(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.frozen = keras.layers.Dense(3, trainable=False)
            self.free = keras.layers.Dense(3)

        def call(self, x):
            return self.free(self.frozen(x))

    return Frozen()


def doubled(keras):
    class Doubled(keras.layers.Dense):
        def call(self, x):
            return super().call(x * 2) + 1

    return Doubled(2)


def normalised(keras):
    class Block(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(4, activation="relu")
            self.norm = keras.layers.BatchNormalization()

        def call(self, x):
            return self.norm(self.dense(x))

    return Block()


PARTS = [
    scaled, mixed, nested, builds_its_parts, holds_models, partly_frozen, doubled, normalised,
]  # fmt: skip


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.__name__)
def test_layers_train_as_keras_s(part):
    assert_same(sequence(part, head), X, Y, validation_data=(X[:5], Y[:5]))


# --- several inputs and outputs


def test_arguments_of_an_operation_on_symbolic_tensors_reach_it_by_any_name():
    rng = np.random.default_rng(0)
    q, k = rng.normal(size=(2, 3, 2, 4)), rng.normal(size=(2, 5, 2, 4))
    mask = rng.random((2, 2, 3, 5)) < 0.5
    inputs = [lamina.Input(a.shape[1:], dtype=d) for a, d in ((q, None), (k, None), (mask, "bool"))]
    attended = lamina.ops.dot_product_attention(inputs[0], inputs[1], inputs[1], mask=inputs[2])
    model = lamina.Model(inputs, attended)
    expected = lamina.ops.dot_product_attention(q, k, k, mask=mask)
    np.testing.assert_allclose(model.predict([q, k, mask]), expected, 1e-5, 1e-5)

    class Handing(lamina.layers.Layer):
        def call(self, x, **told):
            return x * 2 if told.get("training") else x * told["mask"]

    x = np.ones((1, 2), np.float32)
    assert Handing()(x, training=True).tolist() == [[2, 2]]
    assert Handing()(x, mask=np.array([[3.0, 4.0]])).tolist() == [[3, 4]]


def test_several_arguments_are_built_by_their_names():
    def make(keras):
        class Between(keras.layers.Layer):
            def build(self, query_shape, value_shape, key_shape=None):
                self.shapes = query_shape, value_shape, key_shape
                self.a = self.add_weight(shape=(query_shape[-1],))
                self.v = self.add_weight(shape=(value_shape[-1],))

            def call(self, query, value, key=None):
                mixed = query * self.a + value * self.v
                return mixed if key is None else mixed + key

        a, b = keras.Input((3,)), keras.Input((3,))
        first, second = Between(), Between()
        y = second(first(a, b), value=b, key=a)
        assert first.shapes == ((None, 3), (None, 3), None)
        assert second.shapes == ((None, 3),) * 3
        return keras.Model([a, b], keras.layers.Dense(1)(y))

    assert_same(make, [X, X * 2], Y)


def test_dicts_and_lists_go_in_and_out():
    class Both(layers.Layer):
        def build(self, shapes):
            self.a = self.add_weight(shape=(shapes["p"][-1],))

        def call(self, inputs):
            return {"u": inputs["p"] * self.a, "w": -inputs["q"]}

    class Parts(layers.Layer):
        def call(self, inputs):
            x, y = inputs
            return x + y, [x - y, x * y]

    both, (less, times) = Parts()([X, 2 * X])
    np.testing.assert_allclose(both, 3 * X, 1e-6)
    np.testing.assert_allclose(less, -X, 1e-6)
    np.testing.assert_allclose(times, 2 * X * X, 1e-6)
    a, b = lamina.Input((3,)), lamina.Input((3,))
    model = lamina.Model([a, b], Both()({"p": a, "q": b}))
    y = model.predict([X, 2 * X])
    np.testing.assert_allclose(y["u"], X * model.get_weights()[0], 1e-6)
    np.testing.assert_array_equal(y["w"], -2 * X)


def test_shapes_of_any_length_reach_build():
    class Sees(layers.Layer):
        def build(self, input_shape):
            self.seen = tuple(input_shape)

        def call(self, x):
            return x * 2

    for shape in ((3,), (None, 3), (None, None, 3)):
        layer = Sees()
        assert layer(lamina.Input(shape)).shape == (None, *shape)
        assert layer.seen == (None, *shape)


def test_layers_of_users_run_at_each_step():
    def steps(keras):
        return keras.layers.TimeDistributed(normalised(keras))

    assert_same(sequence(steps, flat, head, shape=(5, 3)), STEPS, Y)


class Noisy(layers.Layer):
    def __init__(self, **base):
        super().__init__(**base)
        self.noise = layers.Dropout(0.5)

    def call(self, x, training=None):
        return self.noise(x, training=training)


def test_training_says_whether_noise_acts():
    ones = np.ones((200, 3), np.float32)
    layer = Noisy()
    np.testing.assert_array_equal(layer(ones), ones)
    np.testing.assert_array_equal(layer(ones, training=False), ones)
    assert set(np.unique(layer(ones, training=True))) == {0.0, 2.0}
    x = lamina.Input((3,))
    for told, values in ((None, {1.0}), (False, {1.0}), (True, {0.0, 2.0})):
        model = lamina.Model(x, Noisy()(x, training=told))
        assert set(np.unique(model.predict(ones))) == values


def test_a_dropout_that_always_acts_draws_anew():
    class Always(layers.Dropout):
        def call(self, inputs, training=None):
            return super().call(inputs, training=True)

    model = lamina.Sequential([lamina.Input((3,)), Always(0.5)])
    ones = np.ones((200, 3), np.float32)
    first, second = model.predict(ones), model.predict(ones)
    assert set(np.unique(first)) == {0.0, 2.0}
    assert (first != second).any()


# --- lists of layers


def lists(keras):
    """Two lists that are filled in turns, a dict, and a layer made before all of them."""

    class Lists(keras.layers.Layer):
        def __init__(self, first):
            super().__init__()
            self.hidden, self.scales, self.ends = [], [], {}
            self.first = first
            for units in (5, 6):
                self.hidden.append(keras.layers.Dense(units))
                self.scales.append(keras.layers.LayerNormalization(center=False))
            made = [keras.layers.Dense(n, use_bias=False) for n in (7, 8)]
            self.turned = made[::-1]
            self.ends["last"] = keras.layers.Dense(9, use_bias=False)

        def call(self, x):
            x = self.first(x)
            for dense, scale in zip(self.hidden, self.scales, strict=True):
                x = scale(dense(x))
            for dense in self.turned:
                x = dense(x)
            return self.ends["last"](x)

    layer = Lists(keras.layers.Dense(4, use_bias=False))
    layer(np.ones((2, 3), "float32"))
    return layer


def test_weights_stand_in_the_order_in_which_layers_were_attached():
    # keras 3.15: first, then hidden and scales in turns, then the others as attached
    found = [tuple(w.shape) for w in lists(lamina).weights]
    assert found == [(3, 4), (4, 5), (5,), (5,), (5, 6), (6,), (6,), (6, 8), (8, 7), (7, 9)]


# --- names


def names_of_the_library(base):
    from lamina._own_names import _names

    class Own(base):
        def call(self, x):
            return x

    return sorted(_names(Own))


@pytest.mark.parametrize("base", [layers.Layer, lamina.Model])
def test_users_may_take_the_library_s_names(base):
    x, y = X[:4], Y[:4]
    for name in names_of_the_library(base):

        class Own(base):
            def __init__(self, taken=name):
                super().__init__()
                setattr(self, taken, layers.Dense(1, kernel_initializer="ones"))

            def call(self, x, taken=name):
                return getattr(self, taken)(x)

        model = Own() if base is lamina.Model else lamina.Sequential([lamina.Input((3,)), Own()])
        np.testing.assert_allclose(model.predict(x), x.sum(1, keepdims=True), 1e-5, 1e-6)
        model.compile("sgd", "mse")
        model.fit(x, y, verbose=0)
        assert model.count_params() == 4, name
        np.testing.assert_array_equal(copy.deepcopy(model).predict(x), model.predict(x))
        model.summary(print_fn=str)


KINDS = {
    "method": lambda self, *args: "own",
    "property": property(lambda self: "own"),
    "static method": staticmethod(lambda *args: "own"),
    "class method": classmethod(lambda cls, *args: "own"),
}


def using(base, members):
    """Return a model of a class with these members, and the object of that class."""

    def init(self):
        base.__init__(self)
        self.dense = layers.Dense(1, kernel_initializer="ones")

    if base is lamina.Sequential:
        own = type(base)("Own", (base,), {"__module__": __name__, **members})
        model = own([layers.Dense(1, kernel_initializer="ones")])
        return model, model
    members = {**members, "__init__": init, "call": lambda self, x: self.dense(x)}
    own = type(base)("Own", (base,), {"__module__": __name__, **members})()
    return (own if base is lamina.Model else lamina.Sequential([lamina.Input((3,)), own])), own


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("base", [layers.Layer, lamina.Model, lamina.Sequential])
def test_users_may_define_methods_with_the_library_s_names(base, kind):
    x, y = X[:4], Y[:4]
    for name in names_of_the_library(base):
        model, own = using(base, {name: KINDS[kind]})
        model.compile("sgd", "mse")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # advice on other data
            model.fit(x, y, verbose=0)
        assert np.isfinite(model.evaluate(x, y, verbose=0)), name
        model.summary(print_fn=str)
        np.testing.assert_array_equal(copy.deepcopy(model).predict(x), model.predict(x))
        found = getattr(own, name)
        assert (found if kind == "property" else found()) == "own", name


def test_such_methods_are_inherited_and_set():
    class First(layers.Layer):
        def parameters(self):
            return ["first"]

        @property
        def stream(self):
            return self.kept

        @stream.setter
        def stream(self, value):
            self.kept = value

        def calls(self):
            return "called"

        def call(self, x):
            return x

    class Second(First):
        def parameters(self):
            return [*super().parameters(), "second"]

    layer = Second()
    layer.stream = 3
    assert (layer.stream, layer.kept, layer.calls()) == (3, 3, "called")
    assert layer.parameters() == ["first", "second"]
    assert First().parameters() == ["first"]
    np.testing.assert_array_equal(layer(X), X)
    assert layer.weights == []


@pytest.mark.parametrize("size", [2, 3, 5, 6, 7, 10, 12, 16, 32, 64, 100, 128])
def test_a_first_axis_that_is_not_that_of_the_rows(size):
    """It must not be taken for the number of rows, regardless of its length."""

    class Table(layers.Layer):
        def call(self, x):
            return ops.ones((size, 4)) * ops.cast(ops.shape(x)[0], "float32")

    found = Table()(np.ones((3, 4), np.float32))
    np.testing.assert_array_equal(found, np.full((size, 4), 3.0))
    if size <= 12:
        assert (
            layers.CenterCrop(size, size)(np.ones((12, 12, 3), np.float32)).shape[:2] == (size,) * 2
        )


def test_the_default_of_training_holds_where_nobody_says_it():
    class Acts(layers.Layer):
        def __init__(self):
            super().__init__()
            self.within = Within()

        def call(self, x, training=True):
            return self.within(x) * (10.0 if training else 1.0)

    class Within(layers.Layer):
        def call(self, x, *, training=False):
            return x * (3.0 if training else 2.0)

    x = np.ones((1, 1), "float32")
    assert Within()(x) == 2.0
    assert Acts()(x) == 30.0  # what holds for a call holds for the calls in it
    assert Acts()(x, training=False) == 2.0
    model = lamina.Sequential([lamina.Input((1,)), Acts()])
    assert model.predict(x, verbose=0) == 2.0


def test_an_axis_of_one_stands_for_all_rows():
    class Queries(layers.Layer):
        def __init__(self):
            super().__init__()
            self.table = self.add_weight((4, 3), "random_normal")
            self.attention, self.add = layers.Attention(), layers.Add()
            query, keys = lamina.Input((4, 3)), lamina.Input((5, 3))
            self.inner = lamina.Model([query, keys], layers.Attention()([query, keys]))

        def call(self, x):
            same = ops.expand_dims(self.table, 0)
            assert self.add([same, x[:, :4]]).shape[1:] == (4, 3)
            return self.attention([same, x]), self.inner([same, x])

    layer = Queries()
    for made in layer(STEPS):
        query = np.repeat(np.asarray(layer.table)[None], len(STEPS), 0)
        np.testing.assert_allclose(made, layers.Attention()([query, STEPS]), rtol=1e-5)
