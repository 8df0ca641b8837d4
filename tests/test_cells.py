"""RNN over cells, against Keras and the layers with built-in cells."""

import numpy as np
import pytest

import lamina
from called_layers import assert_gradients, assert_same_as_keras, assert_same_settings
from lamina import layers, ops

X = (5, 4)
MASK = np.array([[1, 1, 0, 1, 0], [0, 1, 1, 1, 1], [0, 0, 0, 0, 0]], bool)
H = np.random.default_rng(3).normal(size=(3, 3)).astype("float32")


def cell(name, *args, **options):
    return lambda kit: getattr(kit, name)(*args, **options)


def stack(kit):
    last = kit.SimpleRNNCell(4, activation="relu", use_bias=False)
    return [kit.LSTMCell(3), kit.GRUCell(2), last]


ALL = {"return_sequences": True, "return_state": True}
CASES = [
    ("RNN", {"cell": cell("SimpleRNNCell", 3), **ALL}, [X], {"mask": MASK}),
    ("RNN", {"cell": cell("LSTMCell", 3), "go_backwards": True, **ALL}, [X], {"mask": MASK}),
    ("RNN", {"cell": cell("GRUCell", 3), "zero_output_for_mask": True, **ALL}, [X],
     {"mask": MASK}),
    ("RNN", {"cell": cell("GRUCell", 3, reset_after=False), "unroll": True, "stateful": False}, [X],
     {}),
    ("RNN", {"cell": cell("LSTMCell", 3, activation="relu", recurrent_activation="hard_sigmoid",
                          use_bias=False)}, [X], {"initial_state": [H, 2 * H]}),
    ("RNN", {"cell": stack, "return_sequences": True}, [X], {"mask": MASK}),
]  # fmt: skip

IMAGES = (4, 5, 4, 2)
CONVOLUTIONS = [
    (
        "ConvLSTM1D",
        {
            "filters": 2,
            "kernel_size": 2,
            "activation": "softsign",
            "recurrent_activation": "hard_sigmoid",
            **ALL,
        },
        [(4, 6, 3)],
        {},
    ),
    (
        "ConvLSTM2D",
        {
            "filters": 2,
            "kernel_size": 3,
            "padding": "same",
            "strides": (2, 1),
            "go_backwards": True,
            "stateful": False,
            "dropout": 0.0,
            "recurrent_dropout": 0.0,
        },
        [IMAGES],
        {},
    ),
    (
        "ConvLSTM2D",
        {
            "filters": 2,
            "kernel_size": 2,
            "dilation_rate": 2,
            "use_bias": False,
            "return_sequences": True,
        },
        [IMAGES],
        {},
    ),
    ("ConvLSTM3D", {"filters": 2, "kernel_size": 2, "padding": "same"}, [(2, 3, 3, 2, 2)], {}),
]
CASES += CONVOLUTIONS


@pytest.mark.parametrize("case", CASES)
def test_same_as_keras(case):
    assert_same_as_keras(*case)


def settings(name, **more):
    def make(kit):
        made = {}
        for i, weight in enumerate(("kernel", "recurrent", "bias")):
            made[f"{weight}_initializer"] = kit.initializers.Constant(0.1 + 0.1 * i)
            made[f"{weight}_regularizer"] = kit.regularizers.L2(0.1 + 0.1 * i)
        return getattr(kit.layers, name)(3, **made, **more)

    return make


@pytest.mark.parametrize("made", [settings("SimpleRNNCell"), settings("GRUCell"),
                                  settings("LSTMCell"),
                                  settings("LSTMCell", unit_forget_bias=False)])  # fmt: skip
def test_settings_of_weights_and_steps_of_adam_same_as_keras(made):
    assert_same_settings("RNN", {"cell": made}, [X])


@pytest.mark.parametrize("forget", [True, False])
def test_settings_of_convolved_cells_same_as_keras(forget):
    made = {"unit_forget_bias": forget, "kernel_size": 2, "filters": 2}
    for i, weight in enumerate(("kernel", "recurrent", "bias")):
        value = 0.1 + 0.1 * i
        made[f"{weight}_initializer"] = lambda kit, v=value: kit.initializers.Constant(v)
        made[f"{weight}_regularizer"] = lambda kit, v=value: kit.regularizers.L2(v)
    assert_same_settings("ConvLSTM2D", made, [IMAGES])


@pytest.mark.parametrize("name", ["SimpleRNN", "LSTM", "GRU"])
def test_the_layers_are_the_loops_over_their_cells(name):
    x = np.random.default_rng(1).normal(size=(3, *X)).astype("float32")
    whole = getattr(layers, name)(3, return_sequences=True)
    loop = layers.RNN(getattr(layers, f"{name}Cell")(3), return_sequences=True)
    whole(x), loop(x)
    loop.set_weights(whole.get_weights())
    for options in ({}, {"mask": MASK}):
        np.testing.assert_allclose(loop(x, **options), whole(x, **options), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("case", [CASES[1], CASES[3], CASES[5]])
def test_gradients(case):
    assert_gradients(*case[:3], **case[3])


class Sums:
    """A cell that is not a layer."""

    state_size = (2, 2)

    def call(self, x, states):
        total, square = states
        total, square = total + x, square + ops.square(x)
        return total - square, [total, square]


def test_cells_of_users():
    x = np.random.default_rng(1).normal(size=(3, 4, 2)).astype("float32")

    class First(Sums):
        state_size = (2, 2)

        def get_initial_state(self, batch_size=None):
            return [ops.ones((batch_size, 2)), ops.zeros((batch_size, 2))]

    y, total, square = layers.RNN(First(), return_state=True)(x)
    np.testing.assert_allclose(total, 1 + x.sum(1), rtol=1e-5)
    np.testing.assert_allclose(square, (x * x).sum(1), rtol=1e-5)
    np.testing.assert_allclose(y, total - square, rtol=1e-5, atol=1e-6)


def test_states_carry_over():
    x = np.random.default_rng(1).normal(size=(3, 6, 4)).astype("float32")
    whole = layers.RNN(layers.LSTMCell(3))
    whole(x)
    model = lamina.Sequential([lamina.Input((3, 4)), layers.RNN(layers.LSTMCell(3), stateful=True)])
    model.set_weights(whole.get_weights())
    model.predict(x[:, :3])
    np.testing.assert_allclose(model.predict(x[:, 3:]), whole(x), rtol=1e-5, atol=1e-6)
    assert [s.shape for s in model.layers[-1].states] == [(3, 3), (3, 3)]
    model.reset_state()
    assert model.layers[-1].states is None or not model.layers[-1].states[0].any()


def test_one_draw_for_all_steps():
    x = np.ones((4, 5, 6), "float32")
    made = layers.SimpleRNNCell(6, "linear", False, "identity", "zeros", dropout=0.5)
    y = layers.RNN(made, return_sequences=True)(x, training=True)
    assert set(np.unique(y)) == {0.0, 2.0}
    assert (y == y[:, :1]).all()
    again = layers.RNN(layers.GRUCell(3, recurrent_dropout=0.5), return_sequences=True)
    assert np.abs(again(x, training=True) - again(x)).max() > 1e-3


def test_steps_of_an_inner_sequence():
    x = np.random.default_rng(1).normal(size=(2, 3, 5, 4)).astype("float32")
    inner = layers.RNN(layers.GRUCell(3))
    y = layers.TimeDistributed(inner)(x)
    np.testing.assert_allclose(y[:, 1], inner(x[:, 1]), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("merge", ["concat", "sum", None])
def test_both_directions(merge):
    x = np.random.default_rng(1).normal(size=(3, *X)).astype("float32")
    whole = layers.Bidirectional(layers.LSTM(3, return_sequences=True), merge)
    loop = layers.Bidirectional(layers.RNN(layers.LSTMCell(3), return_sequences=True), merge)
    whole(x), loop(x)
    loop.set_weights(whole.get_weights())
    for options in ({}, {"mask": MASK}, {"initial_state": [H, 2 * H, -H, H]}):
        for a, b in zip(loop(x, **options), whole(x, **options), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_both_directions_of_a_cell_of_one_s_own():
    class Recalls(layers.Layer):
        def __init__(self, units, **base):
            super().__init__(**base)
            self.units = self.state_size = units
            self.dense = layers.Dense(units)

        def call(self, x, states):
            y = ops.tanh(self.dense(x) + states[0])
            return y, [y]

    x = np.random.default_rng(1).normal(size=(3, 4, 2)).astype("float32")
    steps = layers.RNN([Recalls(3), layers.LSTMCell(2)], return_sequences=True)
    both = layers.Bidirectional(steps)
    y = np.asarray(both(x))
    both.backward_layer.set_weights(both.forward_layer.get_weights())
    y = np.asarray(both(x))
    np.testing.assert_allclose(y[..., :2], both.forward_layer(x), rtol=1e-6)
    np.testing.assert_allclose(np.asarray(both(x[:, ::-1]))[:, ::-1, 2:], y[..., :2], rtol=1e-5)


def test_both_directions_of_images():
    x = np.random.default_rng(1).normal(size=(3, *IMAGES)).astype("float32")
    layer = layers.Bidirectional(layers.ConvLSTM2D(2, 2, return_sequences=True))
    y = layer(x)
    assert y.shape == (3, 4, 4, 3, 4)
    np.testing.assert_allclose(y[..., :2], layer.forward_layer(x), rtol=1e-5, atol=1e-6)
    backwards = layer.backward_layer(x)[:, ::-1]
    np.testing.assert_allclose(y[..., 2:], backwards, rtol=1e-5, atol=1e-6)


def test_configurations():
    layer = layers.RNN([layers.LSTMCell(3, dropout=0.1), layers.GRUCell(2)], go_backwards=True)
    again = layers.deserialize(layers.serialize(layer))
    assert again.get_config() == layer.get_config()
    assert [type(c).__name__ for c in again.cell.cells] == ["LSTMCell", "GRUCell"]

    convolved = layers.ConvLSTM2D(2, 3, strides=2, go_backwards=True)
    assert layers.deserialize(layers.serialize(convolved)).get_config() == convolved.get_config()


def test_convolved_states_carry_over_and_drop_out():
    x = np.random.default_rng(1).normal(size=(3, 4, 5, 4, 2)).astype("float32")
    whole = layers.ConvLSTM2D(2, 2, dropout=0.5, recurrent_dropout=0.5)
    y = whole(x)
    assert np.abs(whole(x, training=True) - y).max() > 1e-3
    inner = layers.ConvLSTM2D(2, 2, stateful=True)
    model = lamina.Sequential([lamina.Input((2, 5, 4, 2)), inner])
    model.set_weights(whole.get_weights())
    model.predict(x[:, :2])
    np.testing.assert_allclose(model.predict(x[:, 2:]), y, rtol=1e-5, atol=1e-6)


A = np.zeros((2, 3, 4), "float32")


@pytest.mark.parametrize(("call", "rule", "value"), [
    (lambda: layers.RNN(3), "RNN: a cell must have call", "got 3"),
    (lambda: layers.RNN(layers.Dense(3)), "RNN: a cell must have call", "Dense"),
    (lambda: layers.ConvLSTM2D(0, 2), "ConvLSTM2D: filters", "0"),
    (lambda: layers.ConvLSTM2D(1, 2, strides=2, dilation_rate=2), "strides or dilation_rate",
     "(2, 2)"),
    (lambda: layers.ConvLSTM2D(1, 2)(A), "conv_lstm2d: input has shape", "(rows, 3, 4)"),
    (lambda: layers.ConvLSTM1D(1, 9)(A[None]), "the kernel spans (9,)", "conv_lstm1d"),
    (lambda: layers.StackedRNNCells([]), "StackedRNNCells: cells must be a list", "[]"),
    (lambda: layers.LSTMCell(0), "LSTMCell: units", "0"),
    (lambda: layers.RNN(layers.LSTMCell(3))(A[0]), "rnn: input has shape", "(rows, 4)"),
    (lambda: layers.RNN(layers.LSTMCell(3))(A, initial_state=[A[:, 0]]), "rnn: initial_state",
     "[(rows, 4)]"),
    (lambda: layers.RNN(layers.LSTMCell(3))((lamina.Input((5, 4)), lamina.Input((5, 2)))),
     "rnn: takes one sequence, followed by all 2 states of the cell", "got 1 more tensors"),
])  # fmt: skip
def test_bad_arguments(call, rule, value):
    with pytest.raises((ValueError, TypeError)) as caught:
        call()
    assert rule in str(caught.value)
    assert value in str(caught.value)


class Returning(layers.Layer):
    """A cell that returns given values."""

    state_size = 3

    def __init__(self, made):
        super().__init__(name="cell")
        self.made = made

    def call(self, x, states):
        return self.made(x)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda x: x, "cell: a cell must return two things, its output and its new states"),
        (lambda x: (x, [x], x), "cell: a cell must return two things"),
        (lambda x: (x, [x[:, :2]]), r"cell: the new states .*\[\(rows, 3\)\]; got \[\(rows, 2\)\]"),
        (lambda x: (x, [x, x]), "cell: the new states must have the shapes of the old"),
    ],
)
def test_cells_that_return_something_else_are_named(made, said):
    with pytest.raises((TypeError, ValueError), match=said):
        layers.RNN(Returning(made))(np.ones((2, 4, 3), np.float32))


def test_a_class_is_no_cell():
    with pytest.raises(TypeError, match="RNN: a cell must have call"):
        layers.RNN(Returning)
