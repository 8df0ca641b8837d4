"""The loss reported by a fit and ``evaluate``: one number for one data set."""

import numpy as np
import pytest

import lamina
from lamina import regularizers
from lamina.layers import Dense, Embedding, Input, Masking

ROWS, STEPS = 11, 5
RNG = np.random.default_rng(2)
X = RNG.normal(size=(ROWS, STEPS, 3))
X[0] = X[4] = 0.0  # two completely masked rows, and others in part
X[1, 1:] = X[5, 2:] = X[6, 4:] = X[7, 1:] = 0.0
MASK = (X != 0).any(-1)
Y = RNG.normal(size=(ROWS, STEPS, 1)) * 5
W = RNG.uniform(0.5, 2.0, ROWS)
POSITIONS = RNG.uniform(0.5, 2.0, (ROWS, STEPS))


def squared(y, p):
    return np.square(y - p)[..., 0]


def masked_model(l2=0.0):
    model = lamina.Sequential(
        [Input((STEPS, 3)), Masking(), Dense(1, kernel_regularizer=regularizers.L2(l2))],
        dtype="float64", seed=3,
    )  # fmt: skip
    model.compile(
        lamina.optimizers.SGD(0.0), "mse", metrics=["mse", squared],
        weighted_metrics=[lamina.metrics.MeanSquaredError("by_weight"),
                          lamina.metrics.MeanMetricWrapper(squared, "own_by_weight")],
    )  # fmt: skip
    return model


@pytest.mark.parametrize("weight", [None, W, POSITIONS], ids=["plain", "rows", "positions"])
def test_a_masked_loss_is_the_mean_over_the_kept_positions_of_all_rows(weight):
    model = masked_model(l2=0.25)
    kernel, bias = model.get_weights()
    errors = np.square(Y - (X @ kernel + bias))[..., 0]
    w = np.ones((ROWS, 1)) if weight is None else weight.reshape(ROWS, -1)
    full = w * MASK
    loss = (full * errors).sum() / MASK.sum() + 0.25 * np.square(kernel).sum()
    plain, by_weight = (MASK * errors).sum() / MASK.sum(), (full * errors).sum() / full.sum()
    expected = [loss, plain, plain, by_weight, by_weight]
    names = ["loss", "mse", "squared", "by_weight", "own_by_weight"]
    for batch in (1, 2, 3, 7, ROWS):
        got = model.evaluate(X, Y, batch_size=batch, sample_weight=weight)
        np.testing.assert_allclose(got, expected, rtol=1e-12)
        history = model.fit(
            X, Y, batch_size=batch, sample_weight=weight, verbose=0,
            validation_data=(X, Y, weight), validation_batch_size=batch,
        ).history  # fmt: skip
        for start in ("", "val_"):
            got = [history[start + name][0] for name in names]
            np.testing.assert_allclose(got, expected, rtol=1e-12)
    # One training step is still Keras's: the gradient of the batch's own mean.
    on_batch = model.train_on_batch(X[5:8], Y[5:8])
    part = slice(5, 8)
    alone = (MASK * errors)[part].sum() / MASK[part].sum() + 0.25 * np.square(kernel).sum()
    np.testing.assert_allclose(on_batch[0], alone, rtol=1e-12)


def test_batches_of_hidden_positions_alone_count_nothing():
    model = masked_model()
    whole = model.evaluate(X[[0, 1, 4]], Y[[0, 1, 4]], batch_size=3)
    np.testing.assert_allclose(model.evaluate(X[[0, 1, 4]], Y[[0, 1, 4]], batch_size=1), whole)
    np.testing.assert_allclose(whole, model.evaluate(X[1:2], Y[1:2]), rtol=1e-12)
    assert model.evaluate(X[:1], Y[:1]) == [0.0] * 5
    before = model.get_weights()
    model.optimizer.learning_rate = 1.0
    model.fit(X[:1], Y[:1], verbose=0)
    np.testing.assert_array_equal(model.get_weights()[0], before[0])


def test_outputs_with_masks_of_their_own_each_count_their_positions():
    ids = RNG.integers(1, 6, (ROWS, STEPS))
    ids[0], ids[3, 1:], ids[8, 2:] = 0, 0, 0
    a, b = Input((STEPS,), name="a", dtype="int32"), Input((STEPS, 3), name="b")
    outputs = [
        Dense(1, name="tokens")(Embedding(6, 2, mask_zero=True)(a)),
        Dense(1, name="steps")(Masking()(b)),
        Dense(2, name="plain")(b),
    ]
    model = lamina.Model([a, b], outputs, dtype="float64", seed=1)
    model.compile("sgd", "mse", loss_weights=[1.0, 0.5, 2.0])
    goals = [Y, -Y, RNG.normal(size=(ROWS, STEPS, 2))]
    weights = [W, POSITIONS, None]
    losses = []
    predicted = model.predict([ids, X])
    for y, p, w, mask in zip(goals, predicted, weights, [ids != 0, MASK, None], strict=True):
        kept = np.ones((ROWS, STEPS)) if mask is None else mask
        by = kept * (1.0 if w is None else w.reshape(ROWS, -1))
        losses.append((by * np.square(y - p).mean(-1)).sum() / kept.sum())
    expected = [losses[0] + 0.5 * losses[1] + 2.0 * losses[2], *losses]
    for batch in (1, 4, ROWS):
        got = model.evaluate([ids, X], goals, batch_size=batch, sample_weight=weights)
        np.testing.assert_allclose(got, expected, rtol=1e-12)


def test_weights_of_classes_count_alike_in_batches_of_any_size():
    labels = RNG.integers(0, 3, ROWS)
    model = lamina.Sequential([Input((3,)), Dense(3, "softmax")], dtype="float64", seed=1)
    model.compile(lamina.optimizers.SGD(0.0), "sparse_categorical_crossentropy")
    kernel, bias = model.get_weights()
    z = X[:, 1] @ kernel + bias
    each = np.log(np.exp(z).sum(-1)) - z[np.arange(ROWS), labels]
    by = np.array([1.0, 5.0, 0.5])
    for batch in (1, 4, ROWS):
        history = model.fit(
            X[:, 1], labels, batch_size=batch, verbose=0, class_weight=dict(enumerate(by))
        )
        np.testing.assert_allclose(history.history["loss"][0], (by[labels] * each).mean())


@pytest.mark.parametrize("batch_size", [3, 4, 10])
def test_a_summed_loss_is_the_sum_over_all_rows(batch_size):
    """It does not depend on the batches, unlike in Keras."""
    x, y = np.arange(20.0).reshape(10, 2) / 10, np.ones((10, 1))
    model = lamina.Sequential(
        [lamina.Input((2,)), lamina.layers.Dense(1, kernel_initializer="ones")]
    )
    summed = lamina.losses.MeanSquaredError(reduction="sum")
    model.compile(lamina.optimizers.SGD(0.0), summed)
    wanted = np.square(x.sum(axis=1) - 1).sum()
    assert model.evaluate(x, y, batch_size, verbose=0) == pytest.approx(wanted, rel=1e-6)
    history = model.fit(x, y, batch_size=batch_size, verbose=0).history
    assert history["loss"] == [pytest.approx(wanted, rel=1e-6)]
