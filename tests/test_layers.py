"""Layers: formulas against NumPy, shapes, configuration, weights, copies."""

import copy
import pickle

import numpy as np
import pytest

import lamina
from lamina.layers import (
    Activation,
    Dense,
    Dropout,
    Flatten,
    Input,
    InputLayer,
    Layer,
    Normalization,
    Reshape,
    deserialize,
    serialize,
)

RNG = np.random.default_rng(3)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(5, 3), (2, 4, 3), (1, 3)])
def test_dense_is_its_formula(dtype, shape):
    x = RNG.normal(size=shape)
    layer = Dense(4, activation="tanh", bias_initializer="ones", dtype=dtype)
    y = layer(x)
    expected = np.tanh(x @ layer.kernel.astype("float64") + layer.bias)
    assert y.dtype == dtype
    assert layer.kernel.shape == (3, 4)
    np.testing.assert_allclose(y, expected, atol=1e-6 if dtype == "float32" else 1e-13)


def test_dense_without_bias_and_with_softmax():
    layer = Dense(3, activation="softmax", use_bias=False)
    y = layer(RNG.normal(size=(6, 2)))
    assert layer.bias is None
    assert len(layer.get_weights()) == 1
    np.testing.assert_allclose(y.sum(axis=1), 1, rtol=1e-6)


def test_dense_penalties_name_weight_and_factors():
    layer = Dense(2, kernel_regularizer="l2", bias_regularizer=lamina.regularizers.L1(0.5))
    layer(np.ones((1, 2)))
    assert [(p.name, l1, l2) for p, l1, l2 in layer.penalties()] == [
        ("dense/kernel", 0.0, 0.01),
        ("dense/bias", 0.5, 0.0),
    ]


def test_flatten_reshape_activation_dropout():
    x = RNG.normal(size=(2, 3, 4)).astype("float32")
    np.testing.assert_array_equal(Flatten()(x), x.reshape(2, 12))
    np.testing.assert_array_equal(Reshape((-1, 2))(x), x.reshape(2, 6, 2))
    np.testing.assert_array_equal(Reshape((4, 3))(x), x.reshape(2, 4, 3))
    np.testing.assert_array_equal(Activation("relu")(x), np.maximum(x, 0))
    np.testing.assert_array_equal(Dropout(0.9)(x), x)
    np.testing.assert_array_equal(Dropout(0)(x), x)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: Dense(0), "Dense: units must be a positive integer; got 0"),
        (lambda: Dense(2.5), "Dense: units must be a positive integer; got 2.5"),
        (lambda: Dense(True), "Dense: units must be a positive integer; got True"),
        (lambda: Dense(2, activation="rellu"), "did you mean 'relu'"),
        (lambda: Dense(2, kernel_initializer="glorot_unifrom"), "did you mean 'glorot_uniform'"),
        (lambda: Dense(2, use_bias=1), "use_bias must be True or False"),
        (lambda: Dense(2, name=3), "name must be a non-empty string"),
        (
            lambda: Dense(2, dtype="int8"),
            "dtype must be 'float32', 'float64' or 'mixed_bfloat16'; got 'int8'",
        ),
        (lambda: Dense(2, input_shape=(2,), input_dim=2), "not both"),
        (lambda: Dropout(1.0), r"Dropout: rate must be in \[0, 1\); got 1.0"),
        (lambda: Dropout("half"), "Dropout: rate must be a number"),
        (lambda: Dropout(float("nan")), "Dropout: rate must be in"),
        (lambda: Reshape((-1, -1)), "at most one -1"),
        (lambda: Reshape((0, 3)), "positive sizes"),
        (lambda: Reshape((5, 2))(np.ones((1, 12))), "has 12 elements"),
        (lambda: Reshape((-1, 5))(np.ones((1, 12))), "has 12 elements"),
        (lambda: Input((0,)), r"Input: shape\[0\] must be a positive integer; got 0"),
        (lambda: Input("13"), "Input: shape must be a tuple"),
        (lambda: Input((2**40, 2**40)), "more than memory can address"),
        (lambda: Dense(3)(np.ones(3)), "needs at least 2 axes"),
        (lambda: Dense(3)(1.0), "axis of rows"),
        (lambda: Dense(3)([["a"]]), "must hold numbers"),
        (lambda: Activation("softmax")(np.ones(3)), "needs at least 2 axes"),
    ],
)
def test_refusals_name_rule_and_value(make, text):
    with pytest.raises((ValueError, TypeError), match=text):
        make()


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: Dense(3, activaton="relu"), r"Dense: .*'activaton'; did you mean 'activation'\?"),
        (lambda: lamina.layers.LSTM(3, unit=1), r"LSTM: .*'unit'; did you mean 'units'\?"),
        (
            lambda: Flatten(qqq=1),
            r"Flatten: unknown argument 'qqq'; known: activity_regularizer, data_format, dtype",
        ),
    ],
)
def test_unknown_keyword_is_a_type_error(make, text):
    with pytest.raises(TypeError, match=text):
        make()


def test_a_built_layer_refuses_another_width():
    layer = Dense(3)
    layer(np.ones((2, 4)))
    with pytest.raises(ValueError, match=r"was built for input \(rows, 4\); got \(rows, 5\)"):
        layer(np.ones((2, 5)))


def test_set_weights_is_all_or_nothing():
    layer = Dense(2)
    layer(np.ones((1, 3)))
    before = layer.get_weights()
    with pytest.raises(ValueError, match=r"dense/bias must have shape \(2,\); got \(3,\)"):
        layer.set_weights([np.ones((3, 2)), np.ones(3)])
    with pytest.raises(ValueError, match="needs 2 weight arrays"):
        layer.set_weights([np.ones((3, 2))])
    for a, b in zip(before, layer.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    layer.set_weights([np.full((3, 2), 2), [1, 1]])
    np.testing.assert_array_equal(layer(np.ones((1, 3))), [[7, 7]])


LAYERS = [
    Dense(3, "leaky_relu", kernel_regularizer="l1_l2", name="wide", trainable=False),
    Dense(2, activation=lamina.activations.LeakyReLU(0.3), kernel_initializer="he_normal"),
    Activation("softplus"),
    Dropout(0.25, seed=7),
    Flatten(),
    Reshape((2, -1)),
    Normalization(mean=[1.0, 2.0], variance=[3.0, 4.0]),
    InputLayer((3, 4), dtype="float64"),
]


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: type(layer).__name__)
def test_config_round_trip(layer):
    again = deserialize(serialize(layer))
    assert type(again) is type(layer)
    assert again.get_config() == layer.get_config()


def test_deserialize_suggests_and_takes_custom_classes():
    with pytest.raises(ValueError, match="did you mean 'Dense'"):
        deserialize({"class_name": "Dens", "config": {}})

    class Mine(Layer):
        pass

    assert isinstance(deserialize(serialize(Mine()), {"Mine": Mine}), Mine)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_copies_have_weights_of_their_own(copied):
    layer = Dense(3, "relu")
    x = RNG.normal(size=(4, 2))
    y = layer(x)
    twin = copied(layer)
    np.testing.assert_array_equal(twin(x), y)
    twin.kernel[...] = 0
    np.testing.assert_array_equal(layer(x), y)


def test_a_layer_may_hold_its_weights_in_lists_and_dicts():
    model = lamina.Sequential([Input((5,)), Two()], seed=1)
    model.compile("adam", "mse")
    x = np.random.default_rng(0).normal(size=(8, 5)).astype("float32")
    model.fit(x, x[:, 0], verbose=0)
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        layer = twin.layers[0]
        assert layer.both[0] is layer.parameters[0]
        assert layer.named_weights["b"] is layer.parameters[1]
        assert layer.both[0] is not model.layers[0].both[0]
        np.testing.assert_array_equal(twin.predict(x), model.predict(x))
        kept = copy.deepcopy(model)
        kept.fit(x, x[:, 0], verbose=0)
        twin.fit(x, x[:, 0], verbose=0)  # the optimizer's state matches its weights again
        np.testing.assert_array_equal(twin.predict(x), kept.predict(x))


class Two(Layer):
    def compute_output_shape(self, input_shape):
        return (input_shape[0], 1)

    def build(self, input_shape):
        ones = lamina.initializers.get("ones")
        self.both = [self.add_weight("a", (5, 3), ones), self.add_weight("b", (3, 1), "ones")]
        self.named_weights = {"b": self.both[1]}

    def record(self, graph, x):
        for weight in self.both:
            x = graph.dense(x, graph.parameter(weight))
        return x


def test_a_weight_needs_no_name_and_may_be_one_number():
    class Shifted(Layer):
        def build(self, input_shape):
            self.by = self.add_weight()
            self.slope = self.add_weight(shape=3, initializer="ones")

        def record(self, graph, x):
            return x

    layer = Shifted(name="shifted")
    layer(np.ones((2, 3)))
    assert [p.name for p in layer.parameters] == ["shifted/variable", "shifted/variable_1"]
    assert [w.shape for w in layer.get_weights()] == [(), (3,)]


def test_arguments_of_a_weight_come_in_either_order():
    layer = Layer(name="any")
    for weight in (
        layer.add_weight((2,), "zeros", name="a"),
        layer.add_weight("a", shape=(2,), initializer="zeros"),
        layer.add_weight("a", (2,), "zeros", True),
        layer.add_weight((2,), "zeros", "float32", autocast=False, aggregation="mean", name="a"),
    ):
        assert (weight.name, weight.shape, weight.dtype) == ("any/a", (2,), "float32")
        assert weight.trainable
    count = layer.add_weight((), dtype="int32")  # zeros, as Glorot's are not integers
    assert (count.name, count.trainable, count.numpy()) == ("any/variable", False, 0)
    with pytest.raises(TypeError, match="shape must be given once"):
        layer.add_weight((2,), shape=(2,))


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        (("w", (2,), *[None] * 6), TypeError, "odd: add_weight: takes name, .* got 8 arguments"),
        (((2,), "zeros", None, 3), TypeError, r"odd: add_weight: name must be a string; got 3"),
        (("w", (2, 0)), ValueError, r"odd: w's shape\[1\] must be"),
        (("w", "3"), TypeError, "odd: w's shape must be a tuple of integers; got '3'"),
    ],
)
def test_weights_that_cannot_be(arguments, error, text):
    with pytest.raises(error, match=text):
        Layer(name="odd").add_weight(*arguments)


def test_flatten_leaves_integers_and_moves_channels_as_floats():
    ids = Input((2, 3), dtype="int32")
    moved = Flatten(data_format="channels_first")(ids)
    x = np.arange(12).reshape(2, 2, 3)
    assert np.array_equal(lamina.Model(ids, moved).predict(x)[0], [0, 3, 1, 4, 2, 5])
    assert Flatten()(ids).dtype == "int32"


def test_two_dropouts_of_one_model_have_streams_of_their_own():
    shared = Dropout(0.5, name="shared")
    first = lamina.Sequential([Input((1000,)), shared], seed=3)
    first.build()  # the layer is the first of that model, and the second of the next
    second = lamina.Sequential([Input((1000,)), Dropout(0.5, name="own"), shared], seed=3)
    second.compile("sgd", lamina.losses.PythonLoss(keep, lambda y, p: np.zeros_like(p)))
    second.fit(np.ones((4, 1000)), np.zeros((4, 1000)), verbose=0, epochs=1)
    share = np.mean(KEPT[0] > 0)
    assert 0.2 < share < 0.3  # one mask twice would keep half


KEPT = []


def keep(y, p):
    KEPT.append(p.copy())
    return p.mean(-1)


class Says(Layer):
    """Announces one shape, and records another."""

    says: object = (None, 4)

    def compute_output_shape(self, input_shape):
        return self.says

    def record(self, graph, x):
        return x


@pytest.mark.parametrize("says", [(None, 4), (3,), [(None, 3)]])
def test_a_layer_that_records_another_shape_than_it_says_is_named(says):
    layer = Says(name="says")
    layer.says = says
    with pytest.raises(
        ValueError, match=r"says: compute_output_shape says .*record returned \(None, 3\)"
    ):
        layer(np.ones((2, 3)))


def test_what_is_no_tensor_is_refused():
    class Nothing(Layer):
        def record(self, graph, x):
            return None

    with pytest.raises(TypeError, match="nothing: record must return tensors; got None"):
        Nothing()(np.ones((2, 3)))


def test_weights_of_a_layer_that_is_not_built():
    layer = Dense(1)
    with pytest.raises(ValueError, match="dense: has no weights yet: build the model"):
        layer.set_weights([np.ones((3, 1)), np.zeros(1)])
    layer.set_weights([])


@pytest.mark.parametrize(
    ("layer", "shape", "expected"),
    [
        (Dense(2, activation=lambda z: z * z), (7, 5, 3), (7, 5, 2)),
        (Flatten(), (None, 2, 3), (None, 6)),
        (lamina.layers.Maximum(), [(4, 3), (None, 3)], (4, 3)),
        (Flatten(), (None, None, 3), (None, None)),
        (lamina.layers.Conv1D(2, 3), (None, None, 3), (None, None, 2)),
        (lamina.layers.Reshape((-1, 2)), (None, 4, 3), (None, 6, 2)),
        (lamina.layers.Dot(1), [(None, 3), (None, 3)], (None, 1)),
        (lamina.layers.ZeroPadding3D(1), (2, 3, 3, 3, 1), (2, 5, 5, 5, 1)),
        (lamina.layers.LSTM(2, return_state=True), (None, 4, 3), [(None, 2)] * 3),
        (lamina.layers.Add(), [(None, 4, 3), (None, 1, 3)], (None, 4, 3)),
    ],
)
def test_asking_for_a_shape_leaves_the_layer_as_it_is(layer, shape, expected):
    assert layer.compute_output_shape(shape) == expected
    assert not layer.built
    assert layer.parameters == []


@pytest.mark.parametrize("base", [Dense, lamina.layers.EinsumDense])
def test_a_class_may_say_more_of_the_shape_that_its_base_states(base):
    class Noted(base):
        def compute_output_shape(self, input_shape):
            output = super().compute_output_shape(input_shape)
            asked.append((input_shape, output))
            return output

    asked = []
    layer = Noted(2) if base is Dense else Noted("ab,bc->ac", 2)
    assert layer.compute_output_shape((None, 3)) == (None, 2)
    assert asked == [((None, 3), (None, 2))]
    model = lamina.Sequential([Input((3,)), layer])
    assert model.predict(np.ones((4, 3))).shape == (4, 2)


def test_a_shape_needs_the_axis_of_rows():
    with pytest.raises(ValueError, match=r"dense: a shape must have the axis of rows .* got \(\)"):
        Dense(2).compute_output_shape(())


def test_a_layer_s_own_call_may_use_that_of_its_base():
    class Twice(Dense):
        def call(self, x):
            return super().call(x) + super().call([[1.0, 2.0]])

    class Doubled(lamina.layers.Add):
        def call(self, x):
            return 2 * super().call(x)

    class Slopes(lamina.layers.PReLU):
        def call(self, x):
            return super().call(x)[..., :1]

    slopes = Slopes()
    assert slopes.compute_output_shape((None, 4, 3)) == (None, 4, 1)
    assert not slopes.built
    layer = Twice(3, kernel_initializer="ones")
    np.testing.assert_array_equal(layer(np.array([[1.5, 2.5]])), [[7.0] * 3])
    x = np.ones((1, 2))
    np.testing.assert_array_equal(Doubled()([x, x]), [[4.0] * 2])


@pytest.mark.parametrize(
    ("layer", "given"),
    [
        (Dense(2), [np.ones((2, 3))]),
        (lamina.layers.EinsumDense("ab,bc->ac", 2), [np.ones((2, 3))]),
        (lamina.layers.Add(), [[np.ones((2, 3)), np.ones((2, 3))]]),
        (lamina.layers.SimpleRNNCell(2), [np.ones((2, 3)), np.ones((2, 2))]),
    ],
)
def test_call_of_the_library_s_computes_on_arrays(layer, given):
    made, expected = layer.call(*given), layer(*given)
    np.testing.assert_equal(made, expected)
    assert layer.built


def test_super_call_of_arrays_says_what_to_call():
    class Twice(Dense):
        def call(self, x):
            return 2 * super().call(x)

    with pytest.raises(RuntimeError, match=r"twice: super\(\).call takes tensors; call the layer"):
        Twice(2).call(np.ones((2, 3)))


def test_numbers_are_calculated_in_the_type_that_they_are_kept_in():
    class Typed(Layer):
        def call(self, x):
            return lamina.ops.cast(x > 0, self.compute_dtype) * 2

    model = lamina.Sequential([Input((3,)), Typed(), Dense(1)], dtype="float64")
    assert model.predict(np.ones((1, 3))).dtype == np.float64
    for each in (model, *model.layers):
        assert each.compute_dtype == each.variable_dtype == each.dtype == "float64"
