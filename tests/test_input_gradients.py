"""``Model.input_gradients``: against central differences of ``predict``."""

import numpy as np
import pytest

import lamina
from lamina import layers, ops

RNG = np.random.default_rng(5)


def differences(model, x, value, step=1e-6):
    """Return central differences of ``value(predict(x))``, a number per row, with respect to x."""
    flat = x.reshape(len(x), -1)
    made = np.empty_like(flat)
    for j in range(flat.shape[1]):
        moved = [flat.copy(), flat.copy()]
        for sign, array in zip((1, -1), moved, strict=True):
            array[:, j] += sign * step
        high, low = (value(model.predict(a.reshape(x.shape))) for a in moved)
        made[:, j] = (high - low) / (2 * step)
    return made.reshape(x.shape)


def noisy_network():
    """Return a network whose layers act differently in training, with updated statistics."""
    model = lamina.Sequential(
        [lamina.Input((4,)), layers.Dense(5, "tanh"), layers.BatchNormalization(),
         layers.Dropout(0.5), layers.Dense(3, "softmax")],
        dtype="float64",
    )  # fmt: skip
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.fit(RNG.normal(2, 3, size=(64, 4)), np.arange(64) % 3, epochs=3, verbose=0)
    return model


def test_of_one_value_of_each_row_and_of_weighted_sums():
    model, x = noisy_network(), RNG.normal(size=(7, 4))
    before = model.get_weights()
    expected = [differences(model, x, lambda p, k=k: p[:, k]) for k in range(3)]
    np.testing.assert_allclose(model.input_gradients(x, 1), expected[1], atol=1e-9)
    units = np.arange(7) % 3
    each = np.stack([expected[k][i] for i, k in enumerate(units)])
    np.testing.assert_allclose(model.input_gradients(x, units, batch_size=3), each, atol=1e-9)
    weights = RNG.normal(size=(7, 3))
    total = sum(w[:, None] * e for w, e in zip(weights.T, expected, strict=True))
    np.testing.assert_allclose(model.input_gradients(x, output_gradients=weights), total, atol=1e-9)
    for mine, then in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(mine, then)


@pytest.mark.parametrize(
    ("row", "body"),
    [
        ((6, 5, 2), [layers.Conv2D(3, 3, activation="tanh"), layers.MaxPooling2D(2),
                     layers.Flatten()]),
        ((5, 2), [layers.LSTM(3)]),
        ((None, 2), [layers.GRU(3)]),
    ],
)  # fmt: skip
def test_of_images_and_series(row, body):
    model = lamina.Sequential([lamina.Input(row), *body, layers.Dense(2)], dtype="float64")
    x = RNG.normal(size=(3, *[n or 4 for n in row]))
    expected = differences(model, x, lambda p: p[:, 1])
    np.testing.assert_allclose(model.input_gradients(x, 1), expected, atol=1e-8)


def test_several_inputs_and_outputs_and_inputs_without_gradients():
    a, b = lamina.Input((2,), name="a"), lamina.Input((3,), name="b")
    ids = lamina.Input((1,), dtype="int32", name="ids")
    found = layers.Flatten()(layers.Embedding(4, 2)(ids))
    first = layers.Dense(1, name="first")(layers.Concatenate()([a, found]))
    second = layers.Dense(2, "tanh", name="second")(layers.Concatenate()([a, b]))
    model = lamina.Model([a, b, ids], [first, second], dtype="float64")
    x = [RNG.normal(size=(5, 2)), RNG.normal(size=(5, 3)), RNG.integers(0, 4, size=(5, 1))]
    by_a, by_b, by_ids = model.input_gradients(x, ("second", 1))
    assert by_ids is None
    for place, found in ((0, by_a), (1, by_b)):
        for j in range(x[place].shape[1]):
            moved = [list(x), list(x)]
            for sign, arrays in zip((1, -1), moved, strict=True):
                arrays[place] = x[place].copy()
                arrays[place][:, j] += sign * 1e-6
            high, low = (model.predict(arrays)[1][:, 1] for arrays in moved)
            np.testing.assert_allclose(found[:, j], (high - low) / 2e-6, atol=1e-8)
    np.testing.assert_array_equal(model.input_gradients(x, ("first", 0))[1], np.zeros((5, 3)))


def test_rows_that_depend_on_each_other():
    x = lamina.Input((2,))
    model = lamina.Model(x, x - ops.mean(x, axis=0), dtype="float64")
    rows = RNG.normal(size=(4, 2))
    found = model.input_gradients(rows, output_gradients=np.ones((4, 2)) * [1.0, 0.0])
    np.testing.assert_allclose(found, 0.0, atol=1e-15)  # the sum of deviations is constant
    alone = model.input_gradients(rows, 0, batch_size=1)
    np.testing.assert_allclose(alone, 0.0, atol=1e-15)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "the output has 3 values per row; output must be an index from 0 to 2; got None"),
        ({"output": 3}, "output must be from 0 to 2; got 3"),
        ({"output": [0, 1]}, r"one for each of 4 rows; got \[0, 1\]"),
        ({"output": 1.5}, "output must be an integer"),
        ({"output": ("other", 0)}, "output must be of 'dense_1'; got 'other'"),
        ({"output": 0, "output_gradients": np.ones((4, 3))}, "takes output or output_gradients"),
        ({"output_gradients": np.ones((4, 2))}, r"the shape of the output, \(4, 3\); got \(4, 2\)"),
    ],
)
def test_what_is_refused(arguments, message):
    model = lamina.Sequential([lamina.Input((2,)), layers.Dense(2), layers.Dense(3)])
    with pytest.raises((ValueError, TypeError), match=f"input_gradients: .*{message}"):
        model.input_gradients(np.ones((4, 2)), **arguments)


def test_integers_have_no_gradient():
    model = lamina.Sequential([lamina.Input((3,), dtype="int32"), layers.Embedding(5, 2),
                               layers.Flatten(), layers.Dense(1)])  # fmt: skip
    with pytest.raises(ValueError, match="no gradient flows to integers"):
        model.input_gradients(np.zeros((2, 3), int))
