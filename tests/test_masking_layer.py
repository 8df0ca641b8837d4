"""Masking, and the users of a mask: the mean over steps, normalisation, recurrence, the loss."""

import numpy as np
import pytest

import lamina
from lamina import _core, ops
from lamina.layers import (
    LSTM,
    BatchNormalization,
    Dense,
    Embedding,
    GlobalAveragePooling1D,
    Input,
    Masking,
    Normalization,
    Softmax,
)
from layer_harness import check_layer
from masked_layers import Masked, check_masked

RNG = np.random.default_rng(11)
X = RNG.normal(size=(6, 5, 3))
KEEP = np.arange(5) < RNG.integers(1, 6, (6, 1))
KEEP[4] = False  # a whole row
KEEP[5] = [False, True, False, True, False]


def padded(value, dtype="float64"):
    return np.where(KEEP[..., None], X, value).astype(dtype)


def test_masking_is_a_layer_like_any_other():
    check_layer(
        lambda **base: Masking(0.0, **base),
        (5, 3),
        lambda x: x,
        dtype="float64",
        refused=[(np.zeros(4), ValueError, "masking: input has shape (rows,); needs an axis")],
    )
    check_layer(Masking, (7,), lambda x: x)


@pytest.mark.parametrize("value", [0.0, -1.0, 0.1])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_steps_of_the_mask_value_become_zeros_and_are_hidden(value, dtype):
    x = padded(value, dtype)
    x[0, 0, 0] = value  # a single feature does not mask a step
    y, mask, _, (dx,) = Masked(Masking(value, dtype=dtype), [x], [None]).results()
    np.testing.assert_array_equal(mask, KEEP)
    np.testing.assert_array_equal(y, np.where(KEEP[..., None], x, 0))
    assert not dx[~KEEP].any()
    assert dx[KEEP].all()
    np.testing.assert_array_equal(Masking(value, dtype=dtype)(x), y)


def test_masking_of_more_and_of_fewer_axes():
    x = np.zeros((2, 3, 4, 2))
    x[0, 1, 2, 1] = np.nan  # is not 0
    _, mask, _, _ = Masked(Masking(dtype="float64"), [x], [None]).results()
    assert mask.shape == (2, 3, 4)
    assert mask.sum() == 1
    flat = np.array([[0.0, 0.0], [0.0, 1.0]])
    _, mask, _, _ = Masked(Masking(dtype="float64"), [flat], [None]).results()
    np.testing.assert_array_equal(mask, [False, True])


@pytest.mark.parametrize(
    ("bad", "error", "text"),
    [
        ("0", TypeError, "Masking: mask_value must be a number; got '0'"),
        (np.nan, ValueError, "Masking: mask_value must be in the finite numbers; got nan"),
    ],
)
def test_mask_value_is_checked(bad, error, text):
    with pytest.raises(error, match=text):
        Masking(bad)


@pytest.mark.parametrize("keepdims", [False, True])
def test_the_mean_is_over_the_steps_that_are_kept(keepdims):
    layer = GlobalAveragePooling1D(keepdims=keepdims, dtype="float64")
    y, mask, _, _ = Masked(layer, [X], [KEEP]).results()
    count = np.maximum(KEEP.sum(1), 1)[:, None]
    want = (X * KEEP[..., None]).sum(1) / count  # for a completely masked row: 0
    want = want[:, None] if keepdims else want
    np.testing.assert_allclose(y, want, 1e-14, 1e-14)
    assert mask is None
    np.testing.assert_array_equal(layer(X, mask=KEEP), y)
    loud = np.where(KEEP[..., None], X, np.nan)  # masked values are not read
    np.testing.assert_array_equal(layer(loud, mask=KEEP), y)
    check_masked(lambda **base: GlobalAveragePooling1D(keepdims=keepdims, **base), [X], [KEEP])


def test_the_mean_refuses_a_mask_that_is_not_one_truth_value_a_step():
    layer = GlobalAveragePooling1D()
    rule = r"mask has shape \(rows, 5, 3\); .* needs \(rows, 5\), one truth value per step"
    with pytest.raises(ValueError, match=rule):
        layer(X, mask=np.ones_like(X, bool))
    with pytest.raises(ValueError, match="mask must have the leading axes of x"):
        layer(X, mask=KEEP[:, :4])


def test_batch_normalization_counts_what_is_kept():
    layer = BatchNormalization(momentum=0.75, dtype="float64")
    layer(X)
    layer.set_weights([RNG.uniform(0.5, 1.5, 3) for _ in range(4)])
    gamma, beta, mean, variance = layer.get_weights()
    run = Masked(layer, [X], [KEEP])
    run.check_gradients()
    layer.set_weights([gamma, beta, mean, variance])
    y, mask, _, _ = run.results()
    m, v = X[KEEP].mean(0), X[KEEP].var(0)
    np.testing.assert_allclose(y, (X - m) / np.sqrt(v + 1e-3) * gamma + beta, 1e-12, 1e-12)
    np.testing.assert_array_equal(mask, KEEP)
    check_masked(BatchNormalization, [X], [KEEP])


def test_moving_statistics_follow_what_is_kept():
    x = np.where(KEEP[..., None], X, 0.0).astype("float32")
    model = lamina.Sequential([Input((5, 3)), Masking(), BatchNormalization(momentum=0.75)])
    model.compile("sgd", "mse")
    before = [np.array(w) for w in model.get_weights()[2:]]
    model.fit(np.zeros_like(x), x, epochs=1, verbose=0)  # all is masked, nothing is learnt
    for got, want in zip(model.get_weights()[2:], before, strict=True):
        np.testing.assert_array_equal(got, want)
    model.fit(x, x, epochs=1, batch_size=6, verbose=0)
    mean, variance = model.get_weights()[2:]
    np.testing.assert_allclose(mean, 0.25 * x[KEEP].mean(0), 1e-5)
    np.testing.assert_allclose(variance, 0.75 + 0.25 * x[KEEP].var(0), 1e-5)


def test_batch_normalization_of_images_of_steps_spreads_the_mask():
    x = RNG.normal(size=(6, 5, 2, 3))
    y, _, _, _ = Masked(BatchNormalization(dtype="float64"), [x], [KEEP]).results()
    m, v = x[KEEP].mean((0, 1)), x[KEEP].var((0, 1))
    np.testing.assert_allclose(y, (x - m) / np.sqrt(v + 1e-3), 1e-11, 1e-11)
    y, _, _, _ = Masked(BatchNormalization(axis=2, dtype="float64"), [x], [KEEP]).results()
    m, v = x[KEEP].mean((0, 2)), x[KEEP].var((0, 2))
    want = (x - m[:, None]) / np.sqrt(v + 1e-3)[:, None]
    np.testing.assert_allclose(y, want, 1e-11, 1e-11)


def test_batch_normalization_refuses_a_mask_over_its_channels():
    rule = (
        r"batch_normalization\w*: a mask must not extend over axis 1, the channels; "
        r"got \(rows, 5\) for input \(rows, 5, 3\)"
    )
    with pytest.raises(ValueError, match=rule):
        BatchNormalization(axis=1)(X, mask=KEEP)
    with pytest.raises(ValueError, match=rule):
        lamina.Sequential([Input((5, 3)), Masking(), BatchNormalization(axis=1)])
    frozen = BatchNormalization(axis=1, trainable=False)  # does not update its statistics
    np.testing.assert_array_equal(frozen(X, mask=KEEP), frozen(X))


def test_normalization_passes_the_mask_on():
    layer = Normalization(mean=[1.0, 2.0, 3.0], variance=[1.0, 4.0, 9.0], dtype="float64")
    y, mask, _, _ = Masked(layer, [X], [KEEP]).results()
    np.testing.assert_allclose(y, (X - [1, 2, 3]) / [1, 2, 3])
    np.testing.assert_array_equal(mask, KEEP)


def masked_lstm(sequences):
    layers = [Input((5, 3)), Masking(-1.0), LSTM(4, return_sequences=sequences), Dense(1)]
    return lamina.Sequential(layers, dtype="float64", seed=3)


@pytest.mark.parametrize("sequences", [False, True])
def test_a_row_that_is_hidden_altogether_keeps_its_initial_state(sequences):
    model = masked_lstm(sequences)
    x = padded(-1.0)
    model.predict(x)  # builds
    lstm = model.layers[-2]
    state = lstm(np.where(KEEP[..., None], x, 0.0), mask=KEEP)
    assert not state[4].any()
    given = RNG.normal(size=(6, 4))
    moved = lstm(np.where(KEEP[..., None], x, 0.0), mask=KEEP, initial_state=[given, given])
    np.testing.assert_array_equal(moved[4] if not sequences else moved[4, -1], given[4])
    bias = model.get_weights()[-1]
    bias[:] = 0.5
    model.set_weights([*model.get_weights()[:-1], bias])
    np.testing.assert_array_equal(model.predict(x)[4], np.full_like(model.predict(x)[4], 0.5))


def test_a_row_that_is_hidden_altogether_has_no_part_in_a_loss_for_each_step():
    model = masked_lstm(True)
    model.compile("sgd", "mse", weighted_metrics=["mae"])
    x, y = padded(-1.0), RNG.normal(size=(6, 5, 1))
    other = y.copy()
    other[~KEEP] = 1e6
    error = (model.predict(x) - y)[KEEP]
    want = [np.square(error).mean(), np.abs(error).mean()]
    np.testing.assert_allclose(model.evaluate(x, y, batch_size=6), want, 1e-12)
    assert model.evaluate(x, other, batch_size=6) == model.evaluate(x, y, batch_size=6)
    before = model.get_weights()
    hidden = np.full_like(x, -1.0)
    assert model.evaluate(hidden, y) == [0.0, 0.0]  # not one position counts
    model.fit(hidden, y, epochs=2, verbose=0)
    for got, wanted in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(got, wanted)


def test_a_model_with_masks_is_copied_by_its_config():
    model = lamina.Sequential(
        [Input((5, 3)), Masking(-1.0), LSTM(4, return_sequences=True), GlobalAveragePooling1D()],
        seed=2,
    )
    twin = lamina.Sequential.from_config(model.get_config())
    assert twin.get_config() == model.get_config()
    twin.set_weights(model.get_weights())
    x = padded(-1.0, "float32")
    np.testing.assert_array_equal(twin.predict(x), model.predict(x))
    assert not model.predict(x)[4].any()


def mask_of(record, *arrays):
    """Return the mask that ``record(graph, *tensors)`` records, for floats, ids and masks."""
    kinds = {"f": "float", "i": "int32", "b": "bool"}
    graph = _core.Graph("float64")
    named = [graph.input(a.shape[1:], f"x{i}", kinds[a.dtype.kind]) for i, a in enumerate(arrays)]
    graph.add_output(graph.masked_weight(record(graph, *named), None))
    graph.build()
    return _core.Predictor(graph).predict(list(arrays), len(arrays[0]))[0]


def test_token_mask_on_a_graph():
    ids = RNG.integers(0, 3, (7, 4)).astype(np.int32)
    got = mask_of(lambda graph, x: graph.token_mask(x), ids)
    np.testing.assert_array_equal(got, ids != 0)


def test_value_mask_on_a_graph():
    x = RNG.integers(0, 2, (9, 4, 2)).astype(float)
    got = mask_of(lambda graph, x: graph.value_mask(x, 1.0), x)
    np.testing.assert_array_equal(got, (x != 1).any(-1))


def test_join_masks_on_a_graph():
    a, b = KEEP, ~KEEP[:, :1]
    got = mask_of(lambda g, p, q: g.join_masks([p, q], [(5,), (5,)]), a, b)
    np.testing.assert_array_equal(got, a | b)
    got = mask_of(lambda g, p, q: g.join_masks([p, None, q], [(5,), (2,), (3,)], 0), a, b)
    want = np.concatenate([a, np.ones((6, 2), bool), np.repeat(b, 3, 1)], 1)
    np.testing.assert_array_equal(got, want)
    wide = RNG.integers(0, 2, (6, 5, 2)).astype(bool)
    shapes = [(5, 2), (5, 3)]
    got = mask_of(lambda g, p, q: g.join_masks([p, g.reshape(q, (5, 1))], shapes, 1), wide, KEEP)
    np.testing.assert_array_equal(got, np.concatenate([wide, np.repeat(a[..., None], 3, 2)], 2))


def test_operations_of_masks_refuse_what_does_not_fit():
    graph = _core.Graph("float32")
    x, mask = graph.input((3, 2), "x"), graph.input((3,), "mask", "bool")
    refused = [
        (lambda: graph.value_mask(mask), "value_mask: needs a floating-point tensor; got bool"),
        (lambda: graph.value_mask(graph.input((), "n")), r"value_mask: x has shape \(\), needs"),
        (lambda: graph.where(graph.input((2,), "m", "bool"), x), r"where: needs a mask \(bool\)"),
        (lambda: graph.where(mask, x, graph.input((3,), "o")), "x and other must have one shape"),
        (lambda: graph.masked_mean(graph.input((3,), "v"), mask), r"needs \(positions, columns\)"),
        (lambda: graph.masked_mean(x, x), r"masked_mean: needs a mask \(bool\) of shape \(3,\)"),
        (lambda: graph.join_masks([None], [(3,)]), "join_masks: needs a mask, and a shape for"),
        (lambda: graph.join_masks([mask], [(4,)]), r"shape \(3,\) cannot be repeated to \(4,\)"),
        (lambda: graph.join_masks([mask, mask], [(3,), (4,)]), "join_masks: shapes must agree"),
        (lambda: graph.join_masks([mask], [(3,)], 1), "join_masks: axis must be one of shape"),
    ]
    for call, text in refused:
        with pytest.raises(ValueError, match=text):
            call()


def test_softmax_over_steps_leaves_out_the_hidden_ones():
    y = Softmax(axis=1)(X, mask=KEEP)
    want = np.where(KEEP[..., None], np.exp(X), 0.0)
    want /= np.maximum(want.sum(1, keepdims=True), 1e-300)
    np.testing.assert_allclose(y, want, atol=1e-6)
    np.testing.assert_array_equal(Softmax()(X, mask=KEEP), Softmax()(X))  # of each step alone
    check_masked(lambda **base: Softmax(axis=1, **base), [X], [KEEP])


def test_the_mask_of_arrays_of_several_rows():
    x = np.zeros((3, 4, 2), "float32")
    x[0, 1], x[2, 3, 1] = 1.0, 2.0
    np.testing.assert_array_equal(Masking().compute_mask(x), x.any(axis=-1))

    class Asks(lamina.layers.Layer):
        def __init__(self):
            super().__init__()
            self.masking = Masking()

        def call(self, x):
            return ops.cast(self.masking.compute_mask(x), "float32")

    np.testing.assert_array_equal(Asks()(x), x.any(axis=-1))


@pytest.mark.parametrize(
    "operation",
    [ops.tanh, lambda x: x + 1.0, lambda x: ops.add(x, x), lambda x: ops.moveaxis(x, 1, 2),
     lambda x: x[:, 1:], lambda x: x[:, 0], lambda x: ops.mean(x, axis=1)],
)  # fmt: skip
def test_an_operation_ends_the_mask_as_in_keras(operation):
    ids, x = Input((3,), dtype="int32"), np.array([[1, 2, 0], [2, 0, 0]])
    models = []
    for mask_zero in (True, False):
        y = operation(Embedding(3, 3, mask_zero=mask_zero)(ids))
        y = LSTM(2, return_sequences=True)(y) if len(y.shape) == 3 else y
        models.append(lamina.Model(ids, y))
    masked, plain = models
    plain.set_weights(masked.get_weights())
    predicted = masked.predict(x)
    np.testing.assert_array_equal(predicted, plain.predict(x))
    masked.compile("sgd", "mse")
    loss = masked.evaluate(x, np.zeros_like(predicted), verbose=0)
    assert loss == pytest.approx(np.mean(predicted**2), rel=1e-5)
