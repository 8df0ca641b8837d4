"""Layers of several inputs: values, shapes, gradients through a graph model, refusals."""

import numpy as np
import pytest

import golden
import lamina
from lamina.layers import (
    Add,
    Average,
    Concatenate,
    Dense,
    Input,
    Maximum,
    Minimum,
    Multiply,
    Subtract,
)

RNG = np.random.default_rng(3)
A, B, C = (RNG.normal(size=(4, 3, 2)).astype(np.float32) for _ in range(3))

JOINED = [
    (Add, lambda *x: sum(x[1:], x[0])),
    (Multiply, lambda *x: np.prod(x, axis=0)),
    (Average, lambda *x: np.mean(x, axis=0)),
    (Maximum, lambda *x: np.max(x, axis=0)),
]


@pytest.mark.parametrize(("layer", "oracle"), JOINED)
def test_values(layer, oracle):
    np.testing.assert_allclose(layer()([A, B]), oracle(A, B), 1e-6, 1e-6)
    np.testing.assert_allclose(layer()([A, B, C]), oracle(A, B, C), 1e-6, 1e-6)


def test_subtract():
    np.testing.assert_array_equal(Subtract()([A, B]), A - B)
    with pytest.raises(ValueError, match="subtract_1: needs 2 inputs; got 3"):
        Subtract()([A, B, C])


@pytest.mark.parametrize("axis", [1, 2, -1, -2])
def test_concatenate(axis):
    np.testing.assert_array_equal(Concatenate(axis)([A, B]), np.concatenate([A, B], axis))


@pytest.mark.parametrize(("layer", "oracle"), JOINED)
def test_sizes_of_one_and_missing_axes_are_broadcast(layer, oracle):
    arrays = [A[:, :1], B, C[:, 0]]
    wanted = oracle(*np.broadcast_arrays(A[:, :1], B, C[:, :1]))
    np.testing.assert_allclose(layer()(arrays), wanted, 1e-6, 1e-6)


def test_differences_are_broadcast():
    np.testing.assert_array_equal(Subtract()([A, B[:, 0]]), A - B[:, :1])


@pytest.mark.parametrize("layer", [Add, Average, Maximum, Minimum, Multiply, Subtract])
def test_gradients_of_broadcast_inputs(layer):
    x = [RNG.normal(size=shape) for shape in ((5, 3, 2), (5, 3, 1), (5, 2))]
    x = x[:2] if layer is Subtract else x
    inputs = [Input(each.shape[1:]) for each in x]
    model = lamina.Model(inputs, layer()(inputs), dtype="float64")
    weights = RNG.normal(size=(5, 3, 2))
    found = model.input_gradients(x, output_gradients=weights)
    for k, gradient in enumerate(found):
        direction = RNG.normal(size=x[k].shape)
        above, below = (
            np.sum(weights * model.predict([*x[:k], x[k] + h * direction, *x[k + 1 :]]))
            for h in (1e-6, -1e-6)
        )
        assert np.sum(gradient * direction) == pytest.approx((above - below) / 2e-6, rel=1e-6)
    model.compile("sgd", "mse")
    rows = lamina.profile(model, x, weights, batch_size=5, repeats=1).rows
    assert not any("repeat" in row.operation for row in rows)  # nothing is copied


def test_refusals_name_layer_and_shapes():
    with pytest.raises(
        ValueError, match=r"add: inputs must have the same shape; got \(rows, 3, 2\), "
    ):
        Add()([A, np.zeros((4, 5, 2))])
    with pytest.raises(
        ValueError, match=r"concatenate: inputs must agree in all axes except axis -1"
    ):
        Concatenate()([A, np.zeros((4, 5, 2))])
    with pytest.raises(ValueError, match="concatenate_1: axis must be one of"):
        Concatenate(0)([A, B])
    with pytest.raises(ValueError, match="subtract: needs 2 inputs; got 1"):
        Subtract()([A])


@pytest.mark.parametrize("layer", [Add, Multiply, Average, Maximum, Minimum, Concatenate])
def test_one_input_in_a_list_is_returned_with_its_mask(layer):
    np.testing.assert_array_equal(layer()([A]), A)
    x = lamina.Input((4, 2))
    model = lamina.Model(x, layer()([lamina.layers.Masking()(x)]))
    assert model.outputs[0].mask_shape == (4,)
    data = np.ones((3, 4, 2), "float32")
    again = lamina.Model.from_config(model.get_config())
    np.testing.assert_array_equal(again.predict(data), data)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Add()(A),
        lambda: Add()(lamina.Input((3,))),
        lambda: lamina.Sequential([lamina.Input((3,)), Add()]),
        lambda: lamina.layers.TimeDistributed(Add())(A),
    ],
)
def test_an_input_that_is_in_no_list_is_refused(make):
    with pytest.raises(ValueError, match="add: needs a list of inputs; got one input"):
        make()


def test_a_skip_connection_equals_keras():
    def build(kit, layers):
        x, other = kit.Input((3,), name="x"), kit.Input((3,), name="other")
        hidden = layers.Dense(3, activation="tanh")(x)
        joined = layers.Concatenate()(
            [
                layers.Add()([hidden, x]),
                layers.Multiply()([hidden, other]),
                layers.Average()([x, other]),
                layers.Maximum()([hidden, other]),
                layers.Subtract()([x, other]),
            ]
        )
        model = kit.Model([x, other], layers.Dense(1)(joined))
        model.compile(kit.optimizers.SGD(0.05), "mse")
        return model

    model, rng = build(lamina, lamina.layers), np.random.default_rng(5)
    weights = [rng.normal(size=w.shape).astype(np.float32) for w in model.get_weights()]
    x, other = (rng.normal(size=(16, 3)).astype(np.float32) for _ in range(2))
    y = rng.normal(size=(16, 1)).astype(np.float32)

    def trained(model):
        model.set_weights(weights)
        for _ in range(3):
            model.train_on_batch([x, other], y)
        return model.get_weights()

    keras = golden.Peer("keras")
    wanted = golden.ask(lambda: trained(build(keras, keras.layers)), weights, x, other, y)
    for ours, theirs in zip(trained(model), wanted, strict=True):
        np.testing.assert_allclose(ours, theirs, 1e-5, 1e-6)


def test_operators_of_symbolic_tensors():
    x = Input((2,))
    y = Dense(2, kernel_initializer="ones")(x)
    model = lamina.Model(x, (x + y) * (x - y))
    v = np.array([[1.0, 2.0]], np.float32)
    np.testing.assert_allclose(model.predict(v), (v + 3) * (v - 3))
